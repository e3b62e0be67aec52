import CronModel
import CronSchedule

/// A moment as a page shows it: how far away, and when by which clock.
struct TimeView: Sendable {
    /// RFC 3339 in UTC, for programs.
    let datetime: String
    let relative: String
    let absolute: String
    /// The zone's short name at that moment.
    let zone: String
    /// The zone's id and offset.
    let zoneTitle: String
    /// Something is to happen then.
    let isAhead: Bool
    /// And has not.
    let isOverdue: Bool
}

/// The one writer of times and durations.
struct TimeText: Sendable {
    /// What should have happened this long ago has not.
    static let overdueAfter = Span.seconds(5)

    let now: Instant
    let choices: WebChoices

    /// - Parameter zone: of the job that it is about.
    func view(_ instant: Instant, zone job: String) -> TimeView {
        view(instant, zone: job, relative: relative(to: instant))
    }

    /// When something is to happen.
    func ahead(_ instant: Instant, zone job: String) -> TimeView {
        let late = now - instant
        let isOverdue = late > Self.overdueAfter
        let text = isOverdue ? "overdue by \(DurationText.coarse(late))" : relative(to: instant)
        return view(instant, zone: job, relative: text, isAhead: true, isOverdue: isOverdue)
    }

    private func view(_ instant: Instant, zone job: String, relative: String, isAhead: Bool = false, isOverdue: Bool = false) -> TimeView {
        let id = choices.zone(job: job)
        let (local, zone) = Self.local(instant, in: id)
        let (today, _) = Self.local(now, in: id)
        return TimeView(
            datetime: instant.description, relative: relative,
            absolute: local.map { Self.text($0, today: today) } ?? instant.description,
            zone: local?.abbreviation ?? zone, zoneTitle: local.map { "\(zone), UTC\($0.offsetText)" } ?? zone,
            isAhead: isAhead, isOverdue: isOverdue)
    }

    /// A zone that this machine does not know any more is shown as UTC.
    private static func local(_ instant: Instant, in zone: String) -> (LocalTime?, String) {
        if let local = try? ZoneCatalog.localTime(of: instant, in: zone) { return (local, zone) }
        return (try? ZoneCatalog.localTime(of: instant, in: "UTC"), "UTC")
    }

    /// Without the date on the same day.
    private static func text(_ local: LocalTime, today: LocalTime?) -> String {
        let time = "\(two(local.hour)):\(two(local.minute)):\(two(local.second))"
        guard local.year != today?.year || local.month != today?.month || local.day != today?.day else { return time }
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][local.weekday]
        return "\(weekday) \(local.year)-\(two(local.month))-\(two(local.day)) \(time)"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func relative(to instant: Instant) -> String {
        let distance = instant - now
        if distance >= .seconds(1) { return "in \(DurationText.coarse(distance))" }
        if distance <= .seconds(-1) { return "\(DurationText.coarse(.zero - distance)) ago" }
        return "now"
    }
}

/// Lengths of time for people.
enum DurationText {
    /// `0.4 ms`, `85 ms`, `1.24 s`, `3 m 12 s`, `2 h 5 m`, `3 d 4 h`.
    static func exact(_ span: Span) -> String {
        let micros = max(0, span.microseconds)
        if micros < 10_000 { return "\(tenths(micros / 100)) ms" }
        if micros < 1_000_000 { return "\(micros / 1_000) ms" }
        if micros < 60_000_000 { return "\(hundredths(micros / 10_000)) s" }
        return coarse(span)
    }

    /// To the second, and the two largest units only.
    static func coarse(_ span: Span) -> String {
        let seconds = max(0, span.microseconds / 1_000_000)
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return pair(seconds / 60, "m", seconds % 60, "s") }
        if seconds < 86_400 { return pair(seconds / 3_600, "h", seconds % 3_600 / 60, "m") }
        return pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h")
    }

    private static func pair(_ large: Int64, _ unit: String, _ small: Int64, _ smaller: String) -> String {
        small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(smaller)"
    }

    private static func tenths(_ number: Int64) -> String { "\(number / 10).\(number % 10)" }

    private static func hundredths(_ number: Int64) -> String {
        "\(number / 100).\(number % 100 < 10 ? "0" : "")\(number % 100)"
    }
}

extension LocalTime {
    /// `+01:00`, as RFC 3339 has it.
    fileprivate var offsetText: String { String(text.drop { $0 != "T" }.drop { $0 != "+" && $0 != "-" }) }
}
