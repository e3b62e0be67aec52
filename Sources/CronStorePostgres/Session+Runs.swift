import CronModel
import CronSchedule
import PostgresClient

/// What people do to single runs.
extension Session {
    func cancelRun(_ id: RunID, owner: UserID) throws -> Run {
        let (run, job) = try lockRun(id, owner)
        guard run.status.isLive else { throw StoreError.conflict("the run has ended as \(run.status.name)") }
        var after = run
        try PersonRule.cancel(&after, now: now)
        _ = try send(writes([RunChange(before: run, after: after)]))
        if !after.status.isLive, job.nextSlot == nil { _ = try query(Self.finishJobs([job.id])) }
        return after
    }

    func redriveRun(_ id: RunID, owner: UserID, payload: JSONValue?) throws -> Run {
        let (run, job) = try lockRun(id, owner)
        try refuseUnlessDead(run)
        guard job.deletedAt == nil else { throw StoreError.conflict("the run's job is deleted") }
        let taken: [Instant] = try query(
            """
            SELECT scheduled_for FROM live_runs WHERE job_id = \(job.id.uuid) AND scheduled_for >= \(now.microseconds)
            UNION ALL SELECT scheduled_for FROM run_history
            WHERE job_id = \(job.id.uuid) AND scheduled_for >= \(now.microseconds)
            """
        ).all { try $0.instant(0) }
        var after = run
        let fresh = try PersonRule.redrive(
            &after, job: job, payload: payload, taken: Set(taken), now: now, random: &random)
        if let fresh {
            _ = try send([RunWrites.settle(RunChange(before: run, after: after)), RunWrites.insert([fresh])])
        } else {
            _ = try send([RunWrites.removeEnded(run), RunWrites.insert([after])])
        }
        if job.state == .finished { _ = try query("UPDATE jobs SET state = 'active' WHERE id = \(job.id.uuid)") }
        return fresh ?? after
    }

    func discardRun(_ id: RunID, owner: UserID) throws -> Run {
        let (run, _) = try lockRun(id, owner)
        try refuseUnlessDead(run)
        var after = run
        try PersonRule.discard(&after, now: now)
        _ = try query(RunWrites.settle(RunChange(before: run, after: after)))
        return after
    }

    private func refuseUnlessDead(_ run: Run) throws(StoreError) {
        guard run.status == .dead else { throw .conflict("the run is \(run.status.name), not DEAD") }
    }

    /// The run, wherever it is, locked after its job.
    private func lockRun(_ id: RunID, _ owner: UserID) throws -> (Run, Job) {
        guard let seen = try query(Self.anyRuns([id])).first(RunRow.read), seen.userID == owner else {
            throw StoreError.notFound
        }
        let results = try send([
            Self.lockStrict([seen.jobID]), Self.lockRuns([id]),
            """
            SELECT \(unescaped: RunRow.columns) FROM run_history WHERE id = \(id.uuid) FOR UPDATE
            """,
            clock(), Self.moving([seen.jobID]),
        ])
        let found = try results[1].first(RunRow.read) ?? results[2].first(RunRow.read)
        try readClock(results[3])
        guard let run = found, let job = try jobs(results[4], among: [seen.jobID])[run.jobID] else {
            throw StoreError.notFound
        }
        return (run, job)
    }
}
