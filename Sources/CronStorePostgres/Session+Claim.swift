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

    /// - Parameter shards: where this node may claim; runs that are `ClaimLocks.patience` late it may claim anywhere.
    func claim(_ request: ClaimRequest, shards: [Int]) throws -> ClaimAnswer {
        var answer = ClaimAnswer()
        let results = try send([waiting(request, shards), clock(node: request.node)])
        let isLeased = try readClock(results[1])
        let runs = try results[0].all(RunRow.read)
        guard isLeased, !runs.isEmpty else {
            answer.nextDueAt = try Self.readNext(try query(Self.nextDue(moment))).next
            return answer
        }
        let jobs = try jobs(of: runs)
        var changes: [RunChange] = []
        var signals: [WatchSignal] = []
        for run in runs {
            guard let job = jobs[run.jobID] else { throw StoreError.corrupt("run \(run.id) has no job") }
            var after = run
            try ClaimRule.claim(&after, job: job, node: request.node, now: now)
            changes.append(RunChange(before: run, after: after))
            if after.status == .queued { answer.claims.append(Claim(after, of: job)) }
            if let signal = WatchSignal(after, of: job) { signals.append(signal) }
        }
        let done = changes.map(\.after).filter { !$0.status.isLive && jobs[$0.jobID]?.nextSlot == nil }.map(\.jobID)
        let written = try transaction.commit(
            writes(changes, own(request.node)) + (done.isEmpty ? [] : Self.finishJobsIfFree(done)) + Self.save(signals)
                + [Self.nextDue(moment)])
        answer.nextDueAt = try written.last.flatMap { try Self.readNext($0).next }
        memory.follow(changes.lazy.map(\.after).filter { $0.status == .queued })
        return answer
    }

    private func waiting(_ request: ClaimRequest, _ shards: [Int]) -> PostgresQuery {
        let isAnywhere = shards.count == ClaimLocks.shardCount
        // MATERIALIZED would be needed around a join only: this reads what it locks.
        return """
            SELECT \(unescaped: RunRow.columns) FROM live_runs
            WHERE blocked_on IS NULL AND status IN (0, 4)
                AND due_at <= (SELECT coalesce(\(moment), cronpp_now())) + \(request.lead.microseconds)
                AND (\(isAnywhere) OR get_byte(uuid_send(id), 15) % \(ClaimLocks.shardCount) = ANY(\(PostgresArray(shards)))
                    OR due_at <= (SELECT coalesce(\(moment), cronpp_now())) - \(ClaimLocks.patience.microseconds))
                AND user_id <> ALL(\(request.crowded.uuids()))
            ORDER BY due_at, id LIMIT \(Int64(request.limit)) FOR UPDATE SKIP LOCKED
            """
    }

    func jobs(of runs: [Run]) throws -> [JobID: Job] {
        let ids = Array(Set(runs.map(\.jobID)))
        return try jobs(try query(Self.moving(ids)), among: ids)
    }
}
