/// A clock reading in some zone, with its offset.
public struct LocalTime: Sendable, Hashable, CustomStringConvertible {
    public let year: Int
    /// 1-12.
    public let month: Int
    /// 1-31.
    public let day: Int
    /// 0-23.
    public let hour: Int
    /// 0-59.
    public let minute: Int
    /// 0-59.
    public let second: Int
    /// Seconds east of UTC.
    public let utcOffsetSeconds: Int
    /// The zone's short name for this offset, such as `CET` or `-03`.
    public let abbreviation: String?
    /// 0 is Sunday.
    public let weekday: Int

    init(_ instant: Instant, in rules: TimeZoneRules) {
        let second = Int(instant.wholeSeconds)
        let local = rules.local(at: second)
        let wall = second + local.offset
        let day = CivilTime.floorDivide(wall, by: CivilTime.secondsPerDay)
        let time = wall - day * CivilTime.secondsPerDay
        (year, month, self.day) = CivilTime.date(ofDay: day)
        (hour, minute, self.second) = (time / 3_600, time / 60 % 60, time % 60)
        utcOffsetSeconds = local.offset
        abbreviation = local.abbreviation.isEmpty ? nil : local.abbreviation
        weekday = CivilTime.weekday(ofDay: day)
    }

    /// RFC 3339 to the second with the zone's offset: `2026-02-01T10:00:00+01:00`.
    ///
    /// Offsets with seconds (before 1972) show them too, as ISO 8601-2 does.
    public var text: String {
        let date = "\(DigitText.year(year))-\(DigitText.two(month))-\(DigitText.two(day))"
        let time = "\(DigitText.two(hour)):\(DigitText.two(minute)):\(DigitText.two(second))"
        return "\(date)T\(time)\(DigitText.offset(utcOffsetSeconds))"
    }

    public var description: String { text }
}

/// Numbers at a fixed width.
enum DigitText {
    static func padded(_ value: Int, width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    static func two(_ value: Int) -> String { padded(value, width: 2) }

    /// Four digits, or a sign and six outside 0000-9999.
    static func year(_ year: Int) -> String {
        if (0...9_999).contains(year) { return padded(year, width: 4) }
        return (year < 0 ? "-" : "+") + padded(abs(year), width: 6)
    }

    static func offset(_ seconds: Int) -> String {
        let size = abs(seconds)
        let minutes = "\(two(size / 3_600)):\(two(size / 60 % 60))"
        return (seconds < 0 ? "-" : "+") + minutes + (size % 60 == 0 ? "" : ":\(two(size % 60))")
    }
}
