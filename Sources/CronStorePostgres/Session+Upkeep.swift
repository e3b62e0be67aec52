import CronModel
import CronSchedule
import PostgresClient

/// T4, T6 and what keeps the tables in order.
extension Session {
    /// How far ahead of its due time a run may be claimed at most: claimed rows lie before this in the due index.
    private static let longestLead = Span.minutes(10)
    /// How far a node's clock may be off.
    private static let clockSlack = Span.minutes(1)

    /// The end of the due index's head, where claimed and running rows lie; behind it is what waits. A number that the
    /// planner sees: of a comparison with the database's clock it expects a third of all rows, and a look for lost runs
    /// beside a million waiting ones read them all, 255 ms each time.
    static func head(_ clock: any EngineClock) -> Int64 { (clock.now + longestLead + clockSlack).microseconds }
    /// Runs taken in one reaping transaction.
    static let reapLimit = 500

    func register(_ node: Node) throws {
        let lease = (node.leaseUntil - node.startedAt).microseconds
        try readClock()
        _ = try query(
            """
            INSERT INTO nodes (id, pid, host, version, started_at, lease, lease_until, held_since)
            VALUES (\(node.id.uuid), \(node.pid), \(node.host), \(node.version), \(now.microseconds), \(lease),
                \((now + Span(microseconds: lease)).microseconds), \(now.microseconds))
            """)
    }

    /// An elapsed lease that nobody acted on revives, and counts from now; none counts from before the server's start.
    /// One statement, which commits itself: a row for each request to cancel, at least one while the node is alive.
    static func heartbeat(_ node: NodeID, lease: Span, _ moment: Int64?, head: Int64) -> PostgresQuery {
        """
        WITH beat AS (
            UPDATE nodes SET lease = \(lease.microseconds), held_since = greatest(held_since,
                    CASE WHEN lease_until <= t.now THEN t.now ELSE held_since END,
                    CASE WHEN \(moment)::bigint IS NULL
                        THEN (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint ELSE held_since END),
                lease_until = t.now + \(lease.microseconds)
            FROM (SELECT coalesce(\(moment), cronpp_now()) AS now) t
            WHERE id = \(node.uuid) AND dead_at IS NULL RETURNING t.now)
        SELECT r.id FROM beat LEFT JOIN live_runs r ON r.owner = \(node.uuid) AND r.status = 2 AND r.flags & 2 <> 0
            AND r.blocked_on IS NULL AND r.due_at <= \(head)
        ORDER BY r.id
        """
    }

    static func readHeartbeat(_ result: PostgresResult) throws -> HeartbeatAnswer {
        HeartbeatAnswer(
            isAlive: result.rowCount > 0, cancelRequests: try result.all { try $0.idOrNil(0) }.compactMap { $0 })
    }

    func retire(_ node: NodeID) throws {
        _ = try query(
            """
            UPDATE nodes SET lease_until = least(lease_until, t.now), dead_at = coalesce(dead_at, t.now)
            FROM (SELECT coalesce(\(moment), cronpp_now()) AS now) t WHERE id = \(node.uuid)
            """)
    }

    /// Marks nodes dead whose lease has run out.
    func markDead(by node: NodeID) throws {
        _ = try query(
            """
            UPDATE nodes SET dead_at = t.now FROM (SELECT coalesce(\(moment), cronpp_now()) AS now) t
            WHERE dead_at IS NULL AND lease_until <= t.now AND (SELECT cronpp_leased(\(node.uuid), 1, \(moment)))
            """)
    }

    /// Takes all runs whose owner is not a live node, RUNNING ones past their deadline, and QUEUED ones that nobody
    /// started for a lease length.
    func reap(_ node: NodeID) throws -> ReapAnswer {
        let lost = try send([clock(node: node, lengths: 1), Self.lost(moment, head: head)])
        guard try readClock(lost[0]) else { return ReapAnswer() }
        let ids: [RunID] = try lost[1].all { try $0.id(0) }
        guard !ids.isEmpty else { return ReapAnswer() }
        let live = try liveNodes()
        return try takeAway(
            ids, reason: .leaseLost, lease: LeaseGuard(node: node.uuid, lengths: 1, moment: moment)
        ) { run in
            guard let owner = run.owner, let lease = live[owner] else { return true }
            if let deadline = run.runDeadline { return deadline < self.now }
            // A run that was overdue when it was claimed has its lease length from then.
            let since = max(run.dueAt, run.events.last?.at ?? run.dueAt)
            return run.status == .queued && since + lease < self.now
        }
    }

