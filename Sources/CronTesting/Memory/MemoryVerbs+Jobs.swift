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
                    }
                }
            }
        }
    }

    /// T7.
    package static func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, audit: Auditing<ChangedJob>? = nil
    ) -> MemoryVerb where Answer == ChangedJob {
        MemoryVerb("change") { transaction in
            let job = try transaction.lockForChange(id, owner: owner, change)
            if audit != nil { try transaction.lockPeople() }
            if change.dividesTime, let until = transaction.latestFutureStart(of: id) {
                try transaction.wait(until: until)
            }
            if let version, version != job.version { throw StoreError.versionMismatch(current: job.version) }
            return try transaction.audited(audit) {
                let result = try transaction.apply(change, to: job)
                return ChangedJob(
                    before: job, job: transaction.view(result.job),
                    triggered: result.inserted.last { $0.origin == .trigger }, cancelRequests: result.cancelRequests)
            }
        }
    }
}

extension JobDraft {
    fileprivate var lockedNames: [LockName] {
        [.name(userID, "job \(definition.name)")] + (idempotency.map { [.name(userID, "key \($0.key)")] } ?? [])
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
        guard let key = draft.idempotency,
            let used = tables.people.usedKeys[PeopleTables.KeyName(user: draft.userID, key: key.key)],
            used.at > now - IdempotencyKey.kept
        else { return nil }
        guard used.bodyDigest == key.bodyDigest else {
            throw StoreError.conflict("this Idempotency-Key was used for another request body")
        }
        let job = try job(used.job)
        guard job.deletedAt == nil else {
            throw StoreError.conflict("the job that this Idempotency-Key created was deleted")
        }
        return CreatedJob(job: view(job), isReplay: true)
    }

    fileprivate func lockForChange(_ id: JobID, owner: UserID?, _ change: JobChange) throws -> Job {
        guard let job = tables.jobs[id], owner == nil || job.userID == owner else { throw StoreError.notFound }
        try lock([.job(id)])
        guard job.deletedAt == nil else { throw StoreError.notFound }
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
        let ended = tables.runs(of: job.id, from: now).filter { !$0.status.isLive }.map(\.scheduledFor)
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

    /// Whether its runs must ask what else runs before they start.
    var limitsStarts: Bool { definition.overlap != .allow || definition.maxConcurrent != nil }

    /// How a job is locked by a verb that moves its runs: one that may end it, or that counts what runs, keeps others
    /// of its kind away.
    var runLockMode: LockMode { limitsStarts || nextSlot == nil ? .noKeyUpdate : .keyShare }
}
