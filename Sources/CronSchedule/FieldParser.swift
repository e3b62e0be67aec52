/// Reads one field's text into items; errors name the field and the column (Docs/schedules.md §2, §7).
struct FieldParser {
    let field: CronField
    let dialect: Schedule.Dialect
    let jobID: String?
    /// The whole text as typed; the field is `position..<end`.
    let text: [UInt8]
    var position: Int
    let end: Int

    init(field: CronField, text: [UInt8], span: Range<Int>, dialect: Schedule.Dialect, jobID: String?) {
        self.field = field
        self.dialect = dialect
        self.jobID = jobID
        self.text = text
        position = span.lowerBound
        end = span.upperBound
    }

    mutating func parse() throws(ScheduleError) -> FieldSyntax {
        var syntax = FieldSyntax(items: [], column: position + 1)
        if peek == UInt8(ascii: "?") { return try parseQuestionMark() }
        if peek == UInt8(ascii: "+") {
            guard field == .dayOfWeek, dialect == .cronpp else { throw unexpected() }
            syntax.demandsBothDays = true
            position += 1
        }
        while true {
            try refuseEmptyItem()
            syntax.items.append(try parseItem())
            guard position < end else { return syntax }
            guard peek == UInt8(ascii: ",") else { throw unexpected() }
            position += 1
        }
    }

    // MARK: Items

    private mutating func parseItem() throws(ScheduleError) -> FieldItem {
        switch peek {
        case UInt8(ascii: "*"):
            position += 1
            return .all(step: try parseStep() ?? 1)
        case UInt8(ascii: "/"):
            guard dialect == .quartz else {
                throw ScheduleError(
                    .syntax, "the step has nothing before \"/\"", field: field.rawValue, column: position + 1,
                    hint: "write \"*\(ScheduleError.quoted(text[position..<end]).dropFirst())")
            }
            return .from(field.range.lowerBound, step: try parseStep() ?? 1)
        case UInt8(ascii: "H") where !isLetter(at: position + 1):
            return try parseHashed()
        case UInt8(ascii: "L") where field.isDayField && !isLetter(at: position + 1, except: UInt8(ascii: "W")):
            return try field == .dayOfMonth ? parseLastDay() : parseBareLast()
        default:
            return try parseValueItem()
        }
    }

    private mutating func parseValueItem() throws(ScheduleError) -> FieldItem {
        let start = position
        let first = try parseValue()
        switch (field, peek) {
        case (.dayOfMonth, UInt8(ascii: "W")):
            position += 1
            try refuseStep(after: "W")
            return .weekdayNearest(first)
        case (.dayOfWeek, UInt8(ascii: "L")), (.dayOfWeek, UInt8(ascii: "#")):
            return try parseWeekdayOfMonth(days: 1 << UInt8(first % 7))
        case (_, UInt8(ascii: "-")):
            position += 1
            return try parseRange(from: first, start: start)
        default:
            guard let step = try parseStep() else { return .value(normalised(first)) }
            return .from(normalised(first), step: step)
        }
    }

    private mutating func parseRange(from first: Int, start: Int) throws(ScheduleError) -> FieldItem {
        let second = try parseValue(after: "-")
        let bounds = try rangeBounds(first, second, start: start)
        if field == .dayOfWeek, peek == UInt8(ascii: "#") {
            var days: UInt8 = 0
            for day in bounds.first...bounds.last { days |= 1 << UInt8(day % 7) }
            return try parseWeekdayOfMonth(days: days)
        }
        if field == .dayOfWeek, peek == UInt8(ascii: "L") {
            throw ScheduleError(
                .syntax, "\"L\" after a range is ambiguous", field: field.rawValue, column: position + 1,
                hint: "write \"\(String(decoding: text[start..<position], as: UTF8.self))#L\"")
        }
        if field == .dayOfMonth, peek == UInt8(ascii: "W") { throw unexpected(hint: "W takes a single day") }
        let step = try parseStep() ?? 1
        return bounds.first == bounds.last
            ? .value(bounds.first) : .range(first: bounds.first, last: bounds.last, step: step)
    }

    /// `last` may lie past the field's end when the range wraps around.
    private func rangeBounds(_ first: Int, _ last: Int, start: Int) throws(ScheduleError) -> (first: Int, last: Int) {
        let low = normalised(first)
        if first == last { return (low, low) }
        if last >= low { return (low, last) }
        guard field.wraps else {
            throw ScheduleError(
                .range,
                "range \(String(decoding: text[start..<position], as: UTF8.self)) runs backwards in \(field.rawValue)",
                field: field.rawValue, column: start + 1)
        }
        return (low, last + field.range.count)
    }

    // 7 is Sunday as the end of a range and 0 everywhere else.
    private func normalised(_ value: Int) -> Int { field == .dayOfWeek && value == 7 ? 0 : value }

    private mutating func parseHashed() throws(ScheduleError) -> FieldItem {
        let column = position + 1
        guard field != .year else {
            throw ScheduleError(
                .syntax, "\"H\" has no meaning in the year field", field: field.rawValue, column: column)
        }
        position += 1
        var range = field.hashedRange
        let wide = peek != UInt8(ascii: "(")
        if !wide { range = try parseHashedRange() }
        let step = try parseStep()
        guard let jobID else {
            throw ScheduleError(.jobID, "\"H\" needs a job id", field: field.rawValue, column: column)
        }
        let start = HashedField.start(range, step: step, jobID: jobID, field: field)
        return .hashed(first: start, last: step == nil ? start : range.upperBound, step: step, wide: wide)
    }

    private mutating func parseHashedRange() throws(ScheduleError) -> ClosedRange<Int> {
        position += 1
        let start = position
        let first = try parseValue(after: "(")
        guard peek == UInt8(ascii: "-") else { throw unexpected(hint: "write H(a-b)") }
        position += 1
        let last = try parseValue(after: "-")
        guard first <= last else {
            throw ScheduleError(
                .range, "range \(first)-\(last) runs backwards in \(field.rawValue)", field: field.rawValue,
                column: start + 1)
        }
        guard peek == UInt8(ascii: ")") else { throw unexpected(hint: "write H(a-b)") }
        position += 1
        return first...last
    }

    private mutating func parseQuestionMark() throws(ScheduleError) -> FieldSyntax {
        guard field.isDayField else {
            throw ScheduleError(
                .syntax, "\"?\" is only for the two day fields", field: field.rawValue, column: position + 1,
                hint: "use *")
        }
        let column = position + 1
        position += 1
        guard position == end else {
            throw ScheduleError(.syntax, "\"?\" must stand alone", field: field.rawValue, column: column)
        }
        return FieldSyntax(items: [.all(step: 1)], isQuestionMark: true, column: column)
    }

    private func refuseEmptyItem() throws(ScheduleError) {
        guard position == end || peek == UInt8(ascii: ",") else { return }
        // At the end of the field the comma before it is the character to point at.
        let column = position == end ? position : position + 1
        throw ScheduleError(.syntax, "empty item in \(field.rawValue)", field: field.rawValue, column: column)
    }
}
