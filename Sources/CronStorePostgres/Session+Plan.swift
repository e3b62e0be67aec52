import CronModel
import CronSchedule
import PostgresClient

/// T1: slots become runs, and those that are due within the lead are this node's claims at once.
extension Session {
    /// The earliest slot that is still to be planned, and the time.
    static func nextSlot(_ moment: Int64?) -> PostgresQuery {
        """
        SELECT (SELECT next_slot FROM job_cursors WHERE next_slot IS NOT NULL ORDER BY next_slot, job_id LIMIT 1),
            coalesce(\(moment), cronpp_now())
        """
    }

    static func readNext(_ result: PostgresResult) throws -> (next: Instant?, now: Instant) {
        try result.first { (try $0.instantOrNil(0), try $0.instant(1)) } ?? (nil, Instant(microseconds: 0))
    }

    func plan(_ request: PlanRequest) throws -> PlanAnswer {
        var answer = PlanAnswer()
        let jobs = try lockDueJobs(request)
        guard !jobs.isEmpty else {
            answer.nextSlot = try Self.readNext(try query(Self.nextSlot(moment))).next
            return answer
        }
        var planned: [Run] = []
        var moved: [Job] = []
        var signals: [WatchSignal] = []
        for var job in jobs where planned.count < PlanRequest.rowLimit {
            let rows = try PlanRule.plan(
                &job, through: now + request.lead, now: now, limit: PlanRequest.rowLimit - planned.count,
                random: &random)
            moved.append(job)
            for var run in rows {
                try claimIfDue(&run, job: job, request, &answer)
                planned.append(run)
                if let signal = WatchSignal(run, of: job) { signals.append(signal) }
            }
        }
        answer.planned = planned.count
        let ended = moved.filter { $0.nextSlot == nil }.map(\.id)
        let results = try transaction.commit(
            inserts(planned.sorted { $0.id < $1.id }) + [Self.saveCursors(moved)]
                + (ended.isEmpty ? [] : [Self.finishJobs(ended)]) + Self.save(signals) + [Self.nextSlot(moment)])
        answer.nextSlot = try results.last.flatMap { try Self.readNext($0).next }
        keep(moved)
        memory.follow(planned.lazy.filter { $0.status == .queued })
        return answer
    }

    /// Jobs whose next slot is near, locked, as they are after the lock. Those that another node is planning are left to
    /// it.
    private func lockDueJobs(_ request: PlanRequest) throws -> [Job] {
        var trip = RoundTrip()
        let due = trip.add(
            """
            SELECT j.id FROM job_cursors c JOIN jobs j ON j.id = c.job_id
            WHERE c.next_slot <= (SELECT coalesce(\(moment), cronpp_now())) + \(request.threshold.microseconds)
                AND j.user_id <> ALL(\(request.crowded.uuids()))
            ORDER BY c.next_slot, c.job_id LIMIT \(Int64(request.jobLimit)) FOR NO KEY UPDATE OF j SKIP LOCKED
            """)
        let clock = trip.add(clock(node: request.node))
        let moving = trip.add(
            """
            SELECT \(unescaped: JobRow.moving) FROM \(unescaped: JobRow.tables)
            WHERE c.next_slot <= (SELECT coalesce(\(moment), cronpp_now())) + \(request.threshold.microseconds)
                AND j.user_id <> ALL(\(request.crowded.uuids()))
            ORDER BY c.next_slot, c.job_id LIMIT \(Int64(request.jobLimit * 2))
            """)
        let answers = try send(trip)
        // Only a node with a live lease claims; what it planned without one, nobody would start.
        guard try readClock(answers[clock]) else { return [] }
        let locked = try answers[due].ids(of: JobKind.self)
        let order: [JobID] = try answers[moving].all { try $0.id(0) }
        let known = try jobs(answers[moving], among: order)
        return order.filter(locked.contains).compactMap { known[$0] }
    }

    private func claimIfDue(
        _ run: inout Run, job: Job, _ request: PlanRequest, _ answer: inout PlanAnswer
    ) throws {
        guard run.status == .pending, run.dueAt <= now + request.lead else { return }
        guard answer.claims.count < request.claimLimit else {
            answer.leftUnclaimed = true
            return
        }
        try ClaimRule.claim(&run, job: job, node: request.node, now: now)
        if run.status == .queued { answer.claims.append(Claim(run, of: job)) }
    }
}
