package import CronModel
package import CronSchedule

/// T7, creation, what people do to runs, nodes and accounts.
extension MemoryTransaction {
    package func create(_ draft: JobDraft) throws -> CreatedJob {
        if let key = draft.idempotency,
            let known = database.tables.idempotency[.init(user: draft.userID, key: key.key)],
            known.at > now - IdempotencyKey.kept
        {
            guard known.digest == key.bodyDigest else {
                throw StoreError.conflict("this Idempotency-Key was used for another request body")
            }
            guard let job = job(known.job), job.deletedAt == nil else {
                throw StoreError.conflict("the job that this Idempotency-Key created was deleted")
            }
            return CreatedJob(job: view(job), isReplay: true)
        }
        let now = now
        let result = try refusing {
            () throws(ChangeRefusal) in
            try CreateRule.create(
                draft.definition, id: draft.id, userID: draft.userID, now: now, random: &database.random)
        }
        if job(draft.id) != nil { throw StoreError.conflict("a job with the id \(draft.id) exists") }
        try write(result)
        if let key = draft.idempotency {
            write {
                $0.idempotency[.init(user: draft.userID, key: key.key)] = .init(
                    digest: key.bodyDigest, job: draft.id, at: now)
            }
        }
        return CreatedJob(job: view(result.job), isReplay: false)
    }

    package func change(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange
    ) throws -> ChangedJob {
        try lock(.job(id))
        guard let job = job(id), job.deletedAt == nil, owner == nil || job.userID == owner else {
            throw StoreError.notFound
        }
        for run in allRuns({ $0.jobID == id && $0.status.isLive }) { try lock(.run(run.id)) }
        if change.dividesTime {
            let future = allRuns { $0.jobID == id && $0.status == .running && $0.dueAt > now }.map(\.dueAt).max()
            if let future { throw NotBefore(instant: future) }
        }
        if let version, version != job.version { throw StoreError.versionMismatch(current: job.version) }
        let result = try apply(change, to: job)
        return ChangedJob(
            job: view(result.job), triggered: result.inserted.last { $0.origin == .trigger },
            cancelRequests: result.cancelRequests)
    }

    @discardableResult
    func apply(_ change: JobChange, to job: Job) throws -> JobChangeResult {
        let now = now
        let live = allRuns { $0.jobID == job.id && $0.status.isLive }
        let ended = allRuns { $0.jobID == job.id && !$0.status.isLive && $0.scheduledFor >= now }.map(\.scheduledFor)
        let result = try refusing {
            () throws(ChangeRefusal) in
            try ChangeRule.apply(change, to: job, live: live, ended: ended, now: now, random: &database.random)
        }
        try write(result)
        return result
    }

    private func write(_ result: JobChangeResult) throws {
        let job = result.job
        if job.deletedAt == nil, job.state != .finished {
            let holder = allJobs {
                $0.id != job.id && $0.userID == job.userID && $0.definition.name == job.definition.name
                    && $0.deletedAt == nil && $0.state != .finished
            }.first
            if holder != nil { throw StoreError.conflict("a job named \"\(job.definition.name)\" exists") }
        }
        save(job)
        for id in result.withdrawn { delete(id) }
        for run in result.updated + result.inserted { save(run) }
    }

    private func refusing<Value>(_ body: () throws(ChangeRefusal) -> Value) throws(StoreError) -> Value {
        do throws(ChangeRefusal) { return try body() } catch { throw StoreError(error) }
    }

    package func view(_ job: Job) -> JobView {
        let runs = allRuns { $0.jobID == job.id }
        let waiting = runs.first { $0.status.isLive && $0.attempt == 0 && $0.origin == .schedule }?.scheduledFor
        let isActive = job.state == .active && job.deletedAt == nil
        return JobView(
            job: job, nextRunTime: isActive ? [waiting, job.nextSlot].compactMap { $0 }.min() : nil,
            newest: runs.last { $0.attempt > 0 })
    }

    package func cancelRun(_ id: RunID, owner: UserID) throws -> Run {
        var run = try owned(id, owner)
        guard run.status.isLive else { throw StoreError.conflict("the run has ended as \(run.status.name)") }
        try PersonRule.cancel(&run, now: now)
        save(run)
        if !run.status.isLive { finishIfDone(try job(of: run)) }
        return run
    }

