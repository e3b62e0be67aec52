import CronSchedule

/// A stretch of real time in which the clocks of a zone show one hour, once: 60 minutes, or less where they are changed
/// within it.
struct ClockHour: Hashable, Sendable {
    let start: Instant
    let end: Instant
    /// What the clocks show at `start`.
    let local: LocalTime

    private init(_ start: Instant, in zone: String) throws(ScheduleError) {
        let local = try ZoneCatalog.localTime(of: start, in: zone)
        self.start = start
        self.local = local
        end = try Self.end(start, local, in: zone)
    }

    private static func end(_ start: Instant, _ local: LocalTime, in zone: String) throws(ScheduleError) -> Instant {
        let second = start.wholeSeconds
        let into = Int64(local.minute * 60 + local.second)
        var same = second
        var other = second + 3_600 - into
        guard try offset(at: other - 1, in: zone) != local.utcOffsetSeconds else { return Instant(seconds: other) }
        other -= 1
        while other - same > 1 {
            let middle = (same + other) / 2
            if try offset(at: middle, in: zone) == local.utcOffsetSeconds { same = middle } else { other = middle }
        }
        return Instant(seconds: other)
    }

    private static func offset(at second: Int64, in zone: String) throws(ScheduleError) -> Int {
        try ZoneCatalog.localTime(of: Instant(seconds: second), in: zone).utcOffsetSeconds
    }

    /// The hour at `instant` and those after it, as long as they are wanted.
    static func hours(
        at instant: Instant, in zone: String, while isWanted: (ClockHour) -> Bool
    ) throws(ScheduleError) -> [ClockHour] {
        // No hour is longer than one: this is the start of none, but the second from there begins rightly.
        let before = Instant(seconds: instant.wholeSeconds - 2 * 3_600)
        var hour = try ClockHour(before, in: zone)
        while hour.end <= instant { hour = try ClockHour(hour.end, in: zone) }
        var hours: [ClockHour] = []
        while isWanted(hour) {
            hours.append(hour)
            hour = try ClockHour(hour.end, in: zone)
        }
        return hours
    }

    /// All hours of so many days of the calendar, of which the first is that of `instant`.
    static func days(_ count: Int, from instant: Instant, in zone: String) throws(ScheduleError) -> [ClockHour] {
        let today = try ZoneCatalog.localTime(of: instant, in: zone).day
        // The longest day has 26 hours, and has begun after this.
        var dates: [Int] = []
        let all = try hours(at: instant - .hours(26), in: zone) { hour in
            if dates.last != hour.local.day, !dates.isEmpty || hour.local.day == today { dates.append(hour.local.day) }
            return dates.count <= count
        }
        return Array(all.drop { $0.local.day != today })
    }

    /// The hour in parts of so many minutes by its clock.
    func parts(minutes: Int) -> [CalendarStretch] {
        var parts: [CalendarStretch] = []
        var from = start
        while from < end {
            let second = (local.minute * 60 + local.second) + Int(from.wholeSeconds - start.wholeSeconds)
            let rest = minutes * 60 - second % (minutes * 60)
            let to = min(end, Instant(seconds: from.wholeSeconds + Int64(rest)))
            parts.append(CalendarStretch(start: from, end: to, place: second / (minutes * 60)))
            from = to
        }
        return parts
    }
}

/// What one cell of the calendar is about.
struct CalendarStretch: Hashable, Sendable {
    let start: Instant
    let end: Instant
    /// Which part of its hour it is, from 0.
    let place: Int
}

extension LocalTime {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Mon 2 Nov`
    var dayText: String { "\(Self.weekdays[weekday]) \(day) \(Self.months[month - 1])" }
    /// `08:30`
    var timeText: String { ClockText.time(ofMinute: hour * 60 + minute) }
}

/// Times of day.
enum ClockText {
    /// - Parameter minute: of the day, at most 24 h.
    static func time(ofMinute minute: Int) -> String { "\(two(minute / 60)):\(two(minute % 60))" }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
