/// The items that only the day fields have: `L`, `W`, `#` (Docs/schedules.md §2).
extension FieldParser {
    /// `L`, `L-n`, `LW`, `L-nW`.
    mutating func parseLastDay() throws(ScheduleError) -> FieldItem {
        position += 1
        var before = 0
        if peek == UInt8(ascii: "-") {
            position += 1
            let column = position + 1
            guard let number = parseDigits() else {
                throw ScheduleError(
                    .syntax, "expected a number after \"L-\"", field: field.rawValue, column: column - 1)
            }
            guard (1...30).contains(number) else {
                throw ScheduleError(
                    .range, "offset \(number) after \"L-\" is outside 1-30", field: field.rawValue, column: column,
                    hint: number == 0 ? "use L" : nil)
            }
            before = number
        }
        let isWeekday = peek == UInt8(ascii: "W")
        if isWeekday { position += 1 }
        try refuseStep(after: isWeekday ? "W" : "L")
        return isWeekday ? .weekdayNearestLast(before: before) : .lastDay(before: before)
    }

    /// `L` alone in the day-of-week field: Saturday in Quartz, an error elsewhere.
    mutating func parseBareLast() throws(ScheduleError) -> FieldItem {
        guard dialect == .quartz else {
            throw ScheduleError(
                .syntax, "\"L\" needs a day in day-of-week", field: field.rawValue, column: position + 1,
                hint: "write 5L or FRI#L for the last Friday of the month")
        }
        position += 1
        try refuseStep(after: "L")
        return .value(6)
    }

    /// `L`, `#L` or `#m` after a day or a range of days.
    mutating func parseWeekdayOfMonth(days: UInt8) throws(ScheduleError) -> FieldItem {
        let isHash = peek == UInt8(ascii: "#")
        position += 1
        if isHash, isDigit(at: position) {
            let column = position + 1
            let nth = parseDigits() ?? 0
            guard (1...5).contains(nth) else {
                throw ScheduleError(.range, "#\(nth) is outside #1-#5", field: field.rawValue, column: column)
            }
            try refuseStep(after: "#")
            return .nthWeekday(days: days, nth: nth)
        }
        if isHash {
            guard peek == UInt8(ascii: "L") else {
                throw ScheduleError(
                    .syntax, "expected 1-5 or L after \"#\"", field: field.rawValue, column: min(position + 1, end))
            }
            position += 1
        }
        try refuseStep(after: "L")
        return .lastWeekday(days: days)
    }
}
