package import CronModel
package import CronSchedule

/// Tries an action out before a job has it: everything that it does is taken back.
package struct DryRunControl: Sendable {
    package static let longest = ActionTrial.longest

    private let clock: any EngineClock
    private let actions: ActionRegistry
    private let request: JobRequest
    private let trial: ActionTrial

    package init(store: any Store, actions: ActionRegistry, vault: Vault) {
        clock = store.clock
        self.actions = actions
        let secrets = ActionSecrets(actions, vault: vault)
        request = JobRequest(actions: actions, secrets: secrets, store: store)
        trial = ActionTrial(store: store, actions: actions, vault: vault)
    }

    /// The actions that can be tried out so.
    package static func types(_ actions: ActionRegistry) -> [String] {
        actions.types.filter { actions[$0]?.hasDryRun ?? false }
    }

    /// - Parameter json: `{"action": …, "payload": …}`, as in a job.
    package func perform(_ json: JSONValue, space: UserID) async throws(ControlError) -> Outcome {
        guard json.objectValue != nil else { throw .invalid("", "must be an object, not \(json.kindName)") }
        var reader = try JobControl.reader(json)
        let payload = reader.value("payload") ?? .object([:])
        let given = reader.value("action")
        if given == nil { reader.refuse("action", "is required") }
        try JobControl.finish(&reader)
        let action = try ActionTrial.action(given ?? .null)
        let problems = try await request.problems(of: action, in: space)
        guard problems.isEmpty else { throw .invalid(problems) }
        guard actions[action.type]?.hasDryRun ?? false else {
            throw .invalid("action.type", "\"\(action.type)\" cannot be taken back, so it has no dry run")
        }
        var random = RandomSource()
        let now = clock.now
        var attempt = ActionTrial.attempt(
            action, payload, of: JobID(at: now, using: &random), named: "dry run", in: space, now: now)
        attempt.timeout = Self.longest
        attempt.isDryRun = true
        return await trial.outcome(of: attempt)
    }
}
