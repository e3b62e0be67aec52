import CronModel
import PostgresClient

/// Outcomes whose run was not RUNNING under their fence.
extension Session {
    /// An outcome that was applied before (its answer was lost) is repeated; any other is kept beside its attempt, and
    /// never applied.
    func late(_ finish: Finish) throws -> FinishAnswer {
        let id = finish.token.runID
        let results = try send([Self.anyRun(id), Self.attempts(of: [id])])
        guard let run = try results[0].first(RunRow.read) else { return .superseded }
        let attempts = try results[1].all(AttemptRow.read).map(\.attempt).merged(with: run.current)
        guard var attempt = attempts.first(where: { $0.fence == finish.token.fence }) else { return .superseded }
        if attempt.outcome == finish.outcome || attempt.lateOutcome == finish.outcome { return .repeated }
        attempt.lateOutcome = finish.outcome
        _ = try query(RunWrites.archive([(id, attempt)], replacing: true))
        return .superseded
    }

    /// A run wherever it is.
    static func anyRun(_ id: RunID) -> PostgresQuery {
        """
        SELECT \(unescaped: RunRow.columns) FROM live_runs WHERE id = \(id.uuid)
        UNION ALL SELECT \(unescaped: RunRow.columns) FROM run_history WHERE id = \(id.uuid)
        """
    }

    static func attempts(of ids: [RunID]) -> PostgresQuery {
        """
        SELECT \(unescaped: AttemptRow.columns) FROM attempts WHERE run_id = ANY(\(ids.uuids())) ORDER BY run_id, number
        """
    }
}
