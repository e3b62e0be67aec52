/// Tells the kinds of schedule text apart and hands each to its reader (Docs/schedules.md §1, §3, §9).
struct ScheduleReader {
    private let text: [UInt8]
    private let options: Schedule.Options
    private(set) var zone: String
    private(set) var hasZonePrefix = false
    private(set) var notices: [String] = []
    /// The cron fields, for kinds that have them.
    private(set) var syntax: CronSyntax?

    init(_ text: String, _ options: Schedule.Options) throws(ScheduleError) {
        // Counting an over-long text would walk all of it; a slice does not.
        let bytes = Array(text.utf8.prefix(Schedule.maxTextBytes + 1))
        guard bytes.count <= Schedule.maxTextBytes else { throw TextLimits.tooLong(text.utf8.count) }
        try TextLimits.check(bytes)
        self.text = bytes
        self.options = options
        zone = options.timezone
    }

    /// The macros that stand for fields.
    static let macros: KeyValuePairs<String, String> = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    mutating func read() throws(ScheduleError) -> Timetable {
        var words = TextWords.split(text, 0..<text.count)
        let zoneColumn = try readPrefix(&words)
        let rules = try ZoneCatalog.knownRules(for: zone, column: zoneColumn)
        guard let first = words.first, let last = words.last else {
            throw ScheduleError(.fieldCount, "expected 5, 6 or 7 fields, found 0")
        }
        let span = first.lowerBound..<last.upperBound
        let start = lowercased(first)
        if start.hasPrefix("@") { return try readMacro(start, words, rules) }
        if start == "now" && words.count == 1 { return .delay(.zero) }
        if start == "in" { return try readDelay(words, span) }
        if words.count == 1, isISODuration(start) { return .delay(try boundedDelay(.words, span)) }
        if TimestampText.looksLikeDate(text, first) { return try readTimestamp(span, rules) }
        if words.count == 1 { try refuseBareDigits(first) }
        return try readFields(text, span, rules)
    }

    // MARK: Zone prefix

    private mutating func readPrefix(_ words: inout [Range<Int>]) throws(ScheduleError) -> Int? {
        guard let first = words.first else { return nil }
        let word = text[first]
        for name in ["TZ=", "CRON_TZ="] where word.starts(with: name.utf8) {
            let column = first.lowerBound + name.utf8.count + 1
            zone = String(decoding: word.dropFirst(name.utf8.count), as: UTF8.self)
            guard !zone.isEmpty else {
                throw ScheduleError(.zone, "the time zone after \"\(name)\" is empty", column: column - 1)
            }
            hasZonePrefix = true
            words.removeFirst()
            return column
        }
        let lower = lowercased(first)
        guard lower.hasPrefix("tz=") || lower.hasPrefix("cron_tz=") else { return nil }
        throw ScheduleError(
            .syntax, "the zone prefix is written in capitals", column: first.lowerBound + 1, hint: "use TZ= or CRON_TZ="
        )
    }

    // MARK: Cron fields and macros

    private mutating func readFields(
        _ fields: [UInt8], _ span: Range<Int>, _ rules: TimeZoneRules, dialect: Schedule.Dialect? = nil
    ) throws(ScheduleError) -> Timetable {
        let syntax = try CronParser.parse(fields, span: span, dialect: dialect ?? options.dialect, jobID: options.jobID)
        self.syntax = syntax
        if !syntax.needsBothDays {
            notices.append("day-of-month and day-of-week are both restricted: a day that matches either one is enough")
        }
        return .cron(CronOccurrences(CronExpression(syntax), rules, gap: options.dstGap, fold: options.dstFold))
    }

    private mutating func readMacro(_ name: String, _ words: [Range<Int>], _ rules: TimeZoneRules)
        throws(ScheduleError) -> Timetable
    {
        let column = words[0].lowerBound + 1
        let second = name.utf8.dropFirst().first ?? 0
        if second &- UInt8(ascii: "0") < 10 { return try readEpoch(words) }
        if name == "@every" { return try readEvery(words) }
        let fields = Self.macros.first { $0.key == name }?.value
        guard fields != nil || name == "@reboot" else { throw unknownMacro(name, column: column) }
        guard words.count == 1 else {
            throw ScheduleError(
                .syntax, "nothing may follow \(ScheduleError.quoted(text[words[0]]))", column: words[1].lowerBound + 1)
        }
        guard let fields else { return .reboot }
        let bytes = Array(fields.utf8)
        return try readFields(bytes, 0..<bytes.count, rules, dialect: .cronpp)
    }

