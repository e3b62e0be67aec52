import CronModel
import CronSchedule
import Hummingbird

/// How much the calendar shows.
enum CalendarRange: String, CaseIterable, Hashable, Sendable {
    /// Seven days, in hours.
    case week = "7d"
    /// 24 hours, in quarters of an hour.
    case day = "24h"
}

/// What the address of the calendar says: it can be kept as a link.
struct CalendarFilter: Sendable {
    /// Of the stretch whose slots are listed.
    static let longest = Span.hours(1)
    static let pages = 1...100

    let range: CalendarRange
    let tag: String?
    let stretch: Stretch?

    /// Whose slots are to be listed.
    struct Stretch: Sendable {
        let from: Instant
        let length: Span
        /// From 1.
        let page: Int

        var to: Instant { from + length }
    }

    init(_ request: WebRequest) throws {
        var reader = request.chosen
        range = reader.choice("range", CalendarRange.self) ?? .week
        tag = reader.string("tag")
        guard let from = reader.instant("at") else {
            try reader.finish()
            stretch = nil
            return
        }
        let length = reader.string("for")
        let page = reader.string("page")
        try reader.finish()
        stretch = Stretch(from: from, length: try Self.length(length), page: try Self.page(page))
    }

    private static func length(_ text: String?) throws(Problem) -> Span {
        guard let text else { return longest }
        guard let length = try? Span(text: text), length > .zero, length <= longest else {
            throw .invalid("for", "must be a length of time up to \(longest), such as 15m")
        }
        return length
    }

    private static func page(_ text: String?) throws(Problem) -> Int {
        guard let text else { return 1 }
        guard let page = Int(text), pages.contains(page), "\(page)" == text else {
            throw .invalid("page", "must be a whole number from \(pages.lowerBound) to \(pages.upperBound)")
        }
        return page
    }

    private init(range: CalendarRange, tag: String?) {
        self.range = range
        self.tag = tag
        stretch = nil
    }

    var withoutTag: CalendarFilter { CalendarFilter(range: range, tag: nil) }

    func query(owner: UserID) -> JobQuery {
        var query = JobQuery(owner: owner)
        query.tag = tag
        return query
    }
}

// MARK: - Addresses

extension CalendarFilter {
    /// Of the calendar itself.
    func path(range: CalendarRange? = nil) -> String {
        let range = range ?? self.range
        return Self.path("/calendar", [("range", range == .week ? nil : range.rawValue), ("tag", tag)])
    }

    /// Of the slots in a stretch.
    func link(_ stretch: CalendarStretch) -> String {
        link(Stretch(from: stretch.start, length: stretch.end - stretch.start, page: 1))
    }

    /// Relative, since a page has up to 175 of them.
    func link(_ stretch: Stretch) -> String {
        let place: [(String, String?)] = fields(stretch).map { ($0.name, $0.value) }
        return Self.path("", place + [("tag", tag), ("page", stretch.page == 1 ? nil : "\(stretch.page)")])
    }

    /// What an address says besides the tag.
    func fields(_ stretch: Stretch) -> [(name: String, value: String)] {
        [
            ("at", Self.short(stretch.from)), ("for", stretch.length == Self.longest ? nil : "\(stretch.length)"),
            ("range", range == .week ? nil : range.rawValue),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    /// Without a fraction of nothing.
    private static func short(_ instant: Instant) -> String { instant.description.replacing(".000000", with: "") }

    private static func path(_ path: String, _ parts: [(String, String?)]) -> String {
        // A colon needs no escape in a query.
        let query = parts.compactMap { name, value in
            value.map { "\(name)=\(PercentText.encoded($0).replacing("%3A", with: ":"))" }
        }
        return query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))"
    }
}
