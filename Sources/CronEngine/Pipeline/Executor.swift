package import CronModel

/// Execute: runs one attempt's action and ends in an outcome, whatever the action does.
package struct Executor: Sendable {
    private let actions: ActionRegistry
    private let secrets: AttemptSecrets
    private let outputs: LiveOutputs?

    /// - Parameter outputs: told of output while it is written; nil shows it with the outcome only.
    package init(actions: ActionRegistry, secrets: AttemptSecrets, outputs: LiveOutputs? = nil) {
        self.actions = actions
        self.secrets = secrets
        self.outputs = outputs
    }

    package func run(_ attempt: AttemptContext) async -> Outcome {
        guard let runner = actions[attempt.action.type] else {
            var outcome = Outcome(kind: .permanent, verdict: .permanent, reach: .nothingSent)
            outcome.error = "action.type: \(actions.absence(of: attempt.action.type))"
            return outcome
        }
        if attempt.isVerifying, !attempt.action.keepsLedger { return .unverifiable }
        var prepared: AttemptContext
        switch await secrets.prepared(attempt, references: runner.references) {
        case .success(let attempt): prepared = attempt
        case .failure(let refusal): return refusal.outcome
        }
        #if FAILPOINTS
            Failpoint.hit("before_send")
        #endif
        let tap = runner.hasLiveOutput ? follow(&prepared, sealed: attempt.action) : nil
        let outcome = await runner.run(prepared)
        if let tap { outputs?.end(tap) }
        #if FAILPOINTS
            Failpoint.hit("after_answer")
        #endif
        return secrets.redacted(outcome, of: prepared)
    }

    /// Lets the attempt's output be followed.
    private func follow(_ attempt: inout AttemptContext, sealed: ActionDefinition) -> OutputTap? {
        guard let outputs else { return nil }
        let tap = outputs.begin(attempt, hiding: AttemptSecrets.all(of: attempt, before: sealed))
        attempt.output = { tap.offer($0) }
        return tap
    }
}

extension Outcome {
    /// The job was given another action while its run was in doubt.
    fileprivate static var unverifiable: Outcome {
        var outcome = Outcome(kind: .unknown, verdict: .permanent, reach: .nothingSent)
        outcome.error = "whether an earlier attempt took effect cannot be asked: the job's action keeps no ledger any more"
        return outcome
    }
}
