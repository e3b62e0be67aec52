import CronModel
import CronSchedule
import PostgresClient

/// A run as a row of `live_runs` or `run_history`: in the order of the tables' columns.
enum RunRow {
    static let columns = """
        id, job_id, user_id, scheduled_for, due_at, fence, first_started_at, run_deadline, attempt_fence, started_at, \
        finished_at, attempt, budget_base, outcome, origin, status, reason, flags, owner, attempt_node, zone, \
        blocked_on, detail, extra, events, concurrency_key
        """

    static func read(_ row: PostgresRow) throws -> Run {
        var run = Run(
            stored: try row.id(0), jobID: try row.id(1), userID: try row.id(2),
            origin: RunOrigin(rawValue: UInt8(truncatingIfNeeded: try row.int16(14))) ?? .schedule,
            scheduledFor: try row.instant(3), zone: try row.text(20), dueAt: try row.instant(4),
            status: RunStatus(rawValue: UInt8(truncatingIfNeeded: try row.int16(15))) ?? .pending,
            reason: try row.int16OrNil(16).flatMap { RunReason(rawValue: UInt8(truncatingIfNeeded: $0)) },
            fence: try row.int(5), attempt: Int(try row.int(11)), log: RunEventLog(bytes: try row.bytes(24)))
        run.owner = try row.idOrNil(18)
        run.blockedOn = try row.textOrNil(21)
        run.storedFlags = Int64(try row.int16(17))
        run.budgetBase = Int(try row.int(12))
        run.firstStartedAt = try row.instantOrNil(6)
        run.runDeadline = try row.instantOrNil(7)
        run.current = try attempt(row, number: run.attempt)
        run.storedExtra = try row.textOrNil(23)
        run.concurrencyKey = try row.textOrNil(25)
        return run
    }

    private static func attempt(_ row: PostgresRow, number: Int) throws -> Attempt? {
        guard let fence = try row.intOrNil(8), let startedAt = try row.instantOrNil(9) else { return nil }
        var attempt = Attempt(number: number, fence: fence, node: try row.id(19), startedAt: startedAt)
        attempt.finishedAt = try row.instantOrNil(10)
        let detail = try row.textOrNil(22)
        attempt.outcome = try row.intOrNil(13).map { Outcome(storedCode: $0, detail: detail) }
        return attempt
    }
}

/// An attempt as a row of `attempts`.
enum AttemptRow {
    static let columns =
        "run_id, number, fence, node, started_at, finished_at, outcome, detail, late_outcome, late_detail"

    static func read(_ row: PostgresRow) throws -> (run: RunID, attempt: Attempt) {
        var attempt = Attempt(
            number: Int(try row.int(1)), fence: try row.int(2), node: try row.id(3), startedAt: try row.instant(4))
        attempt.finishedAt = try row.instantOrNil(5)
        let (detail, lateDetail) = (try row.textOrNil(7), try row.textOrNil(9))
        attempt.outcome = try row.intOrNil(6).map { Outcome(storedCode: $0, detail: detail) }
        attempt.lateOutcome = try row.intOrNil(8).map { Outcome(storedCode: $0, detail: lateDetail) }
        return (try row.id(0), attempt)
    }
}

extension [Attempt] {
    /// Adds the attempt that lies in the run's own row, unless a late outcome has put it here too.
    func merged(with current: Attempt?) -> [Attempt] {
        guard let current, !contains(where: { $0.number == current.number }) else { return self }
        return self + [current]
    }
}
