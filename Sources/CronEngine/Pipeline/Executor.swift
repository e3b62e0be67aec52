package import CronModel

/// Execute: runs one attempt's action and ends in an outcome, whatever the action does.
package struct Executor: Sendable {
    private let actions: ActionRegistry

    package init(actions: ActionRegistry) {
        self.actions = actions
    }

    package func run(_ attempt: AttemptContext) async -> Outcome {
        guard let runner = actions[attempt.action.type] else {
            var outcome = Outcome(kind: .permanent, verdict: .permanent, reach: .nothingSent)
            outcome.error = "this node has no action of type \"\(attempt.action.type)\""
            return outcome
        }
        #if FAILPOINTS
            Failpoint.hit("before_send")
        #endif
        let outcome = await runner.run(attempt)
        #if FAILPOINTS
            Failpoint.hit("after_answer")
        #endif
        return outcome
    }
}
