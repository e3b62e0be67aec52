package import CronModel
import CronSchedule

/// Jobs, for everything that is not the engine: the only way in for API, web and CLI.
package struct JobControl: Sendable {
    package static let bulkLimit = 1_000
    /// How often an edit without `If-Match` is made anew when another one came between.
    static let editTries = 5

    let store: any Store
    let signal: any EngineSignal
    let secrets: ActionSecrets
    let request: JobRequest
    /// Most jobs that one request about many may be about.
    let matchLimit: Int
    var audit: JobAudit { JobAudit(secrets: secrets) }

    /// Most jobs of a space.
    let quota: Int?
    let runQuota: RunQuota?

    package init(
        store: any Store, actions: ActionRegistry, signal: any EngineSignal, vault: Vault, quota: Int? = nil,
        runQuota: RunQuota? = nil, matchLimit: Int = JobControl.matchLimit
    ) {
        self.quota = quota
        self.runQuota = runQuota
        self.store = store
        self.matchLimit = matchLimit
        self.signal = signal
        secrets = ActionSecrets(actions, vault: vault)
        request = JobRequest(actions: actions, secrets: secrets, store: store)
    }

    func answer(_ view: JobView) -> JobAnswer { JobAnswer(view, secrets: secrets) }
}

// MARK: - Creating

extension JobControl {
    /// - Returns: the job, and whether an earlier request with the same idempotency key had made it.
    package func create(
        _ json: JSONValue, by actor: Actor, idempotency: IdempotencyKey? = nil
    ) async throws(ControlError) -> (job: JobAnswer, isReplay: Bool) {
        let draft = try await draft(json, by: actor, idempotency: idempotency)
        let results = try await ControlError.storing { () async throws(StoreError) in
            try await store.createJobs([draft], audit: audit.created(by: actor))
        }
        guard let result = results.first else { throw .store(.corrupt("the store answered no result for a job")) }
        switch result {
        case .success(let created):
            signal.wake()
            if !created.isReplay { tell([created.job]) }
            return (answer(created.job), created.isReplay)
        case .failure(let error):
            throw ControlError(error)
        }
    }

    /// Each job has its own result; those that are right are stored in one transaction.
    /// - Parameter idempotency: of the whole request; each of its jobs has a key of its own made from it.
    package func createMany(
        _ items: [JSONValue], by actor: Actor, idempotency: IdempotencyKey? = nil
    ) async throws(ControlError) -> [Result<JobAnswer, ControlError>] {
        var drafts: [Result<JobDraft, ControlError>] = []
        for (index, item) in items.enumerated() {
            do throws(ControlError) {
                drafts.append(.success(try await draft(item, by: actor, idempotency: idempotency?.part(index))))
            } catch {
                // A store that cannot be asked is no fault of this one job.
                if error.concernsAll { throw error }
                drafts.append(.failure(error))
            }
        }
        let valid = drafts.compactMap { try? $0.get() }
        guard !valid.isEmpty else { return drafts.map { $0.flatMap { _ in .failure(.invalid([])) } } }
        var stored = try await ControlError.storing { () async throws(StoreError) in
            try await store.createJobs(valid, audit: audit.createdMany(by: actor))
        }[...]
        signal.wake()
        tell(stored.compactMap { try? $0.get().job })
        return drafts.map { draft in
            draft.flatMap { _ in
                let result = stored.popFirst() ?? .failure(.corrupt("the store answered too few results"))
                return result.map { answer($0.job) }.mapError { ControlError($0) }
            }
        }
    }

    private func draft(
        _ json: JSONValue, by actor: Actor, idempotency: IdempotencyKey?
    ) async throws(ControlError) -> JobDraft {
        let owner = actor.space
        var random = RandomSource()
        let now = store.clock.now
        let id = try JobRequest.id(json) ?? JobID(at: now, using: &random)
        // A new job starts armed, whatever the flag says: an upsert may not know that it creates.
        _ = try JobRequest.rearm(json)
        let json = try await typed(json, in: owner)
        var definition = try await request.definition(json, id: id, by: actor, now: now)
        definition.action = try await secrets.sealed(definition.action, of: id, in: owner)
        return JobDraft(id: id, userID: owner, definition: definition, idempotency: idempotency, quota: quota)
    }
}

// MARK: - Reading

extension JobControl {
    package func read(_ id: JobID, owner: UserID) async throws(ControlError) -> JobAnswer {
        answer(try await view(id, owner: owner))
    }

    package func list(_ query: JobQuery) async throws(ControlError) -> Page<JobAnswer> {
        let page = try await ControlError.storing { () async throws(StoreError) in try await store.jobs(query) }
        return Page(items: page.items.map(answer), next: page.next)
    }

    /// How many jobs a search finds, whatever its limit.
    package func count(_ query: JobQuery) async throws(ControlError) -> Int {
        var query = query
        query.limit = 1
        return try await ControlError.storing { [query] () async throws(StoreError) in
            try await store.selectJobs(query)
        }.count
    }

    func view(_ id: JobID, owner: UserID) async throws(ControlError) -> JobView {
        let found = try await ControlError.storing { () async throws(StoreError) in
            try await store.job(id, owner: owner)
        }
        guard let found else { throw .store(.notFound) }
        return found
    }
}
