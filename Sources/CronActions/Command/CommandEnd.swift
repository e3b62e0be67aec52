import CronModel

/// How one run of a program ended, and what it wrote.
struct CommandEnd: Sendable {
    enum Stop: Sendable {
        case timeout, cancelled
    }

    enum Manner: Sendable {
        case notStarted(String, mayPass: Bool)
        case exited(Int)
        /// By a signal that Cron++ did not send.
        case signalled(Int)
        case stopped(Stop)
        /// It was killed, and something of it goes on all the same.
        case unstoppable(Stop)
        /// It was started, and how it ended could not be learnt.
        case unknown(String)
    }

    let manner: Manner
    let output: OutputEnds
}

extension Outcome {
    /// - Parameter hiding: takes secrets out of what the program wrote, before any of it is cut.
    init(
        _ end: CommandEnd, _ codes: CommandExitCodes, limit: String, hiding: (String) -> String = { $0 }
    ) {
        switch end.manner {
        case .notStarted(let reason, let mayPass):
            self.init(
                kind: mayPass ? .exitCode : .permanent, verdict: mayPass ? .transient : .permanent, reach: .nothingSent,
                error: reason)
        case .exited(let code):
            let verdict = codes.verdict(of: code)
            self.init(kind: verdict == .success ? .success : .exitCode, verdict: verdict, reach: .answered)
            exitCode = code
            if verdict != .success { error = "the program ended with the exit code \(code)" }
        case .signalled(let signal):
            self.init(
                kind: .exitCode, verdict: .transient, reach: .answered,
                error: "the program was ended by signal \(signal)")
        case .stopped(.timeout):
            self.init(
                kind: .timeout, verdict: .transient, reach: .maybeSent,
                error: "the program did not end within \(limit), and was ended")
        case .stopped(.cancelled):
            self = .cancelled(.maybeSent)
            // Not only by a person: the engine stops attempts whose time is over, too, and says why.
            error = "the program was stopped before it had ended"
        case .unstoppable(let stop):
            // Another attempt would run beside this one.
            self.init(
                kind: stop == .timeout ? .timeout : .cancelled, verdict: .permanent, reach: .maybeSent,
                error: "the program could not be ended and goes on: this node may not kill all of it")
        case .unknown(let reason):
            self.init(kind: .unknown, verdict: .transient, reach: .maybeSent, error: reason)
        }
        error = error.map(BoundedText.message)
        output = end.output.text(hiding: hiding)
        outputTruncated = end.output.isTruncated
    }
}

/// What an exit code says about another attempt.
///
/// A code says little by itself, so by default a failure is tried again as an HTTP 500 would be. Not so the errors of
/// sysexits.h that another attempt would only repeat (wrong usage, wrong data, no such user or host, a defect, no
/// permission, wrong configuration), nor the shell's 126 and 127: cannot be executed, not found.
struct CommandExitCodes: Hashable, Sendable {
    static let range = 0...255
    /// 69, 71, 74 and 75 are EX_UNAVAILABLE, EX_OSERR, EX_IOERR and EX_TEMPFAIL.
    static let standardTransient: JSONValue = .array([
        .string("1-63"), .integer(69), .integer(71), .integer(74), .integer(75), .string("79-125"), .string("128-255"),
    ])

    let success: NumberRanges
    let transient: NumberRanges

    static func read(_ reader: inout FieldReader) -> CommandExitCodes {
        CommandExitCodes(
            success: read("success_exit_codes", standard: .integer(0), &reader),
            transient: read("transient_exit_codes", standard: standardTransient, &reader))
    }

    /// A code that is in both counts as success.
    func verdict(of code: Int) -> Outcome.Verdict {
        if success.contains(code) { return .success }
        return transient.contains(code) ? .transient : .permanent
    }

    private static func read(_ field: String, standard: JSONValue, _ reader: inout FieldReader) -> NumberRanges {
        let value = reader.value(field) ?? standard
        // No failure need be worth another attempt, and then the list is empty.
        if value == .array([]) { return NumberRanges([]) }
        if let ranges = NumberRanges(value, within: range) { return ranges }
        reader.refuse(field, "must be an exit code, a range such as \"1-125\", or a list of them, within 0-255")
        return NumberRanges([])
    }

    static let schema: Schema = {
        let code = Schema.integer(range)
        let digits = "(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
        let text = Schema.string(pattern: "^\(digits)(-\(digits))?$", format: "cronpp-exit-codes")
        return .anyOf([code, text, .list(of: .anyOf([code, text]))])
    }()
}
