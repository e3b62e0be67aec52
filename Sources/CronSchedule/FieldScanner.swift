/// Values, steps and complaints shared by all sorts of items.
extension FieldParser {
    /// Numbers are compared by value at any length; everything from here up is equally too large.
    static let largestNumber = 1_000_000_000

    /// The upper-cased byte at the reading position; 0 at the field's end.
    var peek: UInt8 { byte(at: position) }

    func byte(at index: Int) -> UInt8 {
        guard index < end else { return 0 }
        let byte = text[index]
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 32 : byte
    }

    func isLetter(at index: Int, except other: UInt8 = 0) -> Bool {
        let byte = byte(at: index)
        return (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) && byte != other
    }

    func isDigit(at index: Int) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte(at: index))
    }

    /// A number or name inside the field's range; in the day-of-week field 7 is kept as 7.
    mutating func parseValue(after before: String? = nil) throws(ScheduleError) -> Int {
        if isDigit(at: position) { return try parseBoundedNumber() }
        if isLetter(at: position) { return try parseName() }
        if position >= end {
            let place = before.map { " after \"\($0)\"" } ?? ""
            throw ScheduleError(.syntax, "expected a value\(place)", field: field.rawValue, column: position)
        }
        throw unexpected(hint: peek == UInt8(ascii: "~") ? "use H for a spread value" : nil)
    }

    /// Digits as a number, saturating; nil when there are none.
    mutating func parseDigits() -> Int? {
        guard isDigit(at: position) else { return nil }
        var value = 0
        while isDigit(at: position) {
            value = min(value * 10 + Int(byte(at: position) - UInt8(ascii: "0")), Self.largestNumber)
            position += 1
        }
        return value
    }

    private mutating func parseBoundedNumber() throws(ScheduleError) -> Int {
        let start = position
        let number = parseDigits() ?? 0
        let allowed = allowedNumbers
        guard allowed.contains(number) else {
            var digits = text[start..<position].drop { $0 == UInt8(ascii: "0") }
            if digits.isEmpty { digits = text[(position - 1)..<position] }
            let shown = ScheduleError.quoted(digits).filter { $0 != "\"" }
            let isYear = field == .dayOfWeek && digits.count == 4
            throw ScheduleError(
                .range, "\(field.rawValue) \(shown) is outside \(allowed.lowerBound)-\(allowed.upperBound)",
                field: field.rawValue, column: start + 1,
                hint: isYear ? "did you mean 7 fields? A year follows second, minute, hour and the date fields" : nil)
        }
        return dialect == .quartz && field == .dayOfWeek ? number - 1 : number
    }

    private var allowedNumbers: ClosedRange<Int> {
        guard field == .dayOfWeek else { return field.range }
        return dialect == .quartz ? 1...7 : 0...7
    }

    private mutating func parseName() throws(ScheduleError) -> Int {
        let start = position
        var stop = position
        while isLetter(at: stop) { stop += 1 }
        let word = (start..<stop).map { byte(at: $0) }
        let isNameWithL = field == .dayOfWeek && word.count == 4 && word.last == UInt8(ascii: "L")
        if word.count == 3 || isNameWithL, let value = field.value(named: word.prefix(3)) {
            position = start + 3
            return value
        }
        throw wrongName(start..<stop, upperCased: word)
    }

    private func wrongName(_ span: Range<Int>, upperCased word: [UInt8]) -> ScheduleError {
        let shown = ScheduleError.quoted(text[span])
        let column = span.lowerBound + 1
        guard let first = field.names.first, let last = field.names.last else {
            return ScheduleError(.syntax, "\(shown) is not a number", field: field.rawValue, column: column)
        }
        let what = field == .month ? "a month name" : "a day name"
        let near = field.value(named: word.prefix(3)).map { field.names[$0 - field.range.lowerBound] }
        return ScheduleError(
            .syntax, "\(shown) is not \(what)", field: field.rawValue, column: column,
            hint: "use \(near ?? "\(first)-\(last)")")
    }

    /// `/n`; nil when there is no slash.
    mutating func parseStep() throws(ScheduleError) -> Int? {
        guard peek == UInt8(ascii: "/") else { return nil }
        position += 1
        let column = position + 1
        guard let step = parseDigits() else {
            if position < end { throw unexpected() }
            throw ScheduleError(.syntax, "expected a number after \"/\"", field: field.rawValue, column: position)
        }
        guard step > 0 else {
            throw ScheduleError(
                .range, "step 0 is not a step", field: field.rawValue, column: column, hint: "use 1 or more")
        }
        let values = field.range.count
        guard step <= values else { throw oversizedStep(step, column: column, values: values) }
        return step
    }

    private func oversizedStep(_ step: Int, column: Int, values: Int) -> ScheduleError {
        let shown = step == Self.largestNumber ? "of \(step) or more" : "\(step)"
        var hint: String?
        if step < 100_000, let unit = field.everyUnit {
            hint = "for every \(step) \(unit.plural) use \"@every \(step)\(unit.letter)\""
        }
        return ScheduleError(
            .range, "step \(shown) exceeds the \(field.rawValue) field's \(values) values", field: field.rawValue,
            column: column, hint: hint)
    }

    func refuseStep(after what: String) throws(ScheduleError) {
        guard peek == UInt8(ascii: "/") else { return }
        throw ScheduleError(
            .syntax, "\"\(what)\" takes no step", field: field.rawValue, column: position + 1)
    }

    /// The character at the reading position has no place here.
    func unexpected(hint: String? = nil) -> ScheduleError {
        guard position < end else {
            return ScheduleError(
                .syntax, "the field ends too early", field: field.rawValue, column: position, hint: hint)
        }
        let tilde = text[position] == UInt8(ascii: "~") ? "use H for a spread value" : nil
        return ScheduleError(
            .syntax, "unexpected \(ScheduleError.quoted(text[position...position])) in \(field.rawValue)",
            field: field.rawValue, column: position + 1, hint: hint ?? tilde)
    }
}
