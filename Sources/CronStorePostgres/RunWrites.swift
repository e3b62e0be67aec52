import CronModel
import CronSchedule
import PostgresClient

/// A run as it was read and as it is to be. A write names what it found, and changes nothing else.
struct RunChange {
    var before: Run
    var after: Run
}

/// Whose lease a write needs besides the fence of each row. It is asked inside the statement: a check before it would
/// race with whoever takes the lease away.
struct LeaseGuard {
    static let none = LeaseGuard(node: nil, lengths: 0, moment: nil)

    /// Nil asks nothing.
    var node: PostgresUUID?
    /// For how many lease lengths without a break it must have been held.
    var lengths: Int64
    /// The time if it is not the database's.
    var moment: Int64?
}

/// The statements that write runs. Those that change rows answer the ids of the rows that were still as they were found.
enum RunWrites {
    static func insert(_ runs: [Run]) -> PostgresQuery {
        let a = RunArrays(runs)
        return """
            INSERT INTO live_runs (\(unescaped: RunRow.columns))
            SELECT * FROM unnest(\(a.ids), \(a.jobs), \(a.users), \(a.slots), \(a.dues), \(a.fences), \(a.firstStarts),
                \(a.deadlines), \(a.attemptFences), \(a.starts), \(a.finishes), \(a.attempts), \(a.bases),
                \(a.outcomes), \(a.origins), \(a.statuses), \(a.reasons), \(a.flags), \(a.owners), \(a.attemptNodes),
                \(a.zones), \(a.blocks), \(a.details), \(a.extras), \(a.events), \(a.keys))
            """
    }

    static func insertEnded(_ runs: [Run]) -> PostgresQuery {
        let a = RunArrays(runs)
        return """
            INSERT INTO run_history (\(unescaped: RunRow.columns), ended_at)
            SELECT * FROM unnest(\(a.ids), \(a.jobs), \(a.users), \(a.slots), \(a.dues), \(a.fences), \(a.firstStarts),
                \(a.deadlines), \(a.attemptFences), \(a.starts), \(a.finishes), \(a.attempts), \(a.bases),
                \(a.outcomes), \(a.origins), \(a.statuses), \(a.reasons), \(a.flags), \(a.owners), \(a.attemptNodes),
                \(a.zones), \(a.blocks), \(a.details), \(a.extras), \(a.events), \(a.keys), \(a.endings))
            """
    }

    /// Live rows that stay live.
    static func update(_ changes: [RunChange], _ lease: LeaseGuard = .none) -> PostgresQuery {
        let a = RunArrays(changes.map(\.after))
        let before = RunArrays(changes.map(\.before))
        return """
            UPDATE live_runs r SET due_at = u.due_at, fence = u.fence, first_started_at = u.first_started_at,
                run_deadline = u.run_deadline, attempt_fence = u.attempt_fence, started_at = u.started_at,
                finished_at = u.finished_at, attempt = u.attempt, budget_base = u.budget_base, outcome = u.outcome,
                status = u.status, reason = u.reason, flags = u.flags, owner = u.owner,
                attempt_node = u.attempt_node, blocked_on = u.blocked_on, detail = u.detail, extra = u.extra,
                events = u.events, concurrency_key = u.concurrency_key
            FROM unnest(\(a.ids), \(before.fences), \(before.statuses), \(a.dues), \(a.fences), \(a.firstStarts),
                \(a.deadlines), \(a.attemptFences), \(a.starts), \(a.finishes), \(a.attempts), \(a.bases),
                \(a.outcomes), \(a.statuses), \(a.reasons), \(a.flags), \(a.owners), \(a.attemptNodes), \(a.blocks),
                \(a.details), \(a.extras), \(a.events), \(a.keys)) AS u (id, old_fence, old_status, due_at, fence,
                first_started_at, run_deadline, attempt_fence, started_at, finished_at, attempt, budget_base, outcome,
                status, reason, flags, owner, attempt_node, blocked_on, detail, extra, events, concurrency_key)
            WHERE r.id = u.id AND r.fence = u.old_fence AND r.status = u.old_status
                AND (SELECT cronpp_leased(\(lease.node), \(lease.lengths), \(lease.moment)))
            RETURNING r.id
            """
    }

    /// Live rows that become RUNNING: no more columns than a start changes, and none of an index.
    static func start(_ changes: [RunChange], _ lease: LeaseGuard) -> PostgresQuery {
        let a = RunArrays(changes.map(\.after))
        let before = RunArrays(changes.map(\.before))
        return """
            UPDATE live_runs r SET first_started_at = u.first_started_at, run_deadline = u.run_deadline,
                attempt_fence = r.fence, started_at = u.started_at, finished_at = NULL, attempt = u.attempt,
                outcome = NULL, status = u.status, reason = u.reason, flags = r.flags & \(Int16(~Run.turnFlag)),
                attempt_node = r.owner, detail = NULL, events = u.events
            FROM unnest(\(a.ids), \(before.fences), \(before.statuses), \(a.firstStarts), \(a.deadlines), \(a.starts),
                \(a.attempts), \(a.statuses), \(a.reasons), \(a.events)) AS u (id, old_fence, old_status,
                first_started_at, run_deadline, started_at, attempt, status, reason, events)
            WHERE r.id = u.id AND r.fence = u.old_fence AND r.status = u.old_status AND r.owner = \(lease.node)
                AND (SELECT cronpp_leased(\(lease.node), \(lease.lengths), \(lease.moment)))
            RETURNING r.id
            """
    }

