/// Fields as bit sets: which wall seconds match, with no notion of zones.
///
/// A class, so that copies of a `Schedule` share one set of tables.
final class CronExpression: Sendable {
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt64
    let months: UInt64
    let years: YearSet
    /// Matching days of a month by `DayRules.layout`; bit 0 is the first.
    let dayLayouts: [UInt32]
    /// Wild times follow elapsed time through clock changes.
    let isWild: Bool
    /// Matching seconds of a matching day: the first, the last, and how many.
    let firstOfDay: Int
    let lastOfDay: Int
    let timesPerDay: Int

    init(_ syntax: CronSyntax) {
        seconds = ValueSet.bits(of: syntax.second, in: .second)
        minutes = ValueSet.bits(of: syntax.minute, in: .minute)
        hours = ValueSet.bits(of: syntax.hour, in: .hour)
        months = ValueSet.bits(of: syntax.month, in: .month)
        years = YearSet(syntax.year)
        dayLayouts = DayRules(syntax).layouts
        isWild = syntax.isWild
        // The parser gives every field at least one value.
        func low(_ bits: UInt64) -> Int { bits.trailingZeroBitCount & 63 }
        func high(_ bits: UInt64) -> Int { (63 - bits.leadingZeroBitCount) & 63 }
        firstOfDay = low(hours) * 3_600 + low(minutes) * 60 + low(seconds)
        lastOfDay = high(hours) * 3_600 + high(minutes) * 60 + high(seconds)
        timesPerDay = hours.nonzeroBitCount * minutes.nonzeroBitCount * seconds.nonzeroBitCount
    }

    /// Matching days of a month; bit 0 is the first.
    @inline(__always)
    func days(year: Int, month: Int, firstWeekday: Int) -> UInt32 {
        let length = CivilTime.length(ofMonth: month, year: year)
        return dayLayouts[DayRules.layout(length: length, firstWeekday: firstWeekday)]
    }

    /// Whether any date of `CivilTime.years` matches the day, month and year fields.
    var matchesAnyDate: Bool {
        var year = years.first(atOrAfter: CivilTime.years.lowerBound)
        while let current = year {
            var month = ValueSet.first(months, atOrAbove: 1)
            while let candidate = month {
                let firstDay = CivilTime.day(year: current, month: candidate, day: 1)
                if days(year: current, month: candidate, firstWeekday: CivilTime.weekday(ofDay: firstDay)) != 0 {
                    return true
                }
                month = ValueSet.first(months, atOrAbove: candidate + 1)
            }
            year = years.first(atOrAfter: current + 1)
        }
        return false
    }
}
