import CronSchedule

/// Dates of RFC 5322 §3.3, in UTC: `Mon, 30 Nov 2026 09:00:00 +0000`.
enum MailDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let secondsPerDay: Int64 = 86_400

    static func text(_ instant: Instant) -> String {
        // `2026-11-30T09:00:00.000000Z`
        let parts = instant.description.split { "-T.".contains($0) }
        guard parts.count == 5, let month = Int(parts[1]), (1...12).contains(month), let day = Int(parts[2]) else {
            return text(Instant(seconds: 0))
        }
        return "\(weekday(instant)), \(day) \(months[month - 1]) \(parts[0]) \(parts[3]) +0000"
    }

    /// 1970-01-01 was a Thursday.
    private static func weekday(_ instant: Instant) -> String {
        let days =
            (instant.wholeSeconds - (instant.wholeSeconds % secondsPerDay + secondsPerDay) % secondsPerDay)
            / secondsPerDay
        return weekdays[Int((days % 7 + 7) % 7)]
    }
}