    /// The time, the earliest slot that is to be planned, the earliest run that may be claimed, and whether a lease or a
    /// run's owner or time has run out, and when jobs with alerts are to be judged: all that an idle node asks.
    static func look(_ moment: Int64?, head: Int64, forLost: Bool) -> PostgresQuery {
        """
        SELECT t.now,
            (SELECT next_slot FROM job_cursors WHERE next_slot IS NOT NULL ORDER BY next_slot, job_id LIMIT 1),
            (SELECT due_at FROM live_runs WHERE blocked_on IS NULL AND status IN (0, 4) ORDER BY due_at, id LIMIT 1),
            CASE WHEN \(forLost) THEN EXISTS (SELECT 1 FROM nodes WHERE dead_at IS NULL AND lease_until <= t.now)
                OR EXISTS (SELECT 1 \(unescaped: lostRuns) AND r.due_at <= \(head)) ELSE false END,
            CASE WHEN EXISTS (SELECT 1 FROM watch_signals) THEN 0 ELSE
                (SELECT check_at FROM job_watches WHERE check_at IS NOT NULL ORDER BY check_at LIMIT 1) END
        FROM (SELECT coalesce(\(moment), cronpp_now()) AS now) t
        """
    }

    /// Those first that are lost for certain: a live node's QUEUED run may have been overdue when it was claimed, and of such
    /// there may be thousands after an outage.
    private static func lost(_ moment: Int64?, head: Int64) -> PostgresQuery {
        """
        SELECT r.id FROM (SELECT coalesce(\(moment), cronpp_now()) AS now) t CROSS JOIN LATERAL (
            SELECT r.id \(unescaped: lostRuns) AND r.due_at <= \(head)
            ORDER BY (n.id IS NULL OR r.run_deadline < t.now) IS TRUE DESC, r.due_at LIMIT \(Int64(reapLimit))) r
        """
    }

    /// Claimed and running rows lie at the head of the due index.
    private static let lostRuns = """
        FROM live_runs r LEFT JOIN nodes n ON n.id = r.owner AND n.dead_at IS NULL
        WHERE r.blocked_on IS NULL AND r.status IN (1, 2)
            AND (n.id IS NULL OR r.run_deadline < t.now OR (r.status = 1 AND r.due_at + n.lease < t.now))
        """

    /// The lease length of each node that is not marked dead.
    private func liveNodes() throws -> [NodeID: Span] {
        let rows = try query("SELECT id, lease FROM nodes WHERE dead_at IS NULL").all {
            (try $0.id(0, of: NodeKind.self), Span(microseconds: try $0.int(1)))
        }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }
}

// MARK: - Repair

extension Session {
    /// What a repair would find, as one statement: rows that this node has QUEUED, parked ones, and jobs to be ended.
    func anythingToRepair(_ node: NodeID) throws -> (hasQueued: Bool, hasParked: Bool, hasEnded: Bool) {
        let found = try transaction.commit([
            """
            SELECT EXISTS (SELECT 1 \(unescaped: Self.queued) AND owner = \(node.uuid)
                    AND due_at <= \(head)),
                EXISTS (SELECT 1 FROM live_runs WHERE blocked_on IS NOT NULL),
                EXISTS (SELECT 1 FROM job_cursors WHERE ended)
            """
        ]).first?.first { (hasQueued: try $0.bool(0), hasParked: try $0.bool(1), hasEnded: try $0.bool(2)) }
        return found ?? (false, false, false)
    }

    private static let queued = "FROM live_runs WHERE status = 1 AND blocked_on IS NULL"

    /// This node's QUEUED rows that it does not hold: the answer to their claim was lost.
    func unheld(_ held: Set<ClaimToken>, node: NodeID) throws -> [ClaimToken] {
        try query(
            """
            SELECT id, fence \(unescaped: Self.queued) AND owner = \(node.uuid)
                AND due_at <= \(head)
            """
        ).all { ClaimToken(runID: try $0.id(0), fence: try $0.int(1)) }.filter { !held.contains($0) }
    }

