import CronModel
import CronSchedule

/// Nodes, reaping, repair, pruning.
extension WriteSession {
    /// The process lock proves every other incarnation dead, so their runs are taken at once.
    func register(_ node: Node) throws -> ReapAnswer {
        try statement("UPDATE nodes SET dead_at = ? WHERE dead_at IS NULL").bind(now).run()
        let insert = try statement(
            "INSERT INTO nodes (id, pid, host, version, started_at, lease_until) VALUES (?,?,?,?,?,?)")
        insert.bind(node.id).bind(Int(node.pid)).bind(node.host).bind(node.version)
        try insert.bind(node.startedAt).bind(node.leaseUntil).run()
        let left = try statement(
            "SELECT \(RunRow.columns) FROM runs INDEXED BY runs_live WHERE live IS NOT NULL AND owner IS NOT NULL"
        ).all(RunRow.read)
        for run in left { cache(run) }
        let answer = try take(left)
        try planReboots()
        return answer
    }

    private func take(_ runs: [Run]) throws -> ReapAnswer {
        var answer = ReapAnswer()
        for var run in runs {
            if run.status == .queued { answer.queued += 1 } else { answer.running += 1 }
            try takeAway(&run, reason: .leaseLost)
        }
        return answer
    }

    private func planReboots() throws {
        let jobs = try statement("SELECT id FROM jobs WHERE is_reboot = 1 AND deleted_at IS NULL AND state = 'active'")
            .all { $0.id(0, as: JobID.self) }
        for id in jobs {
            guard var job = try job(id), let run = PlanRule.reboot(&job, now: now, random: &random) else { continue }
            try insert(run)
            try saveCursor(job)
        }
    }

    func heartbeat(node: NodeID, lease: Span) throws -> HeartbeatAnswer {
        let isAlive = try statement("SELECT dead_at IS NULL FROM nodes WHERE id = ?").bind(node).first {
            $0.int(0) == 1
        }
        guard isAlive == true else { return HeartbeatAnswer(isAlive: false, cancelRequests: []) }
        try statement("UPDATE nodes SET lease_until = ? WHERE id = ?").bind(now + lease).bind(node).run()
        let cancels = claimed.all.filter { $0.owner == node && $0.status == .running && $0.cancelRequested }
        return HeartbeatAnswer(isAlive: true, cancelRequests: cancels.map(\.id).sorted())
    }

    func retire(node: NodeID) throws {
        try statement("UPDATE nodes SET lease_until = ?, dead_at = ? WHERE id = ?").bind(now).bind(now).bind(node).run()
    }

    /// One process holds the store, so only a RUNNING run past its deadline can be lost.
    func reap() throws -> ReapAnswer {
        try take(claimed.all.filter { $0.runDeadline.map { $0 < now } ?? false }.sorted { $0.id < $1.id })
    }

    func repair(held: Set<ClaimToken>, node: NodeID) throws -> RepairAnswer {
        var answer = RepairAnswer()
        let queued = claimed.all.filter { $0.owner == node && $0.status == .queued }.sorted { $0.id < $1.id }
        for var run in queued where !held.contains(ClaimToken(runID: run.id, fence: run.fence)) {
            try takeAway(&run, reason: .handedBack)
            answer.handedBack += 1
        }
        let parked = try statement(
            """
            SELECT \(RunRow.columns), min(scheduled_for) FROM runs WHERE blocked_on IS NOT NULL GROUP BY blocked_on
            """
        ).all(RunRow.read)
        for run in parked where try unpark(run.overlapKey) { answer.unparked += 1 }
        return answer
    }

    /// - Parameter surplus: runs that had ended when they were counted, and are more than their space may keep.
    func prune(_ request: PruneRequest, surplus: [RunID]) throws -> Int {
        var pruned = try pruneOld(endedBefore: request.endedBefore, atMost: request.limit)
        // Somebody may have redriven one since.
        for id in surplus.prefix(request.limit - pruned) where try run(id)?.status.isFinal ?? false {
            try remove(id)
            pruned += 1
        }
        try pruneRest(request.endedBefore)
        return pruned
    }

    /// Walks the runs in the order of their ids, which is the order of their planning, and needs no index of its own.
    private func pruneOld(endedBefore limit: Instant, atMost count: Int) throws -> Int {
        let last = RunID(high: UInt64(clamping: max(0, limit.microseconds / 1_000)) << 16, low: 0)
        let rows = try statement(
            "SELECT id, status, live, events FROM runs WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
        ).bind(pruneAfter ?? RunID(high: 0, low: 0)).bind(last).bind(count).all { row in
            (
                id: row.id(0, as: RunID.self), status: RunStatus(rawValue: UInt8(truncatingIfNeeded: row.int(1))),
                log: RunEventLog(bytes: row.blob(3))
            )
        }
        var pruned = 0
        for row in rows where row.status?.isFinal == true && (row.log.events.last?.at ?? limit) < limit {
            try remove(row.id)
            pruned += 1
        }
        pruneAfter = rows.count < count ? nil : rows.last?.id
        return rows.count < count ? pruned : count
    }

    private func remove(_ id: RunID) throws {
        try delete(id)
        try statement("DELETE FROM attempts WHERE run_id = ?").bind(id).run()
    }

    private func pruneRest(_ limit: Instant) throws {
        try statement("DELETE FROM start_rates WHERE paid_until < ?").bind(now - StartRate.periods.upperBound).run()
        try statement("DELETE FROM idempotency_keys WHERE at < ?").bind(now - IdempotencyKey.kept).run()
        try statement("DELETE FROM refresh_tokens WHERE expires_at < ?").bind(now).run()
        try statement("DELETE FROM nodes WHERE dead_at < ?").bind(limit).run()
    }
}
