import CronModel
import CronSchedule

/// A run as a row of `runs`.
enum RunRow {
    /// In the order that `read` expects.
    static let columns = """
        id, job_id, user_id, origin, scheduled_for, zone, due_at, status, reason, fence, attempt, owner, blocked_on, \
        flags, budget_base, first_started_at, run_deadline, attempt_fence, attempt_node, started_at, finished_at, \
        outcome, detail, extra, events, concurrency_key
        """

    static let selectOwned = "SELECT \(columns) FROM runs WHERE id = ? AND user_id = ?"

    static func read(_ row: SQLStatement) -> Run {
        var run = Run(
            stored: row.id(0), jobID: row.id(1), userID: row.id(2),
            origin: RunOrigin(rawValue: UInt8(truncatingIfNeeded: row.int(3))) ?? .schedule,
            scheduledFor: row.instant(4), zone: row.text(5), dueAt: row.instant(6),
            status: RunStatus(rawValue: UInt8(truncatingIfNeeded: row.int(7))) ?? .pending,
            reason: row.intOrNil(8).flatMap { RunReason(rawValue: UInt8(truncatingIfNeeded: $0)) }, fence: row.int(9),
            attempt: Int(row.int(10)), log: RunEventLog(bytes: row.blob(24)))
        run.owner = row.idOrNil(11)
        run.blockedOn = row.textOrNil(12)
        run.storedFlags = row.int(13)
        run.budgetBase = Int(row.int(14))
        run.firstStartedAt = row.instantOrNil(15)
        run.runDeadline = row.instantOrNil(16)
        run.current = attempt(row, number: run.attempt)
        run.storedExtra = row.textOrNil(23)
        run.concurrencyKey = row.textOrNil(25)
        return run
    }

    private static func attempt(_ row: SQLStatement, number: Int) -> Attempt? {
        guard let fence = row.intOrNil(17), let startedAt = row.instantOrNil(19) else { return nil }
        var attempt = Attempt(number: number, fence: fence, node: row.id(18), startedAt: startedAt)
        attempt.finishedAt = row.instantOrNil(20)
        attempt.outcome = row.intOrNil(21).map { Outcome(storedCode: $0, detail: row.textOrNil(22)) }
        return attempt
    }
}
