/// Calendar arithmetic on integers: proleptic Gregorian, no leap seconds.
///
/// A *day* is a number of days since 1970-01-01; a *wall second* is a local clock reading as seconds since
/// 1970-01-01 00:00:00 on that same clock.
enum CivilTime {
    static let secondsPerDay = 86_400
    /// Years a schedule may speak about (OCPS 1.2).
    static let years = 1970...2199
    /// First wall second after `years`: 2200-01-01 00:00:00.
    static let endOfYears = 7_258_118_400

    static func floorDivide(_ value: Int, by divisor: Int) -> Int {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    static func isLeap(_ year: Int) -> Bool {
        year & 3 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    static func length(ofMonth month: Int, year: Int) -> Int {
        // From March on, 31 and 30 alternate with a hiccup in August, which is bit 3 of the month.
        month == 2 ? (isLeap(year) ? 29 : 28) : 30 + ((month + (month >> 3)) & 1)
    }

    // Days between 0000-03-01 and 1970-01-01. Years are counted from March, so that the leap day comes last.
    private static let marchEpoch = 719_468

    static func day(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let marchMonth = month <= 2 ? month + 9 : month - 3
        let century = floorDivide(marchYear, by: 100)
        let leapDays = floorDivide(marchYear, by: 4) - century + floorDivide(century, by: 4)
        return 365 * marchYear + leapDays + (153 * marchMonth + 2) / 5 + day - 1 - marchEpoch
    }

    static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let quarterDays = 4 * (day + marchEpoch) + 3
        let century = floorDivide(quarterDays, by: 146_097)
        let inCentury = (quarterDays - century * 146_097) | 3
        let yearOfCentury = inCentury / 1_461
        let dayOfYear = (inCentury - yearOfCentury * 1_461) >> 2
        let marchMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let year = 100 * century + yearOfCentury
        return marchMonth < 10 ? (year, marchMonth + 3, dayOfMonth) : (year + 1, marchMonth - 9, dayOfMonth)
    }

    /// 0 is Sunday.
    static func weekday(ofDay day: Int) -> Int {
        let remainder = (day + 4) % 7
        return remainder < 0 ? remainder + 7 : remainder
    }
}
