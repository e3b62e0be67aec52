import CronModel
import CronSchedule

/// What people do to single runs.
extension WriteSession {
    func cancelRun(_ id: RunID, owner: UserID) throws -> Run {
        var run = try owned(id, owner)
        guard run.status.isLive else { throw StoreError.conflict("the run has ended as \(run.status.name)") }
        try PersonRule.cancel(&run, now: now)
        try save(run)
        if !run.status.isLive { try finishIfDone(try job(of: run)) }
        return run
    }

    func redriveRun(_ id: RunID, owner: UserID, payload: JSONValue?) throws -> Run {
        var run = try dead(id, owner)
        var job = try job(of: run)
        guard job.deletedAt == nil else { throw StoreError.conflict("the run's job is deleted") }
        let fresh = try PersonRule.redrive(
            &run, job: job, payload: payload, taken: try takenSlots(of: job.id), now: now, random: &random)
        try save(run)
        if let fresh { try insert(fresh) }
        if job.state == .finished {
            job.state = .active
            try save(job)
        }
        return fresh ?? run
    }

    private func takenSlots(of id: JobID) throws -> Set<Instant> {
        Set(
            try statement("SELECT scheduled_for FROM runs WHERE job_id = ? AND scheduled_for >= ?").bind(id).bind(now)
                .all { $0.instant(0) })
    }

    func discardRun(_ id: RunID, owner: UserID) throws -> Run {
        var run = try dead(id, owner)
        try PersonRule.discard(&run, now: now)
        try save(run)
        return run
    }

    private func owned(_ id: RunID, _ owner: UserID) throws -> Run {
        guard let run = try run(id), run.userID == owner else { throw StoreError.notFound }
        return run
    }

    private func dead(_ id: RunID, _ owner: UserID) throws -> Run {
        let run = try owned(id, owner)
        guard run.status == .dead else { throw StoreError.conflict("the run is \(run.status.name), not DEAD") }
        return run
    }
}
