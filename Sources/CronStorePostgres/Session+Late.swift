import CronModel
import PostgresClient

/// Outcomes whose run was not RUNNING under their fence.
extension Session {
    /// An outcome that was applied before (its answer was lost) is repeated; any other is kept beside its attempt, and
    /// never applied.
    func late(_ finishes: [Finish]) throws -> [ClaimToken: FinishAnswer] {
        let ids = Set(finishes.map(\.token.runID)).sorted()
        var trip = RoundTrip()
        let runs = trip.add(Self.anyRuns(ids))
        let earlier = trip.add(Self.attempts(of: ids))
        let found = try send(trip)
        var attempts = Dictionary(grouping: try found[earlier].all(AttemptRow.read), by: \.run).mapValues {
            $0.map(\.attempt)
        }
        for run in try found[runs].all(RunRow.read) {
            attempts[run.id] = (attempts[run.id] ?? []).merged(with: run.current)
        }
        var answers: [ClaimToken: FinishAnswer] = [:]
        var kept: [(run: RunID, attempt: Attempt)] = []
        // Of several with one token the first: a statement cannot write a row twice.
        for finish in finishes where answers[finish.token] == nil {
            answers[finish.token] = .superseded
            let run = finish.token.runID
            guard var attempt = attempts[run]?.first(where: { $0.fence == finish.token.fence }) else { continue }
            if attempt.outcome == finish.outcome || attempt.lateOutcome == finish.outcome {
                answers[finish.token] = .repeated
            } else {
                attempt.lateOutcome = finish.outcome
                kept.append((run, attempt))
            }
        }
        // By the rows' key, so that nodes which keep the same ones do not wait for each other in a circle.
        kept.sort { ($0.run, $0.attempt.number) < ($1.run, $1.attempt.number) }
        if !kept.isEmpty { _ = try query(RunWrites.archive(kept, replacing: true)) }
        return answers
    }

    /// Runs wherever they are.
    static func anyRuns(_ ids: [RunID]) -> PostgresQuery {
        """
        SELECT \(unescaped: RunRow.columns) FROM live_runs WHERE id = ANY(\(ids.uuids()))
        UNION ALL SELECT \(unescaped: RunRow.columns) FROM run_history WHERE id = ANY(\(ids.uuids()))
        """
    }

    static func attempts(of ids: [RunID]) -> PostgresQuery {
        """
        SELECT \(unescaped: AttemptRow.columns) FROM attempts WHERE run_id = ANY(\(ids.uuids())) ORDER BY run_id, number
        """
    }
}