    private func unknownMacro(_ name: String, column: Int) -> ScheduleError {
        let known = Self.macros.map(\.key) + ["@every", "@reboot"]
        let near = known.map { (word: $0, distance: WordDistance.between(name, $0)) }.min { $0.distance < $1.distance }
        var hint = "use one of @yearly @monthly @weekly @daily @hourly @every @reboot"
        if let near, near.distance <= 2 { hint = "did you mean \"\(near.word)\"?" }
        return ScheduleError(
            .macro, "unknown macro \(ScheduleError.quoted(text[(column - 1)..<(column - 1 + name.utf8.count)]))",
            column: column, hint: hint)
    }

    private func readEvery(_ words: [Range<Int>]) throws(ScheduleError) -> Timetable {
        guard words.count == 2 else {
            let column = words.count > 2 ? words[2].lowerBound + 1 : words[0].upperBound
            throw ScheduleError(
                .duration,
                words.count > 2 ? "\"@every\" takes one length of time" : "\"@every\" needs a length of time",
                column: column, hint: "write \"@every 1h30m\"")
        }
        let length = try DurationText.read(text, words[1], .wholeSeconds)
        guard length >= .seconds(1), length <= Schedule.maxInterval else {
            throw ScheduleError(
                .duration, "the interval \(length) is outside 1s-\(Schedule.maxInterval)",
                column: words[1].lowerBound + 1)
        }
        return .every(length)
    }

    // MARK: One-shots

    private func readEpoch(_ words: [Range<Int>]) throws(ScheduleError) -> Timetable {
        let column = words[0].lowerBound + 1
        let digits = text[words[0]].dropFirst()
        guard digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), words.count == 1,
            let number = Int64(String(decoding: digits, as: UTF8.self)),
            digits.count <= 10 || digits.count == 13
        else {
            throw ScheduleError(
                .timestamp, "an epoch time has up to 10 digits (seconds) or 13 digits (milliseconds)", column: column)
        }
        let instant = digits.count == 13 ? Instant(microseconds: 0) + .milliseconds(number) : Instant(seconds: number)
        guard instant < Instant(seconds: Int64(CivilTime.endOfYears)) else {
            throw ScheduleError(.timestamp, "\(instant) is outside 1970-2199", column: column)
        }
        return .at(try judged(instant, column: column))
    }

    private func isISODuration(_ word: String) -> Bool {
        guard word.hasPrefix("p"), let second = word.utf8.dropFirst().first else { return false }
        return second == UInt8(ascii: "t") || second &- UInt8(ascii: "0") < 10
    }

    private func readDelay(_ words: [Range<Int>], _ span: Range<Int>) throws(ScheduleError) -> Timetable {
        guard words.count > 1 else {
            throw ScheduleError(
                .duration, "\"in\" needs a length of time", column: span.upperBound, hint: "write \"in 30m\"")
        }
        return .delay(try boundedDelay(.words, words[1].lowerBound..<span.upperBound))
    }

    private func boundedDelay(_ style: DurationText.Style, _ span: Range<Int>) throws(ScheduleError) -> Span {
        let delay = try DurationText.read(text, span, style)
        guard delay <= Schedule.maxInterval else {
            throw ScheduleError(
                .duration, "the delay is longer than \(Schedule.maxInterval)", column: span.lowerBound + 1)
        }
        return delay
    }

    private mutating func readTimestamp(_ span: Range<Int>, _ rules: TimeZoneRules) throws(ScheduleError) -> Timetable {
        let parts = try TimestampText.read(text, span)
        var rules = rules
        if let range = parts.zone {
            let id = String(decoding: text[range], as: UTF8.self)
            let named = try ZoneCatalog.knownRules(for: id, column: range.lowerBound + 1)
            guard !hasZonePrefix || id == zone else {
                throw ScheduleError(.zone, "two time zones, \(zone) and \(id)", column: range.lowerBound + 1)
            }
            zone = id
            rules = named
        }
        var reader = OneShotReader(text: text, options: options, rules: rules, column: span.lowerBound + 1)
        let instant = try reader.resolve(parts)
        notices += reader.notices
        return .at(try judged(instant, column: span.lowerBound + 1))
    }

    private func judged(_ instant: Instant, column: Int) throws(ScheduleError) -> Instant {
        guard let now = options.now, instant < now, !options.allowPast else { return instant }
        throw ScheduleError(
            .past, "\(instant) is in the past", column: column, hint: "allow past times to run it at once")
    }

    private func refuseBareDigits(_ word: Range<Int>) throws(ScheduleError) {
        guard text[word].allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return }
        throw ScheduleError(
            .timestamp, "bare digits are ambiguous", column: word.lowerBound + 1,
            hint: "write \"@\(ScheduleError.quoted(text[word]).filter { $0 != "\"" })\" for an epoch time")
    }

    private func lowercased(_ word: Range<Int>) -> String {
        String(decoding: text[word].map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}
