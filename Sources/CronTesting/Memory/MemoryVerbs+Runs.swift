package import CronModel
import CronSchedule
import HashTreeCollections

/// What people do to single runs.
extension MemoryVerb where Answer == Run {
    package static func cancelRun(_ id: RunID, owner: UserID, audit: Auditing<Run>? = nil) -> MemoryVerb {
        MemoryVerb("cancel") { transaction in
            var run = try transaction.lockedRun(id, owner, audited: audit != nil)
            guard run.status.isLive else { throw StoreError.conflict("the run has ended as \(run.status.name)") }
            try PersonRule.cancel(&run, now: transaction.now)
            transaction.put(run)
            if !run.status.isLive { try transaction.finishIfDone(run.jobID) }
            return try transaction.audited(audit) { run }
        }
    }

    package static func discardRun(_ id: RunID, owner: UserID, audit: Auditing<Run>? = nil) -> MemoryVerb {
        MemoryVerb("discard") { transaction in
            var run = try transaction.lockedRun(id, owner, audited: audit != nil)
            guard run.status == .dead else { throw StoreError.conflict("the run is \(run.status.name), not DEAD") }
            try PersonRule.discard(&run, now: transaction.now)
            transaction.put(run)
            return try transaction.audited(audit) { run }
        }
    }
}

extension MemoryVerb where Answer == RedrivenRun {
    package static func redriveRun(
        _ id: RunID, owner: UserID, payload: JSONValue?, idempotency: IdempotencyKey? = nil,
        audit: Auditing<Run>? = nil
    ) -> MemoryVerb {
        MemoryVerb("redrive") { transaction in
            var run = try transaction.lockedRun(
                id, owner, mode: .noKeyUpdate, key: idempotency, audited: audit != nil)
            if let idempotency, let started = try transaction.started(by: idempotency, owner: owner) {
                return RedrivenRun(run: started, isReplay: true)
            }
            guard run.status == .dead else { throw StoreError.conflict("the run is \(run.status.name), not DEAD") }
            var job = try transaction.job(run.jobID)
            guard job.deletedAt == nil else { throw StoreError.conflict("the run's job is deleted") }
            let now = transaction.now
            let taken = Set(transaction.tables.runs(of: job.id, from: now).map(\.scheduledFor))
            let fresh = try transaction.withRandom { random in
                try PersonRule.redrive(&run, job: job, payload: payload, taken: taken, now: now, random: &random)
            }
            transaction.put(run)
            if let fresh { transaction.put(fresh) }
            if job.state == .finished {
                job.state = .active
                transaction.put(job)
            }
            transaction.keep(idempotency, for: fresh ?? run)
            return RedrivenRun(run: try transaction.audited(audit) { fresh ?? run }, isReplay: false)
        }
    }
}

extension MemoryTransaction {
    /// The run, locked after its job.
    fileprivate func lockedRun(
        _ id: RunID, _ owner: UserID, mode: LockMode? = nil, key: IdempotencyKey? = nil, audited: Bool
    ) throws -> Run {
        guard let run = tables.runs[id], run.userID == owner else { throw StoreError.notFound }
        let job = try job(run.jobID)
        try lock([(.job(job.id), mode ?? job.runLockMode), (.run(id), .update)])
        if let key { try lock([key.lockName(owner)]) }
        if audited || key != nil { try lockPeople() }
        return run
    }
}
