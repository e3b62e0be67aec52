/// Dates and times of day as text (Docs/schedules.md §9): RFC 3339, local times, and RFC 9557's `[Zone]`.
struct TimestampText {
    /// What stood in the text; nothing is resolved yet.
    struct Parts {
        var year = 0
        var month = 0
        var day = 0
        /// Seconds since midnight.
        var time = 0
        var microseconds = 0
        var hasTime = false
        var hasSeconds = false
        /// Seconds east of UTC.
        var offset: Int?
        /// The offset was written `Z`, which claims nothing about the local clock (RFC 9557 §2).
        var isZulu = false
        /// Where a zone id stands in the text, after a blank or in brackets.
        var zone: Range<Int>?

        var wallSecond: Int {
            CivilTime.day(year: year, month: month, day: day) * CivilTime.secondsPerDay + time
        }
    }

    private let text: [UInt8]
    private let end: Int
    private var position: Int
    private var parts = Parts()

    private init(_ text: [UInt8], _ span: Range<Int>) {
        self.text = text
        position = span.lowerBound
        end = span.upperBound
    }

    /// Whether a word begins like a date, so that a complaint about dates helps more than one about cron fields.
    static func looksLikeDate(_ text: [UInt8], _ word: Range<Int>) -> Bool {
        word.count >= 8 && text[word.lowerBound + 4] == UInt8(ascii: "-")
            && text[word.lowerBound..<(word.lowerBound + 4)].allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
    }

    static func read(_ text: [UInt8], _ span: Range<Int>) throws(ScheduleError) -> Parts {
        var reader = TimestampText(text, span)
        try reader.readDate()
        if reader.position < reader.end { try reader.readRest() }
        return reader.parts
    }

    static func readInstant(_ text: [UInt8]) throws(ScheduleError) -> Instant {
        guard text.count <= Schedule.maxTextBytes else { throw TextLimits.tooLong(text.count) }
        var reader = TimestampText(text, 0..<text.count)
        try reader.readDate()
        guard reader.position < reader.end else { throw reader.problem("the time of day is missing") }
        try reader.readRest()
        let parts = reader.parts
        guard let offset = parts.offset else {
            throw reader.problem("the offset is missing", hint: "end with Z or an offset such as +01:00")
        }
        guard parts.hasSeconds, parts.zone == nil else { throw reader.problem("this is not an RFC 3339 time") }
        let (whole, tooLarge) = Int64(parts.wallSecond - offset).multipliedReportingOverflow(by: 1_000_000)
        // The very first instant lies inside a second whose start is out of range.
        guard !tooLarge else { return parts.year < 0 ? Instant(microseconds: .min) : Instant(microseconds: .max) }
        return Instant(microseconds: saturatingSum(whole, Int64(parts.microseconds)))
    }

    // MARK: Reading

    private func problem(_ message: String, column: Int? = nil, hint: String? = nil) -> ScheduleError {
        ScheduleError(.timestamp, message, column: max(1, column ?? min(position + 1, end)), hint: hint)
    }

    private var peek: UInt8 { position < end ? text[position] : 0 }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func readDigits(_ count: Int, _ what: String) throws(ScheduleError) -> Int {
        var value = 0
        for _ in 0..<count {
            let digit = peek &- UInt8(ascii: "0")
            guard digit < 10 else { throw problem("expected \(count) digits for the \(what)") }
            value = value * 10 + Int(digit)
            position += 1
        }
        return value
    }

    private mutating func readNumber(_ what: String, _ allowed: ClosedRange<Int>) throws(ScheduleError) -> Int {
        let column = position + 1
        let value = try readDigits(2, what)
        guard allowed.contains(value) else {
            throw problem(
                "\(what) \(DigitText.two(value)) is outside \(DigitText.two(allowed.lowerBound))-\(allowed.upperBound)",
                column: column)
        }
        return value
    }

    private mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(ScheduleError) {
        guard take(character) else { throw problem("expected \"\(character)\" \(place)") }
    }