    package func redriveRun(_ id: RunID, owner: UserID, payload: JSONValue?) throws -> Run {
        var run = try dead(id, owner)
        var job = try job(of: run)
        try lock(.job(job.id))
        guard job.deletedAt == nil else { throw StoreError.conflict("the run's job is deleted") }
        let now = now
        let taken = Set(allRuns { $0.jobID == job.id && $0.scheduledFor >= now }.map(\.scheduledFor))
        let fresh = try PersonRule.redrive(
            &run, job: job, payload: payload, taken: taken, now: now, random: &database.random)
        save(run)
        if let fresh { save(fresh) }
        if job.state == .finished {
            job.state = .active
            save(job)
        }
        return fresh ?? run
    }

    package func discardRun(_ id: RunID, owner: UserID) throws -> Run {
        var run = try dead(id, owner)
        try PersonRule.discard(&run, now: now)
        save(run)
        return run
    }

    private func owned(_ id: RunID, _ owner: UserID) throws -> Run {
        guard let run = run(id), run.userID == owner else { throw StoreError.notFound }
        try lock(.run(id))
        return run
    }

    private func dead(_ id: RunID, _ owner: UserID) throws -> Run {
        let run = try owned(id, owner)
        guard run.status == .dead else { throw StoreError.conflict("the run is \(run.status.name), not DEAD") }
        return run
    }
}

/// Nodes and upkeep. This store serves one process, as the embedded one does.
extension MemoryTransaction {
    package func register(_ node: Node) throws -> ReapAnswer {
        let now = now
        write { tables in
            for id in tables.nodes.keys where tables.nodes[id]?.deadAt == nil { tables.nodes[id]?.deadAt = now }
            tables.nodes[node.id] = node
        }
        let answer = try take(allRuns { $0.owner != nil })
        for candidate in allJobs({ $0.schedule.kind == .reboot }) {
            var job = candidate
            if let run = PlanRule.reboot(&job, now: now, random: &database.random) {
                save(run)
                save(job)
            }
        }
        return answer
    }

    package func reap() throws -> ReapAnswer {
        let now = now
        return try take(allRuns { $0.owner != nil && ($0.runDeadline.map { $0 < now } ?? false) })
    }

    private func take(_ runs: [Run]) throws -> ReapAnswer {
        var answer = ReapAnswer()
        for run in runs {
            if run.status == .queued { answer.queued += 1 } else { answer.running += 1 }
            try takeAway(run, reason: .leaseLost)
        }
        return answer
    }

    package func heartbeat(_ node: NodeID, lease: Span) -> HeartbeatAnswer {
        guard let known = database.tables.nodes[node], known.deadAt == nil else {
            return HeartbeatAnswer(isAlive: false, cancelRequests: [])
        }
        let until = now + lease
        write { $0.nodes[node]?.leaseUntil = until }
        let cancels = allRuns { $0.owner == node && $0.status == .running && $0.cancelRequested }.map(\.id)
        return HeartbeatAnswer(isAlive: true, cancelRequests: cancels.sorted())
    }

    package func repair(held: Set<ClaimToken>, node: NodeID) throws -> RepairAnswer {
        var answer = RepairAnswer()
        for run in allRuns({ $0.owner == node && $0.status == .queued })
        where !held.contains(ClaimToken(runID: run.id, fence: run.fence)) {
            try takeAway(run, reason: .handedBack)
            answer.handedBack += 1
        }
        let keys = Set(allRuns { $0.blockedOn != nil }.map(\.overlapKey))
        for key in keys {
            if let job = job(key.job), try unpark(key, job: job) { answer.unparked += 1 }
        }
        return answer
    }

    package func prune(endedBefore instant: Instant, limit: Int) -> Int {
        let old = allRuns { $0.status.isFinal && ($0.events.last?.at ?? instant) < instant }.prefix(limit)
        for run in old {
            delete(run.id)
            saveArchived([], of: run.id)
        }
        return old.count
    }
}
