import CronModel
import CronSchedule

/// What comes next, for those who look and those who have just planned or claimed.
enum PipelineStatements {
    static let nextSlot = "SELECT next_slot FROM job_cursors WHERE next_slot IS NOT NULL ORDER BY next_slot LIMIT 1"
    static let nextDueAt =
        "SELECT claimable_at FROM runs WHERE claimable_at IS NOT NULL ORDER BY claimable_at LIMIT 1"
}

/// T1 and T2.
extension WriteSession {
    func plan(_ request: PlanRequest) throws -> PlanAnswer {
        var answer = PlanAnswer()
        let due = try statement(
            """
            SELECT c.job_id FROM job_cursors c
            WHERE next_slot <= ? \(Self.except(request.crowded, "(SELECT user_id FROM jobs WHERE id = c.job_id)"))
            ORDER BY next_slot LIMIT ?
            """
        ).bind(now + request.threshold).bind(request.crowded).bind(request.jobLimit).all { $0.id(0, as: JobID.self) }
        var planned: [Run] = []
        var ended: [Job] = []
        for id in due {
            guard answer.planned < PlanRequest.rowLimit else { break }
            guard var job = try job(id), !heldJobs.contains(id) else { continue }
            let limit = PlanRequest.rowLimit - answer.planned
            let rows = try PlanRule.plan(&job, through: now + request.lead, now: now, limit: limit, random: &random)
            for var run in rows {
                if run.status == .pending, run.dueAt <= now + request.lead {
                    if answer.claims.count < request.claimLimit {
                        try ClaimRule.claim(&run, job: job, node: request.node, now: now)
                        if run.status == .queued { answer.claims.append(Claim(run, of: job)) }
                    } else {
                        answer.leftUnclaimed = true
                    }
                }
                planned.append(run)
            }
            answer.planned += rows.count
            try saveCursor(job)
            if job.nextSlot == nil { ended.append(job) }
        }
        // In the order of the primary key, so that they are appended and pages are left full.
        for run in planned.sorted(by: { $0.id < $1.id }) { try insert(run) }
        for job in ended { try finishIfDone(job) }
        answer.nextSlot = try statement(PipelineStatements.nextSlot).first { $0.instant(0) }
        return answer
    }

    func claim(_ request: ClaimRequest) throws -> ClaimAnswer {
        var answer = ClaimAnswer()
        let due = try statement(
            """
            SELECT \(RunRow.columns) FROM runs
            WHERE claimable_at IS NOT NULL AND claimable_at <= ? \(Self.except(request.crowded, "user_id"))
            ORDER BY claimable_at LIMIT ?
            """
        ).bind(now + request.lead).bind(request.crowded).bind(request.limit).all(RunRow.read)
        for var run in due {
            let job = try job(of: run)
            try ClaimRule.claim(&run, job: job, node: request.node, now: now)
            try save(run)
            if run.status == .queued {
                answer.claims.append(Claim(run, of: job))
            } else {
                try finishIfDone(job)
            }
        }
        answer.nextDueAt = try statement(PipelineStatements.nextDueAt).first { $0.instant(0) }
        return answer
    }

    /// Ends a job that has neither slots nor live runs left.
    func finishIfDone(_ job: Job) throws {
        guard job.state == .active, job.nextSlot == nil, job.deletedAt == nil else { return }
        let hasLive = try statement("SELECT 1 FROM runs WHERE job_id = ? AND live IS NOT NULL LIMIT 1").bind(job.id)
            .first { _ in true }
        var job = job
        job.finishIfDone(hasLiveRuns: hasLive == true)
        if job.state == .finished { try saveState(job) }
    }

    /// A condition that leaves spaces out; none where there are none, as almost always.
    private static func except(_ spaces: [UserID], _ column: String) -> String {
        spaces.isEmpty ? "" : "AND \(column) NOT IN (\(spaces.map { _ in "?" }.joined(separator: ",")))"
    }
}

extension SQLStatement {
    fileprivate func bind(_ spaces: [UserID]) -> SQLStatement {
        for space in spaces { bind(space) }
        return self
    }
}
