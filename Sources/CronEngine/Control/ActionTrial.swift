import CronModel
import CronSchedule

/// Makes one attempt of an action that no job has, while somebody waits: no run, schedule or count of runs knows of it.
struct ActionTrial: Sendable {
    /// Within it a person waits for the answer.
    static let longest = Span.seconds(30)

    private let clock: any EngineClock
    private let executor: Executor

    init(store: any Store, actions: ActionRegistry, vault: Vault) {
        clock = store.clock
        executor = Executor(actions: actions, secrets: AttemptSecrets(store: store, vault: vault))
    }

    func outcome(of attempt: AttemptContext) async -> Outcome {
        let ended = await clock.run(within: Self.longest) { [executor] in await executor.run(attempt) }
        var outcome = ended.value
        if ended.isLate, outcome.kind == .cancelled {
            outcome.kind = .timeout
            outcome.error = "it had not ended after \(Self.longest)"
        }
        return outcome
    }

    /// The first and only attempt, of a run and a job that there are not.
    static func attempt(
        _ action: ActionDefinition, _ payload: JSONValue, of job: JobID, named name: String, in space: UserID,
        now: Instant
    ) -> AttemptContext {
        var random = RandomSource()
        return AttemptContext(
            runID: RunID(at: now, using: &random), jobID: job, userID: space, jobName: name, scheduledFor: now, zone: "",
            attempt: 1, fence: 1, action: action, payload: payload,
            timeout: min(longest, AttemptContext.timeout(of: action)), delivery: .atLeastOnce)
    }

    /// As a job has it in JSON.
    static func action(_ value: JSONValue) throws(ControlError) -> ActionDefinition {
        guard var fields = value.objectValue else { throw .invalid("action", "must be an object, not \(value.kindName)") }
        guard let type = fields.removeValue(forKey: "type")?.stringValue else {
            throw .invalid("action.type", "is required")
        }
        return ActionDefinition(type: type, fields: fields)
    }
}
