package import CronModel
import CronSchedule
import HashTreeCollections

extension MemoryVerb {
    package static func createJobs(
        _ drafts: [JobDraft], audit: Auditing<[Result<CreatedJob, StoreError>]>? = nil
    ) -> MemoryVerb where Answer == [Result<CreatedJob, StoreError>] {
        MemoryVerb("create") { transaction in
            try transaction.lock(Set(drafts.flatMap(\.lockedNames)))
            if audit != nil { try transaction.lockPeople() }
            return try transaction.audited(audit) {
                try drafts.map { draft in
                    do {
                        return .success(try transaction.create(draft))
                    } catch let error as StoreError {
                        return .failure(error)
                    } catch let refusal as ChangeRefusal {
                        return .failure(StoreError(refusal))
                    }
                }
            }
        }
    }

    /// T7.
    package static func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, idempotency: IdempotencyKey? = nil,
        audit: Auditing<ChangedJob>? = nil
    ) -> MemoryVerb where Answer == ChangedJob {
        MemoryVerb("change") { transaction in
            let job = try transaction.lockForChange(id, owner: owner, change)
            if let idempotency { try transaction.lock([idempotency.lockName(job.userID)]) }
            if audit != nil || idempotency != nil { try transaction.lockPeople() }
            if let idempotency, let run = try transaction.started(by: idempotency, owner: job.userID) {
                return ChangedJob(replayed: run, of: transaction.view(job))
            }
            guard job.deletedAt == nil else { throw StoreError.notFound }
            if change.dividesTime, let until = transaction.latestFutureStart(of: id) {
                try transaction.wait(until: until)
            }
            if let version, version != job.version { throw StoreError.versionMismatch(current: job.version) }
            return try transaction.audited(audit) {
                let result = try transaction.apply(change, to: job)
                let triggered = result.inserted.last { $0.origin == .trigger }
                if let triggered { transaction.keep(idempotency, for: triggered) }
                return ChangedJob(
                    before: job, job: transaction.view(result.job), triggered: triggered,
                    cancelRequests: result.cancelRequests)
            }
        }
    }
}

extension JobDraft {
    fileprivate var lockedNames: [LockName] {
        [.name(userID, "job \(definition.name)")] + (idempotency.map { [$0.lockName(userID)] } ?? [])
    }
}

extension IdempotencyKey {
    func lockName(_ owner: UserID) -> LockName { .name(owner, "key \(key)") }
}

extension MemoryTransaction {
    /// The run that the key started before.
    func started(by key: IdempotencyKey, owner: UserID) throws -> Run? {
        guard let used = used(key, owner: owner) else { return nil }
        guard used.bodyDigest == key.bodyDigest, let run = used.run else { throw IdempotencyKey.isOfAnother }
        guard let run = tables.runs[run] else { throw IdempotencyKey.runIsGone }
        return run
    }

    func keep(_ key: IdempotencyKey?, for run: Run) {
        guard let key else { return }
        let name = PeopleTables.KeyName(user: run.userID, key: key.key)
        let use = PeopleTables.UsedKey(bodyDigest: key.bodyDigest, job: run.jobID, run: run.id, at: now)
        changePeople { $0.usedKeys[name] = use }
    }

    private func used(_ key: IdempotencyKey, owner: UserID) -> PeopleTables.UsedKey? {
        let used = tables.people.usedKeys[PeopleTables.KeyName(user: owner, key: key.key)]
        return used.flatMap { $0.at > now - IdempotencyKey.kept ? $0 : nil }
    }
}

extension MemoryTransaction {
    fileprivate func create(_ draft: JobDraft) throws -> CreatedJob {
        if let replay = try replay(draft) { return replay }
        if draft.quota != nil {
            try draft.checkQuota(tables.jobs.values.count { $0.userID == draft.userID && $0.deletedAt == nil })
        }
        guard tables.jobs[draft.id] == nil else { throw StoreError.conflict("a job with the id \(draft.id) exists") }
        let now = now
        let result = try withRandom { random in
            try CreateRule.create(draft.definition, id: draft.id, userID: draft.userID, now: now, random: &random)
        }
        try write(result)
        if let key = draft.idempotency {
            let name = PeopleTables.KeyName(user: draft.userID, key: key.key)
            changePeople { $0.usedKeys[name] = .init(bodyDigest: key.bodyDigest, job: draft.id, at: now) }
        }
        return CreatedJob(job: view(result.job), isReplay: false)
    }

