/// Looking for matching wall seconds: jumps from field to field, never steps through time.
///
/// Each search visits at most the matching months of `CivilTime.years`, 2,760 of them.
extension CronExpression {
    /// What a search in vain answers; beyond every wall second.
    static let noneAfter = Int.max
    static let noneBefore = Int.min

    /// The first match at or after `wall`, or `noneAfter`.
    func first(atOrAfter wall: Int) -> Int {
        let wall = max(wall, 0)
        guard wall < CivilTime.endOfYears else { return Self.noneAfter }
        let day = wall / CivilTime.secondsPerDay
        let date = CivilTime.date(ofDay: day)
        guard years.contains(date.year) else { return firstAfter(month: 12, year: date.year) }
        if months >> UInt64(date.month) & 1 == 1 {
            let firstWeekday = CivilTime.weekday(ofDay: day - date.day + 1)
            let rest = days(year: date.year, month: date.month, firstWeekday: firstWeekday) >> UInt32(date.day - 1)
            if rest & 1 == 1, let time = firstTime(atOrAfter: wall - day * CivilTime.secondsPerDay) {
                return day * CivilTime.secondsPerDay + time
            }
            let later = rest & ~1
            if later != 0 { return (day + later.trailingZeroBitCount) * CivilTime.secondsPerDay + firstOfDay }
        }
        return firstAfter(month: date.month, year: date.year)
    }

    private func firstAfter(month: Int, year: Int) -> Int {
        var year = year
        var next = ValueSet.first(months, atOrAbove: month + 1)
        while true {
            while let month = next {
                let firstDay = CivilTime.day(year: year, month: month, day: 1)
                let days = days(year: year, month: month, firstWeekday: CivilTime.weekday(ofDay: firstDay))
                if days != 0 { return (firstDay + days.trailingZeroBitCount) * CivilTime.secondsPerDay + firstOfDay }
                next = ValueSet.first(months, atOrAbove: month + 1)
            }
            guard let following = years.first(atOrAfter: year + 1) else { return Self.noneAfter }
            year = following
            next = ValueSet.first(months, atOrAbove: 1)
        }
    }

    private func firstTime(atOrAfter time: Int) -> Int? {
        guard time > firstOfDay else { return firstOfDay }
        let hour = time / 3_600
        let minute = time / 60 - hour * 60
        let second = time % 60
        if hours >> UInt64(hour) & 1 == 1 {
            if minutes >> UInt64(minute) & 1 == 1, let found = ValueSet.first(seconds, atOrAbove: second) {
                return time - second + found
            }
            if let found = ValueSet.first(minutes, atOrAbove: minute + 1) {
                return hour * 3_600 + found * 60 + firstOfDay % 60
            }
        }
        return ValueSet.first(hours, atOrAbove: hour + 1).map { $0 * 3_600 + firstOfDay % 3_600 }
    }

    /// The last match at or before `wall`, or `noneBefore`.
    func last(atOrBefore wall: Int) -> Int {
        let wall = min(wall, CivilTime.endOfYears - 1)
        guard wall >= 0 else { return Self.noneBefore }
        let day = wall / CivilTime.secondsPerDay
        let date = CivilTime.date(ofDay: day)
        guard years.contains(date.year) else { return lastBefore(month: 1, year: date.year) }
        if months >> UInt64(date.month) & 1 == 1 {
            let firstDay = day - date.day + 1
            let firstWeekday = CivilTime.weekday(ofDay: firstDay)
            let all = days(year: date.year, month: date.month, firstWeekday: firstWeekday)
            if all >> UInt32(date.day - 1) & 1 == 1,
                let time = lastTime(atOrBefore: wall - day * CivilTime.secondsPerDay)
            {
                return day * CivilTime.secondsPerDay + time
            }
            let earlier = all & ((1 << UInt32(date.day - 1)) - 1)
            if earlier != 0 {
                return (firstDay + 31 - earlier.leadingZeroBitCount) * CivilTime.secondsPerDay + lastOfDay
            }
        }
        return lastBefore(month: date.month, year: date.year)
    }

    private func lastBefore(month: Int, year: Int) -> Int {
        var year = year
        var next = ValueSet.last(months, atOrBelow: month - 1)
        while true {
            while let month = next {
                let firstDay = CivilTime.day(year: year, month: month, day: 1)
                let days = days(year: year, month: month, firstWeekday: CivilTime.weekday(ofDay: firstDay))
                if days != 0 { return (firstDay + 31 - days.leadingZeroBitCount) * CivilTime.secondsPerDay + lastOfDay }
                next = ValueSet.last(months, atOrBelow: month - 1)
            }
            guard let preceding = years.last(atOrBefore: year - 1) else { return Self.noneBefore }
            year = preceding
            next = ValueSet.last(months, atOrBelow: 12)
        }
    }

    private func lastTime(atOrBefore time: Int) -> Int? {
        guard time < lastOfDay else { return lastOfDay }
        let hour = time / 3_600
        let minute = time / 60 - hour * 60
        let second = time % 60
        if hours >> UInt64(hour) & 1 == 1 {
            if minutes >> UInt64(minute) & 1 == 1, let found = ValueSet.last(seconds, atOrBelow: second) {
                return time - second + found
            }
            if let found = ValueSet.last(minutes, atOrBelow: minute - 1) {
                return hour * 3_600 + found * 60 + lastOfDay % 60
            }
        }
        return ValueSet.last(hours, atOrBelow: hour - 1).map { $0 * 3_600 + lastOfDay % 3_600 }
    }

    func matches(_ wall: Int) -> Bool { first(atOrAfter: wall) == wall }
}
