package import CronModel

/// Execute: runs one attempt's action and ends in an outcome, whatever the action does.
package struct Executor: Sendable {
    private let actions: ActionRegistry
    private let secrets: AttemptSecrets

    package init(actions: ActionRegistry, secrets: AttemptSecrets) {
        self.actions = actions
        self.secrets = secrets
    }

    package func run(_ attempt: AttemptContext) async -> Outcome {
        guard let runner = actions[attempt.action.type] else {
            var outcome = Outcome(kind: .permanent, verdict: .permanent, reach: .nothingSent)
            outcome.error = "this node has no action of type \"\(attempt.action.type)\""
            return outcome
        }
        let prepared: AttemptContext
        switch await secrets.prepared(attempt) {
        case .success(let attempt): prepared = attempt
        case .failure(let refusal): return refusal.outcome
        }
        #if FAILPOINTS
            Failpoint.hit("before_send")
        #endif
        let outcome = await runner.run(prepared)
        #if FAILPOINTS
            Failpoint.hit("after_answer")
        #endif
        return secrets.redacted(outcome, of: prepared, before: attempt.action)
    }
}
