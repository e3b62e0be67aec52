import CronModel
import CronSchedule
import PostgresClient

/// T2: waiting runs that are due within the lead become this node's claims.
extension Session {
    /// The due time of the earliest run that may be claimed, and the time.
    static func nextDue(_ moment: Int64?) -> PostgresQuery {
        """
        SELECT (SELECT due_at FROM live_runs WHERE blocked_on IS NULL AND status IN (0, 4) ORDER BY due_at, id LIMIT 1),
            coalesce(\(moment), cronpp_now())
        """
    }

    func claim(_ request: ClaimRequest) throws -> ClaimAnswer {
        var answer = ClaimAnswer()
        // MATERIALIZED would be needed around a join only: this reads what it locks.
        let results = try send([
            """
            SELECT \(unescaped: RunRow.columns) FROM live_runs
            WHERE blocked_on IS NULL AND status IN (0, 4)
                AND due_at <= (SELECT coalesce(\(moment), cronpp_now())) + \(request.lead.microseconds)
            ORDER BY due_at, id LIMIT \(Int64(request.limit)) FOR UPDATE SKIP LOCKED
            """,
            clock(node: request.node),
        ])
        let isLeased = try readClock(results[1])
        let runs = try results[0].all(RunRow.read)
        guard isLeased, !runs.isEmpty else {
            answer.nextDueAt = try Self.readNext(try query(Self.nextDue(moment))).next
            return answer
        }
        let jobs = try jobs(of: runs)
        var changes: [RunChange] = []
        for run in runs {
            guard let job = jobs[run.jobID] else { throw StoreError.corrupt("run \(run.id) has no job") }
            var after = run
            try ClaimRule.claim(&after, job: job, node: request.node, now: now)
            changes.append(RunChange(before: run, after: after))
            if after.status == .queued { answer.claims.append(Claim(after, priority: job.definition.priority)) }
        }
        let done = changes.map(\.after).filter { !$0.status.isLive && jobs[$0.jobID]?.nextSlot == nil }.map(\.jobID)
        let written = try transaction.commit(
            writes(changes, own(request.node)) + (done.isEmpty ? [] : Self.finishJobsIfFree(done)) + [Self.nextDue(moment)])
        answer.nextDueAt = try written.last.flatMap { try Self.readNext($0).next }
        memory.follow(changes.lazy.map(\.after).filter { $0.status == .queued })
        return answer
    }

    func jobs(of runs: [Run]) throws -> [JobID: Job] {
        let ids = Array(Set(runs.map(\.jobID)))
        return try jobs(try query(Self.moving(ids)), among: ids)
    }
}