    /// Live rows that end: what their attempt brought is all that is sent, the rest moves inside the database.
    /// - Parameter unsure: runs of jobs that may have had alerts for a while without this node's knowledge: if a job is
    ///   watched, its run's end is told.
    static func end(
        _ changes: [RunChange], _ lease: LeaseGuard = .none, unsure: Set<RunID> = []
    ) -> PostgresQuery {
        let a = RunArrays(changes.map(\.after))
        let before = RunArrays(changes.map(\.before))
        return """
            WITH ended AS (
                DELETE FROM live_runs r
                USING unnest(\(a.ids), \(before.fences), \(before.statuses), \(a.dues), \(a.fences), \(a.finishes),
                    \(a.outcomes),
                    \(a.statuses), \(a.reasons), \(a.flags), \(a.details), \(a.events), \(a.endings),
                    \(PostgresArray(changes.map { unsure.contains($0.after.id) })))
                    AS u (id, old_fence, old_status, due_at, fence, finished_at, outcome, status, reason, flags, detail,
                    events, ended_at, is_unsure)
                WHERE r.id = u.id AND r.fence = u.old_fence AND r.status = u.old_status
                    AND (SELECT cronpp_leased(\(lease.node), \(lease.lengths), \(lease.moment)))
                RETURNING r.id, r.job_id, r.user_id, r.scheduled_for, u.due_at, u.fence, r.first_started_at,
                    r.attempt_fence, r.started_at, u.finished_at, r.attempt, r.budget_base, u.outcome, r.origin,
                    u.status, u.reason, u.flags, r.attempt_node, r.zone, u.detail, r.extra, u.events, r.concurrency_key,
                    u.ended_at, u.is_unsure),
            told AS (
                INSERT INTO watch_signals (job_id, run_id)
                SELECT e.job_id, e.id FROM ended e JOIN job_watches w ON w.job_id = e.job_id WHERE e.is_unsure)
            INSERT INTO run_history (id, job_id, user_id, scheduled_for, due_at, fence, first_started_at,
                attempt_fence, started_at, finished_at, attempt, budget_base, outcome, origin, status, reason, flags,
                attempt_node, zone, detail, extra, events, concurrency_key, ended_at)
            SELECT id, job_id, user_id, scheduled_for, due_at, fence, first_started_at, attempt_fence, started_at,
                finished_at, attempt, budget_base, outcome, origin, status, reason, flags, attempt_node, zone, detail,
                extra, events, concurrency_key, ended_at
            FROM ended RETURNING id
            """
    }
}

/// Writes of single rows, by people.
extension RunWrites {
    static func withdraw(_ ids: [RunID]) -> PostgresQuery {
        "DELETE FROM live_runs WHERE id = ANY(\(ids.uuids()))"
    }

    /// A dead letter that stays in history under another status.
    static func settle(_ change: RunChange) -> PostgresQuery {
        let run = change.after
        return """
            UPDATE run_history SET status = \(Int16(run.status.rawValue)),
                reason = \(run.reason.map { Int16($0.rawValue) }), fence = \(run.fence),
                events = \(run.log.bytes), ended_at = \((run.events.last?.at ?? run.dueAt).microseconds)
            WHERE id = \(run.id.uuid) AND fence = \(change.before.fence)
            """
    }

    static func removeEnded(_ run: Run) -> PostgresQuery {
        "DELETE FROM run_history WHERE id = \(run.id.uuid) AND fence = \(run.fence)"
    }

    /// Keeps attempts beside their run, before the next one takes its place there. What a late outcome has put there
    /// already stays unless `replacing`.
    static func archive(_ attempts: [(run: RunID, attempt: Attempt)], replacing: Bool = false) -> PostgresQuery {
        let all = attempts.map(\.attempt)
        let conflict =
            replacing
            ? "(run_id, number) DO UPDATE SET late_outcome = excluded.late_outcome, late_detail = excluded.late_detail"
            : "DO NOTHING"
        return """
            INSERT INTO attempts (\(unescaped: AttemptRow.columns))
            SELECT * FROM unnest(\(attempts.map(\.run).uuids()), \(PostgresArray(all.map { Int32(clamping: $0.number) })),
                \(PostgresArray(all.map(\.fence))), \(all.map(\.node).uuids()),
                \(PostgresArray(all.map(\.startedAt.microseconds))),
                \(PostgresArray(all.map { $0.finishedAt?.microseconds })),
                \(codes(all.map(\.outcome))), \(PostgresArray(all.map { $0.outcome?.storedDetail })),
                \(codes(all.map(\.lateOutcome))), \(PostgresArray(all.map { $0.lateOutcome?.storedDetail })))
            ON CONFLICT \(unescaped: conflict)
            """
    }

    private static func codes(_ outcomes: [Outcome?]) -> PostgresArray<Int32?> {
        PostgresArray(outcomes.map { ($0?.storedCode).map { Int32(clamping: $0) } })
    }
}
