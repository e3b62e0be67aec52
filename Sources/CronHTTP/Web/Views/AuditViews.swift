import CronModel
import CronSchedule

/// The audit log as its template sees it.
struct AuditPageView: Sendable {
    let filter: AuditFilterView
    let rows: [AuditRowView]
    let hasRows: Bool
    let next: String?
    let isFirst: Bool
    let first: String

    /// - Parameter emails: of those that lines name.
    init(
        _ filter: AuditFilter, _ lines: [AuditLine], next: PageCursor?, _ emails: [UserID: String], _ times: TimeText
    ) {
        self.filter = AuditFilterView(filter)
        var room = AuditChangeView.mostBytesOfPage
        rows = lines.map { line in
            let change = AuditChangeView(line, room: room)
            room -= change?.bytes ?? 0
            return AuditRowView(line, change, emails, times)
        }
        hasRows = !rows.isEmpty
        self.next = next.map { filter.path(cursor: $0) }
        isFirst = filter.cursor == nil
        first = filter.path()
    }
}

struct AuditFilterView: Sendable {
    let target: String
    let from: String
    let to: String
    let isNarrowed: Bool
    let faults: [RunsFilterView.Fault]
    let hasFaults: Bool

    init(_ filter: AuditFilter) {
        target = filter.target ?? ""
        from = filter.fromText
        to = filter.toText
        isNarrowed = filter.isNarrowed
        faults = filter.problems.map { RunsFilterView.Fault(at: $0.field, text: ShownText.line($0.message)) }
        hasFaults = !faults.isEmpty
    }
}

struct AuditRowView: Sendable {
    let sequence: String
    let act: String
    let who: String?
    let key: String?
    let target: AuditTargetView?
    let at: TimeView
    let address: String
    let requestID: String
    let change: AuditChangeView?

    init(_ line: AuditLine, _ change: AuditChangeView?, _ emails: [UserID: String], _ times: TimeText) {
        sequence = CountText.text(Int(line.sequence))
        act = ShownText.line(line.act)
        who = line.user.map { emails[$0].map(ShownText.line) ?? $0.description }
        key = line.key.map { AuditTargetView.short($0.description) }
        target = line.target.map { AuditTargetView($0, of: line, emails) }
        at = times.view(line.at, zone: "UTC")
        address = ShownText.line(line.address)
        requestID = ShownText.line(line.requestID)
        self.change = change
    }
}

/// What something was done to.
struct AuditTargetView: Sendable {
    let text: String
    /// Its own page, if it has one.
    let path: String?
    /// The log of it alone.
    let narrowed: String

    init(_ id: String, of line: AuditLine, _ emails: [UserID: String]) {
        let email = line.targetUser.flatMap { emails[$0] }
        let name = email ?? (line.after?["name"] ?? line.before?["name"])?.stringValue
        text = name.map { ShownText.line(String($0.prefix(200))) } ?? "\(line.kind) …\(Self.short(id))"
        path = Self.page(of: line).map { "\($0)/\(id)" }
        narrowed = RunsFilter.path(.audit, [("target", id)])
    }

    /// The digits that differ most between ids made close in time.
    static func short(_ id: String) -> String { ShownText.line(String(id.suffix(8))) }

    private static func page(of line: AuditLine) -> String? {
        guard !line.act.hasSuffix(".delete") else { return nil }
        switch line.kind {
        case "job": return LocalPath.jobs.text
        case "run": return LocalPath.runs.text
        case "user", "account", "session": return LocalPath.users.text
        default: return nil
        }
    }
}

/// What was there before and after, as JSON for people.
struct AuditChangeView: Sendable {
    /// Bytes of a page's changes as they stand in it, escaped: the whole page has a budget of 70 KB.
    static let mostBytesOfPage = 36_000

    let before: String?
    let after: String?
    let isShown: Bool
    let bytes: Int

    /// Nil where a record tells of none.
    /// - Parameter room: bytes that the page has left.
    init?(_ line: AuditLine, room: Int) {
        guard line.before != nil || line.after != nil else { return nil }
        let texts = [line.before, line.after].map { $0.map { ShownText.output(PrettyJSON.text($0)) } }
        let bytes = texts.compactMap { $0.map { HTMLText.escaped($0).utf8.count } }.reduce(0, +)
        isShown = bytes <= room
        before = isShown ? texts[0] : nil
        after = isShown ? texts[1] : nil
        self.bytes = isShown ? bytes : 0
    }
}
