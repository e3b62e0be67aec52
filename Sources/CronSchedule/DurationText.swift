/// Lengths of time as text: `1h30m`, `2 hours 15 minutes`, `PT15M`.
struct DurationText {
    /// A unit with the words for it, largest first: the order in which units may follow each other.
    private struct Unit {
        let short: String
        let words: [String]
        let microseconds: Int64
    }

    private static let units: [Unit] = [
        Unit(short: "w", words: ["week", "weeks"], microseconds: 604_800_000_000),
        Unit(short: "d", words: ["day", "days"], microseconds: 86_400_000_000),
        Unit(short: "h", words: ["hr", "hrs", "hour", "hours"], microseconds: 3_600_000_000),
        Unit(short: "m", words: ["min", "mins", "minute", "minutes"], microseconds: 60_000_000),
        Unit(short: "s", words: ["sec", "secs", "second", "seconds"], microseconds: 1_000_000),
        Unit(short: "ms", words: ["millisecond", "milliseconds"], microseconds: 1_000),
        Unit(short: "us", words: ["microsecond", "microseconds"], microseconds: 1),
    ]

    /// How freely a length may be written.
    enum Style {
        /// `Span(text:)`: short units down to microseconds.
        case compact
        /// `@every`: short units down to whole seconds.
        case wholeSeconds
        /// `in …`: blanks and unit words too.
        case words
    }

    private let text: [UInt8]
    private let end: Int
    private let style: Style
    private var position: Int
    private var total: Int64 = 0

    static func read(_ text: [UInt8]) throws(ScheduleError) -> Span {
        guard text.count <= Schedule.maxTextBytes else { throw TextLimits.tooLong(text.count) }
        return try read(text, 0..<text.count, .compact)
    }

    static func read(_ text: [UInt8], _ span: Range<Int>, _ style: Style) throws(ScheduleError) -> Span {
        var reader = DurationText(text: text, end: span.upperBound, style: style, position: span.lowerBound)
        if reader.peek == UInt8(ascii: "p") {
            try reader.readISO()
        } else {
            try reader.readUnits()
        }
        return Span(microseconds: reader.total)
    }

    private init(text: [UInt8], end: Int, style: Style, position: Int) {
        self.text = text
        self.end = end
        self.style = style
        self.position = position
    }

