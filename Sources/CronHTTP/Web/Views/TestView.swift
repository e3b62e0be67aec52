import CronEngine
import CronModel

/// What is said beside the button that tests an action.
struct TestWords: Sendable {
    enum Effect: Sendable {
        case real
        /// All is taken back.
        case dryRun
    }

    let effect: String

    init(_ effect: Effect, kind: String) {
        self.effect =
            switch (effect, kind) {
            case (.dryRun, _): "Runs it once and takes everything back."
            case (.real, "webhook"): "Sends the request once, now, with the header Cronpp-Test: true."
            case (.real, "alert"): "Sends the message once, now, with [TEST] before its title."
            case (.real, "command"): "Runs the program once, now, on this server, with CRONPP_TEST=1."
            case (.real, _): "Does it once, now."
            }
    }
}

/// What a test of an action has come to.
struct TestView: Sendable {
    let verdict: String
    let isSuccess: Bool
    /// Status, rows and the like, and how long it took.
    let facts: String
    let phases: [PhaseView]
    let hasPhases: Bool
    let failure: String?
    let output: String?
    let isCut: Bool

    struct PhaseView: Sendable {
        let phase: String
        let took: String
    }

    init(_ test: ActionTest, kind: String) {
        let outcome = test.outcome
        isSuccess = outcome.verdict == .success
        verdict =
            test.isTakenBack
            ? "It would \(isSuccess ? "work" : "fail"). Everything was taken back."
            : isSuccess ? "It works." : "It fails."
        var facts: [String] = []
        if !isSuccess { facts.append(outcome.kind.words) }
        if let status = outcome.httpStatus { facts.append("HTTP \(status)") }
        if let code = outcome.exitCode { facts.append("exit code \(code)") }
        if let rows = outcome.rows { facts.append(rows == 1 ? "1 row" : "\(rows) rows") }
        facts.append("took \(DurationText.exact(test.took))")
        self.facts = facts.joined(separator: ", ")
        phases = test.phases.map { PhaseView(phase: $0.name.words, took: DurationText.exact($0.took)) }
        hasPhases = !phases.isEmpty
        failure = outcome.error.map(ShownText.output)
        output = outcome.output.flatMap { $0.isEmpty ? nil : ShownText.output($0) }
        isCut = outcome.outputTruncated
    }
}

extension ActionPhase.Name {
    fileprivate var words: String {
        switch self {
        case .lookUp: "Look-up of the name"
        case .connect: "Connection"
        case .wait: "Wait for the answer"
        case .read: "Answer"
        }
    }
}
