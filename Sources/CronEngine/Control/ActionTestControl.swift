package import CronModel
package import CronSchedule
import Synchronization

/// Tests an action before a job has it: once and for real, but what can be taken back is. Nothing is scheduled or kept
/// but the line of the audit log.
package struct ActionTestControl: Sendable {
    /// Within it a person waits for the answer.
    package static let longest = ActionTrial.longest
    /// Tests of one space under way at once on a node.
    package static let atOnce = 4

    private let store: any Store
    private let actions: ActionRegistry
    private let secrets: ActionSecrets
    private let request: JobRequest
    private let trial: ActionTrial
    private let runQuota: RunQuota?
    private let underWay = TestsUnderWay()

    package init(store: any Store, actions: ActionRegistry, vault: Vault, runQuota: RunQuota? = nil) {
        self.store = store
        self.actions = actions
        self.runQuota = runQuota
        secrets = ActionSecrets(actions, vault: vault)
        request = JobRequest(actions: actions, secrets: secrets, store: store)
        trial = ActionTrial(store: store, actions: actions, vault: vault)
    }

    /// - Parameter json: `{"action": …, "payload": …, "name": …}` as in a job, and `job_id` of the one whose secrets stand
    ///   for those that are left out.
    package func perform(_ json: JSONValue, by actor: Actor) async throws(ControlError) -> ActionTest {
        let asked = try await asked(json, in: actor.space)
        try actions.check(asked.action.type, by: actor)
        let problems = try await request.problems(of: asked.action, in: actor.space)
        guard problems.isEmpty else { throw .invalid(problems) }
        guard underWay.begin(actor.space) else {
            throw .store(.limitReached("\(Self.atOnce) tests of the space are under way here, which is the limit"))
        }
        defer { underWay.end(actor.space) }
        let test = try await made(try await attempt(asked, in: actor.space), counting: actor.space)
        try await remember(test, asked, by: actor)
        return test
    }

    // MARK: What is asked

    private struct Asked {
        var action: ActionDefinition
        var payload: JSONValue
        var name: String
        var job: JobID?
    }

    private func asked(_ json: JSONValue, in space: UserID) async throws(ControlError) -> Asked {
        guard json.objectValue != nil else { throw .invalid("", "must be an object, not \(json.kindName)") }
        var reader = try JobControl.reader(json)
        let stored = try await job(&reader, in: space)
        let payload = reader.value("payload") ?? .object([:])
        let name = reader.string("name", limit: JobLimit.nameBytes) ?? stored?.definition.name ?? "test"
        if name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            reader.refuse("name", "must be text without control characters")
        }
        var given = reader.value("action")
        if given == nil { reader.refuse("action", "is required") }
        try JobControl.finish(&reader)
        if let stored { given = secrets.restored(given ?? .null, from: try await secrets.opened(stored)) }
        return Asked(
            action: try ActionTrial.action(given ?? .null), payload: payload, name: name, job: stored?.id)
    }

    private func job(_ reader: inout FieldReader, in space: UserID) async throws(ControlError) -> Job? {
        guard let text = reader.string("job_id") else { return nil }
        guard let id = JobID(text) else {
            reader.refuse("job_id", "is not a UUID")
            return nil
        }
        let found = try await ControlError.storing { () async throws(StoreError) in
            try await store.job(id, owner: space)
        }
        guard let found else { throw .store(.notFound) }
        return found.job
    }

    // MARK: Doing it

    /// Its secrets are sealed as a job's are: what is opened for an attempt is taken out of what comes of it.
    private func attempt(_ asked: Asked, in space: UserID) async throws(ControlError) -> AttemptContext {
        var random = RandomSource()
        let now = store.clock.now
        let job = JobID(at: now, using: &random)
        let sealed = try await secrets.sealed(asked.action, of: job, in: space)
        var attempt = ActionTrial.attempt(sealed, asked.payload, of: job, named: asked.name, in: space, now: now)
        attempt.isDryRun = actions[sealed.type]?.hasDryRun ?? false
        attempt.isTest = true
        return attempt
    }

    /// What is not taken back counts as a run that was asked for.
    private func made(
        _ attempt: AttemptContext, counting space: UserID
    ) async throws(ControlError) -> ActionTest {
        guard let runQuota, !attempt.isDryRun else { return await made(attempt) }
        return try await runQuota.counting(space, isReplay: { _ in false }) { () async throws(StoreError) in
            await made(attempt)
        }
    }

    private func made(_ attempt: AttemptContext) async -> ActionTest {
        let course = ActionCourse(clock: store.clock)
        var attempt = attempt
        attempt.reached = { course.reach($0) }
        let start = store.clock.now
        let outcome = await trial.outcome(of: attempt)
        let end = store.clock.now
        return ActionTest(
            outcome: outcome, isTakenBack: attempt.isDryRun, startedAt: start, finishedAt: end,
            phases: course.phases(from: start, to: end))
    }

    /// What was called and what came of it; neither what was sent nor what was answered.
    private func remember(_ test: ActionTest, _ asked: Asked, by actor: Actor) async throws(ControlError) {
        var after: [String: JSONValue] = [
            "type": .string(asked.action.type), "outcome": .string(test.outcome.kind.rawValue),
            "taken_back": .bool(test.isTakenBack),
        ]
        after["host"] = actions[asked.action.type]?.host(of: asked.action).map { .string($0) }
        after["http_status"] = test.outcome.httpStatus.map { .integer(Int64($0)) }
        let entry = actor.entry("action.test", target: asked.job?.description, after: .object(after))
        do throws(StoreError) {
            try await store.appendAudit(entry)
        } catch {
            // It was done all the same.
            throw .store(.outcomeUnknown("\(error)"))
        }
    }
}

/// How many tests each space has under way on this node.
private final class TestsUnderWay: Sendable {
    private let counts = Mutex<[UserID: Int]>([:])

    /// False when there are as many as there may be.
    func begin(_ space: UserID) -> Bool {
        counts.withLock { counts in
            guard counts[space, default: 0] < ActionTestControl.atOnce else { return false }
            counts[space, default: 0] += 1
            return true
        }
    }

    func end(_ space: UserID) {
        counts.withLock { counts in
            let left = counts[space, default: 1] - 1
            counts[space] = left > 0 ? left : nil
        }
    }
}
