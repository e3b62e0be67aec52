/// Turns a timestamp's parts into an instant, with notices or refusals for gaps and folds (Docs/schedules.md §9).
struct OneShotReader {
    let text: [UInt8]
    let options: Schedule.Options
    let rules: TimeZoneRules
    /// 1-based column of the timestamp.
    let column: Int
    private(set) var notices: [String] = []

    init(text: [UInt8], options: Schedule.Options, rules: TimeZoneRules, column: Int) {
        self.text = text
        self.options = options
        self.rules = rules
        self.column = column
    }

    mutating func resolve(_ parts: TimestampText.Parts) throws(ScheduleError) -> Instant {
        guard CivilTime.years.contains(parts.year) else {
            throw problem(.timestamp, "year \(parts.year) is outside 1970-2199")
        }
        let second: Int
        if let offset = parts.offset {
            second = parts.wallSecond - offset
            try checkAgreement(parts, second: second, offset: offset)
        } else {
            second = try resolveLocal(parts.wallSecond)
        }
        // Fractions are cut to milliseconds here (Docs/schedules.md §9).
        let micros = Int64(parts.microseconds / 1_000 * 1_000)
        return Instant(microseconds: Int64(second) * 1_000_000 + micros)
    }

    /// RFC 9557 §3.4: an offset that contradicts the zone makes the text ambiguous.
    private func checkAgreement(_ parts: TimestampText.Parts, second: Int, offset: Int) throws(ScheduleError) {
        guard parts.zone != nil, !parts.isZulu else { return }
        let actual = rules.local(at: second).offset
        guard actual != offset else { return }
        throw problem(
            .timestamp,
            "offset \(DigitText.offset(offset)) does not agree with \(rules.id), which is at \(DigitText.offset(actual)) then"
        )
    }

    private mutating func resolveLocal(_ wall: Int) throws(ScheduleError) -> Int {
        switch rules.occurrence(ofWall: wall) {
        case .once(let second):
            return second
        case .gap(let run):
            let what = "\(clock(wall)) does not exist in \(rules.id): the clocks jump over it"
            if options.strictTime { throw problem(.gap, "\(what), and strict time is on") }
            if options.dstGap == .skip { throw problem(.gap, "\(what), and dst_gap is skip") }
            notices.append("\(what); it runs at \(LocalTime(Instant(seconds: Int64(run)), in: rules).text)")
            return run
        case .fold(let first, let last):
            let what = "\(clock(wall)) happens twice in \(rules.id)"
            if options.strictTime { throw problem(.fold, "\(what), and strict time is on") }
            if options.dstFold == .both { throw problem(.fold, "\(what), and dst_fold is both") }
            let isLast = options.dstFold == .last
            let chosen = isLast ? last : first
            let shown = LocalTime(Instant(seconds: Int64(chosen)), in: rules).text
            notices.append("\(what); it runs the \(isLast ? "last" : "first") time, at \(shown)")
            return chosen
        }
    }

    private func problem(_ kind: ScheduleError.Kind, _ message: String) -> ScheduleError {
        ScheduleError(kind, message, column: column)
    }

    private func clock(_ wall: Int) -> String {
        let instant = Instant(seconds: Int64(wall))
        return String(LocalTime(instant, in: .utc).text.prefix(19)).replacing("T", with: " ")
    }
}

extension String {
    fileprivate func replacing(_ old: Character, with new: Character) -> String {
        String(map { $0 == old ? new : $0 })
    }
}
