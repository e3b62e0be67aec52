import CronModel
import CronSchedule
import Synchronization

/// Ended runs beyond what a space may keep.
extension SQLiteStore {
    struct Surplus: Sendable {
        var runs: [RunID] = []
        /// Where the next count goes on; nil begins anew.
        var last: UserID?
    }

    func surplus(_ request: PruneRequest) async throws(StoreError) -> Surplus {
        guard let keep = request.keep else { return Surplus() }
        let after = surplusAfter.withLock { $0 }
        return try await read { session in
            var surplus = Surplus(last: after)
            for _ in 0..<PruneRequest.spaces {
                surplus.last = try session.space(after: surplus.last)
                guard let space = surplus.last else { break }
                surplus.runs += try session.surplus(
                    of: space, beyond: keep, atMost: request.limit - surplus.runs.count)
            }
            return surplus
        }
    }
}

extension ReadSession {
    fileprivate func space(after: UserID?) throws -> UserID? {
        try statement("SELECT user_id FROM runs WHERE user_id > ? ORDER BY user_id LIMIT 1")
            .bind(after ?? UserID(high: 0, low: 0)).first { $0.id(0) }
    }

    /// The oldest first.
    fileprivate func surplus(of space: UserID, beyond keep: Int, atMost limit: Int) throws -> [RunID] {
        let newest = try statement(
            """
            SELECT scheduled_for, id FROM runs WHERE user_id = ? AND live IS NULL
            ORDER BY scheduled_for DESC, id DESC LIMIT 1 OFFSET ?
            """
        ).bind(space).bind(keep).first { (slot: $0.instant(0), id: $0.id(1, as: RunID.self)) }
        guard let newest else { return [] }
        return try statement(
            """
            SELECT id FROM runs WHERE user_id = ? AND (scheduled_for, id) <= (?, ?) AND live IS NULL AND dead IS NULL
            ORDER BY scheduled_for, id LIMIT ?
            """
        ).bind(space).bind(newest.slot).bind(newest.id).bind(limit).all { $0.id(0) }
    }
}
