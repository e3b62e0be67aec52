import CronEngine
import CronSchedule

/// The week to come as a strip: a tick for each slot or, on days with very many, a bar of how many.
struct StripView: Sendable {
    private static let width = 672.0
    /// Of ticks and bars.
    private static let height = 32.0
    private static let lowestBar = 3.0
    /// Of a day that has room for its name.
    private static let labelWidth = 40.0
    /// Local hours that are shaded.
    private static let night = (from: 22, to: 6)

    let sentence: String
    let ticks: String
    let bars: String
    let nights: String
    let midnights: String
    let labels: [Label]
    let changes: [Change]

    struct Label: Sendable {
        let x: String
        let day: String
    }

    /// The clocks jump.
    struct Change: Sendable {
        let x: String
        let jump: String
    }

    init?(_ week: ScheduleWeek) {
        guard let start = week.days.first?.from, let end = week.days.last?.to, start < end else { return nil }
        func x(_ instant: Instant) -> Double {
            Double((instant - start).microseconds) / Double((end - start).microseconds) * Self.width
        }
        let most = week.days.map(\.count).max() ?? 0
        ticks = week.days.flatMap(\.slots).map { "M\(Self.text(x($0))) 0v\(Self.text(Self.height))" }.joined()
        bars = week.days.filter { $0.count > ScheduleWeek.slotsOfDay }.map { day in
            let height = max(Self.lowestBar, Double(day.count) / Double(most) * Self.height)
            let top = Self.text(Self.height - height)
            return "M\(Self.text(x(day.from) + 1)) \(top)H\(Self.text(x(day.to) - 1))V\(Self.text(Self.height))H\(Self.text(x(day.from) + 1))z"
        }.joined()
        nights = Self.nights(week, from: start, to: end).map {
            "M\(Self.text(x($0))) 0H\(Self.text(x($1)))v\(Self.text(Self.height))H\(Self.text(x($0)))z"
        }.joined()
        midnights = week.days.dropFirst().map { "M\(Self.text(x($0.from))) 0v\(Self.text(Self.height + 4))" }.joined()
        labels = week.days.compactMap { day in
            let (left, right) = (x(day.from), x(day.to))
            guard right - left >= Self.labelWidth else { return nil }
            return Label(x: Self.text((left + right) / 2), day: "\(Self.weekday(day.date)) \(day.date.day)")
        }
        changes = week.changes.map { Change(x: Self.text(x($0)), jump: Self.jump(at: $0, in: week.zone)) }
        sentence = Self.sentence(week, most: most)
    }

    private static func sentence(_ week: ScheduleWeek, most: Int) -> String {
        let all = week.days.map(\.count).reduce(0, +)
        let clocks = week.changes.map { " On \(jump(at: $0, in: week.zone))." }.joined()
        switch all {
        case 0: return "No firing in the next 7 days.\(clocks)"
        case 1: return "1 firing in the next 7 days.\(clocks)"
        default:
            return "\(CountText.text(all)) firings in the next 7 days, at most \(CountText.text(most)) a day.\(clocks)"
        }
    }

    /// `Sun 29 the clocks go 1 h ahead`.
    private static func jump(at change: Instant, in zone: String) -> String {
        guard let before = try? ZoneCatalog.localTime(of: change - .seconds(1), in: zone),
            let after = try? ZoneCatalog.localTime(of: change, in: zone)
        else { return "" }
        let seconds = after.utcOffsetSeconds - before.utcOffsetSeconds
        let length = DurationText.coarse(.seconds(Int64(abs(seconds))))
        return "\(weekday(after)) \(after.day) the clocks go \(length) \(seconds < 0 ? "back" : "ahead")"
    }

    /// From when to when it is night in the zone. Looked at hour by hour, and found to the second.
    private static func nights(_ week: ScheduleWeek, from start: Instant, to end: Instant) -> [(Instant, Instant)] {
        func isNight(_ local: LocalTime) -> Bool { local.hour >= night.from || local.hour < night.to }
        func isNight(at instant: Instant) -> Bool {
            (try? ZoneCatalog.localTime(of: instant, in: week.zone)).map(isNight) ?? false
        }
        var found: [(Instant, Instant)] = []
        var began = isNight(at: start) ? start : nil
        var hour = start
        while hour < end {
            let next = min(hour + .hours(1), end)
            if let begin = began, let dawn = ScheduleWeek.first(hour, next, in: week.zone, where: { !isNight($0) }) {
                found.append((begin, dawn))
                began = nil
            } else if began == nil {
                began = ScheduleWeek.first(hour, next, in: week.zone, where: isNight)
            }
            hour = next
        }
        return found + (began.map { [($0, end)] } ?? [])
    }

    private static func weekday(_ local: LocalTime) -> String {
        ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][local.weekday]
    }

    /// To a tenth.
    private static func text(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
