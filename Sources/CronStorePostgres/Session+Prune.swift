import CronModel
import CronSchedule
import PostgresClient

/// What goes: old history, and history beyond what a space may keep. A chunk is one transaction, never a long lock.
extension Session {
    /// All but history beyond what a space may keep.
    func prune(_ request: PruneRequest) throws -> Int {
        let pruned = try pruneOld(request)
        try readClock()
        _ = try send([
            "DELETE FROM start_rates WHERE paid_until < \((now - StartRate.periods.upperBound).microseconds)",
            "DELETE FROM idempotency_keys WHERE at < \((now - IdempotencyKey.kept).microseconds)",
            "DELETE FROM refresh_tokens WHERE expires_at < \(now.microseconds)",
            "DELETE FROM nodes WHERE dead_at < \(request.endedBefore.microseconds)",
        ])
        return pruned
    }

    private func pruneOld(_ request: PruneRequest) throws -> Int {
        let limit = request.endedBefore
        let after = memory.pruneAfter ?? RunID(high: 0, low: 0)
        let last = RunID(high: UInt64(clamping: max(0, limit.microseconds / 1_000)) << 16, low: 0)
        let pruned = try query(
            """
            WITH old AS MATERIALIZED (
                SELECT id FROM run_history
                WHERE id > \(after.uuid) AND id < \(last.uuid) AND status <> 6 AND ended_at < \(limit.microseconds)
                ORDER BY id LIMIT \(Int64(request.limit)) FOR UPDATE SKIP LOCKED),
            gone AS (DELETE FROM attempts a USING old WHERE a.run_id = old.id)
            DELETE FROM run_history h USING old WHERE h.id = old.id RETURNING h.id
            """
        ).ids(of: RunKind.self)
        memory.pruneAfter = pruned.count < request.limit ? nil : pruned.max()
        return pruned.count
    }

    /// The next spaces, found one by one in the index of history: from each to the next is one step.
    func pruneSurplus(_ keep: Int, atMost limit: Int) throws -> Int {
        let after = memory.surplusAfter ?? UserID(high: 0, low: 0)
        let found = try query(
            """
            WITH RECURSIVE spaces (id, n) AS (
                (SELECT user_id, 1 FROM run_history WHERE user_id > \(after.uuid) ORDER BY user_id LIMIT 1)
                UNION ALL
                SELECT (SELECT h.user_id FROM run_history h WHERE h.user_id > s.id ORDER BY h.user_id LIMIT 1), s.n + 1
                FROM spaces s WHERE s.id IS NOT NULL AND s.n < \(Int32(PruneRequest.spaces))),
            surplus AS MATERIALIZED (
                SELECT o.id FROM spaces s CROSS JOIN LATERAL (
                    SELECT scheduled_for, id FROM run_history WHERE user_id = s.id
                    ORDER BY scheduled_for DESC, id DESC OFFSET \(Int64(keep)) LIMIT 1) b
                CROSS JOIN LATERAL (
                    SELECT id FROM run_history h
                    WHERE h.user_id = s.id AND (h.scheduled_for, h.id) <= (b.scheduled_for, b.id) AND h.status <> 6
                    ORDER BY h.scheduled_for, h.id LIMIT \(Int64(limit)) FOR UPDATE SKIP LOCKED) o
                LIMIT \(Int64(limit))),
            gone AS (DELETE FROM attempts a USING surplus WHERE a.run_id = surplus.id),
            removed AS (DELETE FROM run_history h USING surplus WHERE h.id = surplus.id RETURNING h.id)
            SELECT (SELECT count(*) FROM removed),
                (SELECT id FROM spaces WHERE n = \(Int32(PruneRequest.spaces)) AND id IS NOT NULL)
            """
        ).first { (removed: Int(try $0.int(0)), last: try $0.idOrNil(1) as UserID?) }
        guard let found else { return 0 }
        // What is still there of a space is looked at again.
        if found.removed < limit { memory.surplusAfter = found.last }
        return found.removed
    }
}