    /// Frees parked runs whose key is free; what others have locked, the next pass looks at.
    func repairParked() throws -> Int {
        let all = try parkedPlaces()
        let free = try tryLocks(all, asStrict: true)
        let places = all.filter(free.cover)
        guard !places.isEmpty else { return 0 }
        let ids = Array(Set(places.map(\.job)))
        let shared = Set(places.compactMap(\.shared))
        var trip = RoundTrip()
        let clock = trip.add(clock())
        let moving = trip.add(Self.moving(ids))
        let counted = trip.add(Self.running(ids))
        let sharedCounted = trip.add(running(shared))
        let parked = trip.add(
            """
            SELECT \(unescaped: RunRow.columns) FROM live_runs
            WHERE job_id = ANY(\(ids.uuids())) AND blocked_on IS NOT NULL ORDER BY scheduled_for, id
            FOR UPDATE SKIP LOCKED
            """)
        let answers = try send(trip)
        try readClock(answers[clock])
        let jobs = try jobs(answers[moving], among: ids)
        var running = try Self.counts(answers[counted]).merging(
            Self.sharedCounts(answers[sharedCounted]), uniquingKeysWith: +)
        var changes: [RunChange] = []
        for run in try answers[parked].all(RunRow.read) where free.cover(RunPlace(run)) {
            guard let job = jobs[run.jobID], running[run.overlapKey, default: 0] < job.runningLimit else { continue }
            running[run.overlapKey, default: 0] += 1
            var after = run
            try StartRule.unpark(&after, now: now)
            changes.append(RunChange(before: run, after: after))
        }
        if !changes.isEmpty { _ = try query(RunWrites.update(changes)) }
        return changes.count
    }

    /// Ends jobs that have neither slots nor live runs left, which two nodes may have overlooked side by side.
    func repairFinished() throws {
        let ids: [JobID] = try query(
            """
            SELECT j.id FROM job_cursors c JOIN jobs j ON j.id = c.job_id WHERE c.ended
            ORDER BY j.id LIMIT \(Int64(Self.reapLimit)) FOR NO KEY UPDATE OF j SKIP LOCKED
            """
        ).all { try $0.id(0) }
        guard !ids.isEmpty else { return }
        _ = try send([
            Self.finishJobs(ids),
            """
            UPDATE job_cursors c SET ended = false FROM jobs j
            WHERE c.job_id = ANY(\(ids.uuids())) AND j.id = c.job_id AND j.state <> 'active'
            """,
        ])
    }

    /// `@reboot` jobs get a run when the scheduler starts: when a node comes and no other is alive.
    func planReboots(_ node: NodeID) throws {
        let due: [JobID] = try query(
            "SELECT id FROM jobs WHERE is_reboot AND deleted_at IS NULL AND state = 'active' ORDER BY id FOR NO KEY UPDATE"
        ).all { try $0.id(0) }
        guard !due.isEmpty else { return }
        // Of nodes that come at once the second waited above, and finds the first.
        var trip = RoundTrip()
        let clock = trip.add(clock())
        let moving = trip.add(Self.moving(due))
        let others = trip.add(Self.others(node, moment))
        let answers = try send(trip)
        try readClock(answers[clock])
        guard answers[others].rowCount == 0 else { return }
        let known = try jobs(answers[moving], among: due)
        var moved: [Job] = []
        var runs: [Run] = []
        for id in due {
            guard var job = known[id], let run = PlanRule.reboot(&job, now: now, random: &random) else { continue }
            moved.append(job)
            runs.append(run)
        }
        _ = try send(inserts(runs) + (moved.isEmpty ? [] : [Self.saveCursors(moved)]))
    }

    private static func others(_ node: NodeID, _ moment: Int64?) -> PostgresQuery {
        """
        SELECT 1 FROM nodes WHERE id <> \(node.uuid) AND dead_at IS NULL
            AND lease_until > (SELECT coalesce(\(moment), cronpp_now())) LIMIT 1
        """
    }
}