    private func replay(_ draft: JobDraft) throws -> CreatedJob? {
        guard let key = draft.idempotency, let used = used(key, owner: draft.userID) else { return nil }
        guard used.bodyDigest == key.bodyDigest else { throw IdempotencyKey.isOfAnother }
        let job = try job(used.job)
        guard job.deletedAt == nil else { throw IdempotencyKey.jobIsGone }
        return CreatedJob(job: view(job), isReplay: true)
    }

    fileprivate func lockForChange(_ id: JobID, owner: UserID?, _ change: JobChange) throws -> Job {
        guard let job = tables.jobs[id], owner == nil || job.userID == owner else { throw StoreError.notFound }
        try lock([.job(id)])
        try lock(liveRuns(of: id).map { .run($0.id) })
        if case .edit(let definition, _) = change {
            try lock(Set([definition.name, job.definition.name]).map { .name(job.userID, "job \($0)") })
        }
        return job
    }

    fileprivate func latestFutureStart(of id: JobID) -> Instant? {
        let now = roughNow
        return liveRuns(of: id).filter { $0.status == .running && $0.dueAt > now }.map(\.dueAt).max()
    }

    /// The change itself; the job and its live runs are locked.
    @discardableResult
    func apply(_ change: JobChange, to job: Job) throws -> JobChangeResult {
        let now = now
        let ended = tables.runs(of: job.id, from: now).filter { !$0.status.isLive }.map(\.slot)
        let live = liveRuns(of: job.id)
        let result = try withRandom { random in
            try ChangeRule.apply(change, to: job, live: live, ended: ended, now: now, random: &random)
        }
        try write(result)
        return result
    }

    private func write(_ result: JobChangeResult) throws {
        try refuseTakenName(result.job)
        put(result.job)
        for id in result.withdrawn { removeRun(id) }
        for run in result.updated + result.inserted { put(run) }
    }

    /// A name belongs to one live job of its owner; finished ones do not hold theirs.
    private func refuseTakenName(_ job: Job) throws {
        guard job.holdsName else { return }
        let name = job.definition.name
        let isTaken = tables.jobs.values.contains { other in
            other.id != job.id && other.userID == job.userID && other.definition.name == name && other.holdsName
        }
        if isTaken { throw StoreError.conflict("a job named \"\(name)\" exists") }
    }

    /// Ends a job that has neither slots nor live runs left. Its lock is held for update if it has no slots.
    func finishIfDone(_ id: JobID) throws {
        var job = try job(id)
        guard job.state == .active, job.nextSlot == nil, job.deletedAt == nil else { return }
        job.finishIfDone(hasLiveRuns: !(tables.liveOfJob[id] ?? []).isEmpty)
        if job.state == .finished { put(job) }
    }

    func view(_ job: Job) -> JobView {
        let waiting = (tables.liveOfJob[job.id] ?? []).compactMap { tables.runs[$0] }
            .filter { $0.attempt == 0 && $0.origin == .schedule }.map(\.scheduledFor).min()
        let isActive = job.state == .active && job.deletedAt == nil
        let slots = tables.slotsOfJob[job.id]?.elements ?? []
        return JobView(
            job: job, nextRunTime: isActive ? [waiting, job.nextSlot].compactMap { $0 }.min() : nil,
            newest: slots.lazy.reversed().compactMap { self.tables.runs[$0.id] }.first { $0.attempt > 0 })
    }
}

extension Job {
    fileprivate var holdsName: Bool { deletedAt == nil && state != .finished }

    /// How a job is locked by a verb that moves its runs: one that may end it, or that counts what runs, keeps others
    /// of its kind away.
    var runLockMode: LockMode { limitsStarts || nextSlot == nil ? .noKeyUpdate : .keyShare }
}