    private mutating func readDate() throws(ScheduleError) {
        let sign = take("-") ? -1 : take("+") ? 1 : 0
        parts.year = sign == 0 ? try readDigits(4, "year") : sign * (try readDigits(6, "year"))
        try expect("-", "after the year")
        parts.month = try readNumber("month", 1...12)
        try expect("-", "after the month")
        let column = position + 1
        parts.day = try readNumber("day", 1...31)
        guard parts.day <= CivilTime.length(ofMonth: parts.month, year: parts.year) else {
            throw problem("there is no day \(parts.day) in month \(parts.month) of \(parts.year)", column: column)
        }
    }

    private mutating func readRest() throws(ScheduleError) {
        let separator = position
        guard take("T") || take("t") || take(" ") else {
            if peek == UInt8(ascii: "[") { return try readBracketedZone() }
            throw problem("expected \"T\" or a blank after the date")
        }
        if separator + 1 < end, text[separator] == UInt8(ascii: " "), peek &- UInt8(ascii: "0") >= 10 {
            position = separator
        } else {
            try readTime()
            try readOffset()
        }
        if peek == UInt8(ascii: "[") { return try readBracketedZone() }
        if position < end { try readTrailingZone() }
    }

    private mutating func readTime() throws(ScheduleError) {
        let column = position + 1
        let hour = try readDigits(2, "hour")
        guard hour <= 23 else {
            throw problem(
                "hour \(hour) is outside 00-23", column: column, hint: hour == 24 ? "use 00:00 of the next day" : nil)
        }
        try expect(":", "after the hour")
        parts.time = hour * 3_600 + (try readNumber("minute", 0...59)) * 60
        parts.hasTime = true
        guard take(":") else { return }
        parts.time += try readNumber("second", 0...59)
        parts.hasSeconds = true
        guard take(".") else { return }
        var unit = 100_000
        guard peek &- UInt8(ascii: "0") < 10 else { throw problem("expected digits after the point") }
        while case let digit = peek &- UInt8(ascii: "0"), digit < 10 {
            parts.microseconds += Int(digit) * unit
            unit /= 10
            position += 1
        }
    }

    private mutating func readOffset() throws(ScheduleError) {
        if take("Z") || take("z") {
            parts.offset = 0
            parts.isZulu = true
            return
        }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0 else { return }
        let hours = try readNumber("offset hour", 0...23)
        try expect(":", "in the offset")
        parts.offset = sign * (hours * 3_600 + (try readNumber("offset minute", 0...59)) * 60)
    }

    private mutating func readBracketedZone() throws(ScheduleError) {
        position += 1
        _ = take("!")
        let start = position
        while position < end, peek != UInt8(ascii: "]") {
            guard peek != UInt8(ascii: "=") else { throw problem("only a time zone may stand in brackets") }
            position += 1
        }
        parts.zone = start..<position
        try expect("]", "after the time zone")
        guard position == end else { throw problem("nothing may follow the time zone") }
    }

    private mutating func readTrailingZone() throws(ScheduleError) {
        let words = TextWords.split(text, position..<end)
        guard TextWords.isBlank(peek), let zone = words.first else {
            throw problem("unexpected \(ScheduleError.quoted(text[position...position]))")
        }
        guard words.count == 1 else {
            throw problem("nothing may follow the time zone", column: words[1].lowerBound + 1)
        }
        parts.zone = zone
        position = end
    }

    // MARK: Writing

    static func canonical(_ instant: Instant) -> String {
        let second = Int(instant.wholeSeconds)
        let day = CivilTime.floorDivide(second, by: CivilTime.secondsPerDay)
        let date = CivilTime.date(ofDay: day)
        let time = second - day * CivilTime.secondsPerDay
        // The remainder is taken first: the second of the earliest instant starts out of range.
        let remainder = Int(instant.microseconds % 1_000_000)
        let fraction = DigitText.padded(remainder < 0 ? remainder + 1_000_000 : remainder, width: 6)
        let clock = "\(DigitText.two(time / 3_600)):\(DigitText.two(time / 60 % 60)):\(DigitText.two(time % 60))"
        return
            "\(DigitText.year(date.year))-\(DigitText.two(date.month))-\(DigitText.two(date.day))T\(clock).\(fraction)Z"
    }
}
