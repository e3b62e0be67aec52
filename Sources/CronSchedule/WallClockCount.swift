/// Counting matching wall seconds without visiting them.
extension CronExpression {
    /// Matches in `from..<to`: whole days by one look per matching month, the two end days by arithmetic.
    func count(from: Int, to: Int) -> Int {
        let from = max(from, 0)
        let to = min(to, CivilTime.endOfYears)
        guard from < to else { return 0 }
        let firstDay = from / CivilTime.secondsPerDay
        let lastDay = to / CivilTime.secondsPerDay
        let early = matchesDay(firstDay) ? timesBefore(from - firstDay * CivilTime.secondsPerDay) : 0
        let late = matchesDay(lastDay) ? timesBefore(to - lastDay * CivilTime.secondsPerDay) : 0
        return countDays(from: firstDay, to: lastDay) * timesPerDay - early + late
    }

    private func matchesDay(_ day: Int) -> Bool {
        let date = CivilTime.date(ofDay: day)
        guard years.contains(date.year), months >> UInt64(date.month) & 1 == 1 else { return false }
        let firstWeekday = CivilTime.weekday(ofDay: day - date.day + 1)
        return days(year: date.year, month: date.month, firstWeekday: firstWeekday) >> UInt32(date.day - 1) & 1 == 1
    }

    /// Matching times of day in `0..<time`.
    private func timesBefore(_ time: Int) -> Int {
        let hour = time / 3_600
        let minute = time / 60 % 60
        func below(_ bits: UInt64, _ bit: Int) -> Int { (bits & ((1 << UInt64(bit)) - 1)).nonzeroBitCount }
        func has(_ bits: UInt64, _ bit: Int) -> Int { Int(bits >> UInt64(bit) & 1) }
        let inMinute = has(minutes, minute) * below(seconds, time % 60)
        let inHour = below(minutes, minute) * seconds.nonzeroBitCount + inMinute
        return below(hours, hour) * minutes.nonzeroBitCount * seconds.nonzeroBitCount + has(hours, hour) * inHour
    }

    /// Matching days in `from..<to`.
    private func countDays(from: Int, to: Int) -> Int {
        guard from < to else { return 0 }
        let start = CivilTime.date(ofDay: from)
        var total = 0
        var year = years.first(atOrAfter: start.year)
        while let current = year {
            var month = ValueSet.first(months, atOrAbove: current == start.year ? start.month : 1)
            while let candidate = month {
                let firstDay = CivilTime.day(year: current, month: candidate, day: 1)
                guard firstDay < to else { return total }
                var days = days(year: current, month: candidate, firstWeekday: CivilTime.weekday(ofDay: firstDay))
                if firstDay < from { days &= ~0 << UInt32(from - firstDay) }
                if to - firstDay < 31 { days &= (1 << UInt32(to - firstDay)) - 1 }
                total += days.nonzeroBitCount
                month = ValueSet.first(months, atOrAbove: candidate + 1)
            }
            year = years.first(atOrAfter: current + 1)
        }
        return total
    }
}
