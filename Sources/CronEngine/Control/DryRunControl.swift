package import CronModel
package import CronSchedule

/// Tries an action out before a job has it: everything that it does is taken back.
package struct DryRunControl: Sendable {
    /// Within it a person waits for the answer.
    package static let longest = Span.seconds(30)

    private let store: any Store
    private let actions: ActionRegistry
    private let request: JobRequest
    private let executor: Executor

    package init(store: any Store, actions: ActionRegistry, vault: Vault) {
        self.store = store
        self.actions = actions
        let secrets = ActionSecrets(actions, vault: vault)
        request = JobRequest(actions: actions, secrets: secrets, store: store)
        executor = Executor(actions: actions, secrets: AttemptSecrets(store: store, vault: vault))
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
        let action = try Self.action(given ?? .null)
        let problems = try await request.problems(of: action, in: space)
        guard problems.isEmpty else { throw .invalid(problems) }
        guard actions[action.type]?.hasDryRun ?? false else {
            throw .invalid("action.type", "\"\(action.type)\" cannot be taken back, so it has no dry run")
        }
        let attempt = attempt(action, payload, space)
        let ended = await store.clock.run(within: Self.longest) { await executor.run(attempt) }
        var outcome = ended.value
        if ended.isLate, outcome.kind == .cancelled {
            outcome.kind = .timeout
            outcome.error = "it had not ended after \(Self.longest)"
        }
        return outcome
    }

    private static func action(_ value: JSONValue) throws(ControlError) -> ActionDefinition {
        guard var fields = value.objectValue else { throw .invalid("action", "must be an object, not \(value.kindName)") }
        guard let type = fields.removeValue(forKey: "type")?.stringValue else {
            throw .invalid("action.type", "is required")
        }
        return ActionDefinition(type: type, fields: fields)
    }

    private func attempt(_ action: ActionDefinition, _ payload: JSONValue, _ space: UserID) -> AttemptContext {
        var random = RandomSource()
        let now = store.clock.now
        var attempt = AttemptContext(
            runID: RunID(at: now, using: &random), jobID: JobID(at: now, using: &random), userID: space,
            jobName: "dry run", scheduledFor: now, zone: "", attempt: 1, fence: 1, action: action, payload: payload,
            timeout: Self.longest, delivery: .atLeastOnce)
        attempt.isDryRun = true
        return attempt
    }
}