    private var peek: UInt8 {
        guard position < end else { return 0 }
        let byte = text[position]
        return (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }

    private func problem(_ message: String, column: Int? = nil, hint: String? = nil) -> ScheduleError {
        ScheduleError(.duration, message, column: max(1, column ?? min(position + 1, end)), hint: hint)
    }

    private mutating func add(_ count: Int64, _ unit: Int64, column: Int) throws(ScheduleError) {
        let (product, tooLarge) = count.multipliedReportingOverflow(by: unit)
        let (sum, tooLong) = total.addingReportingOverflow(product)
        guard !tooLarge, !tooLong else { throw problem("the length of time is too large", column: column) }
        total = sum
    }

    private mutating func readNumber() throws(ScheduleError) -> Int64 {
        let column = position + 1
        var value: Int64 = 0
        while case let digit = peek &- UInt8(ascii: "0"), digit < 10 {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = next.addingReportingOverflow(Int64(digit))
            guard !overflow, !carry else { throw problem("the length of time is too large", column: column) }
            value = sum
            position += 1
        }
        guard position >= column else {
            let found = position < end ? ", found \(ScheduleError.quoted(text[position...position]))" : ""
            throw problem("expected a number\(found)", hint: "write a length such as 1h30m or PT15M")
        }
        return value
    }

    // MARK: 1h30m

    private mutating func readUnits() throws(ScheduleError) {
        var largest = 0
        repeat {
            let start = position
            let count = try readNumber()
            skipBlanks()
            let unit = try readUnit(after: start)
            guard unit >= largest else {
                throw problem(
                    "units must run from large to small, each at most once", column: start + 1,
                    hint: "write 1h30m, not 30m1h")
            }
            largest = unit + 1
            try add(count, Self.units[unit].microseconds, column: start + 1)
            skipBlanks()
        } while position < end
    }

    private mutating func readUnit(after numberStart: Int) throws(ScheduleError) -> Int {
        let start = position
        while (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(peek) { position += 1 }
        let word = String(decoding: text[start..<position], as: UTF8.self).lowercased()
        guard !word.isEmpty else {
            if peek == UInt8(ascii: ".") {
                throw problem("fractions are not read here", hint: "write 1500ms or PT1.5S")
            }
            guard position == end else {
                throw problem("unexpected \(ScheduleError.quoted(text[position...position]))")
            }
            let digits = String(decoding: text[numberStart..<start].prefix(ScheduleError.maxQuotedBytes), as: UTF8.self)
            throw problem(
                "a length of time needs a unit", column: numberStart + 1, hint: "did you mean \"\(digits)s\"?")
        }
        let known = Self.units.firstIndex { $0.short == word || (style == .words && $0.words.contains(word)) }
        guard let known else {
            if word.hasPrefix("mo") || word.hasPrefix("y") { throw refusedCalendarUnit(column: start + 1) }
            throw problem(
                "unknown unit \(ScheduleError.quoted(word.utf8))", column: start + 1, hint: "use w, d, h, m or s")
        }
        guard style != .wholeSeconds || Self.units[known].microseconds >= 1_000_000 else {
            throw problem("\"@every\" takes whole seconds", column: start + 1)
        }
        return known
    }

    private mutating func skipBlanks() {
        while style == .words, position < end, TextWords.isBlank(text[position]) { position += 1 }
    }

    private func refusedCalendarUnit(column: Int) -> ScheduleError {
        problem("months and years have no fixed length", column: column, hint: "use days or weeks")
    }

    // MARK: ISO 8601

    private mutating func readISO() throws(ScheduleError) {
        position += 1
        var order = 0
        var isTime = false
        var isEmpty = true
        while position < end {
            if peek == UInt8(ascii: "t"), !isTime {
                position += 1
                isTime = true
                isEmpty = true
                continue
            }
            let start = position
            let count = try readNumber()
            let fraction = try readFraction()
            let letter = peek
            if letter == UInt8(ascii: "y") || (letter == UInt8(ascii: "m") && !isTime) {
                throw refusedCalendarUnit(column: position + 1)
            }
            let letters = isTime ? ["h": 2, "m": 3, "s": 4] : ["w": 0, "d": 1]
            guard position < end, let unit = letters[String(UnicodeScalar(letter))], unit >= order,
                fraction == nil || unit == 4
            else {
                throw problem("this is not an ISO 8601 duration", hint: "write PT15M, P1DT12H or P2W")
            }
            if let fraction, style == .wholeSeconds, fraction > 0 {
                throw problem("\"@every\" takes whole seconds", column: start + 1)
            }
            position += 1
            order = unit + 1
            isEmpty = false
            try add(count, Self.units[unit].microseconds, column: start + 1)
            try add(fraction ?? 0, 1, column: start + 1)
        }
        guard !isEmpty else { throw problem("this is not an ISO 8601 duration", hint: "write PT15M, P1DT12H or P2W") }
    }

    /// Microseconds after a decimal point, further digits cut; nil without a point.
    private mutating func readFraction() throws(ScheduleError) -> Int64? {
        guard peek == UInt8(ascii: ".") else { return nil }
        position += 1
        let start = position
        var value: Int64 = 0
        while case let digit = peek &- UInt8(ascii: "0"), digit < 10 {
            if position - start < 6 { value = value * 10 + Int64(digit) }
            position += 1
        }
        guard position > start else { throw problem("expected digits after the point") }
        for _ in min(position - start, 6)..<6 { value *= 10 }
        return value
    }

    // MARK: Writing

    static func canonical(_ span: Span) -> String {
        var rest = span.microseconds.magnitude
        guard rest > 0 else { return "0s" }
        let sign = span.microseconds < 0 ? "-" : ""
        let week = UInt64(units[0].microseconds)
        if rest % week == 0 { return "\(sign)\(rest / week)w" }
        var text = sign
        for unit in units.dropFirst() {
            let (count, remainder) = rest.quotientAndRemainder(dividingBy: UInt64(unit.microseconds))
            if count > 0 { text += "\(count)\(unit.short)" }
            rest = remainder
        }
        return text
    }
}
