import CronModel
import CronSchedule

/// A run as a row of `runs`.
enum RunRow {
    /// In the order that `read` expects.
    static let columns = """
        id, job_id, user_id, origin, scheduled_for, zone, due_at, status, reason, fence, attempt, owner, blocked_on, \
        flags, budget_base, first_started_at, run_deadline, attempt_fence, attempt_node, started_at, finished_at, \
        outcome, detail, extra, events
        """

    static let selectOwned = "SELECT \(columns) FROM runs WHERE id = ? AND user_id = ?"

    private static let catchUpFlag: Int64 = 1
    private static let cancelFlag: Int64 = 2
    private static let overlapCancelFlag: Int64 = 4

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
        let flags = row.int(13)
        run.catchUp = flags & catchUpFlag != 0
        if flags & cancelFlag != 0 { run.cancelReason = flags & overlapCancelFlag != 0 ? .overlap : .user }
        run.budgetBase = Int(row.int(14))
        run.firstStartedAt = row.instantOrNil(15)
        run.runDeadline = row.instantOrNil(16)
        run.current = attempt(row, number: run.attempt)
        if let text = row.textOrNil(23), let extra = JSONText.decode(Extra.self, text) { extra.apply(to: &run) }
        return run
    }

    static func flags(_ run: Run) -> Int64 {
        (run.catchUp ? catchUpFlag : 0) | (run.cancelRequested ? cancelFlag : 0)
            | (run.cancelReason == .overlap ? overlapCancelFlag : 0)
    }

    static func extra(_ run: Run) -> String? {
        let extra = Extra(run)
        return extra == Extra() ? nil : JSONText.encode(extra)
    }

    /// When the run may be claimed, or nil while it may not.
    static func claimableAt(_ run: Run) -> Instant? {
        let waits = run.status == .pending || run.status == .retrying
        return waits && run.blockedOn == nil ? run.dueAt : nil
    }

    private static func attempt(_ row: SQLStatement, number: Int) -> Attempt? {
        guard let fence = row.intOrNil(17), let startedAt = row.instantOrNil(19) else { return nil }
        var attempt = Attempt(number: number, fence: fence, node: row.id(18), startedAt: startedAt)
        attempt.finishedAt = row.instantOrNil(20)
        attempt.outcome = row.intOrNil(21).map { OutcomeRow.outcome(code: $0, detail: row.textOrNil(22)) }
        return attempt
    }

    /// What few runs have.
    private struct Extra: Codable, Equatable {
        var payload: JSONValue?
        var redrive_of: RunID?
        var last_scheduled_for: Int64?
        var skipped_count: Int?

        init() {}

        init(_ run: Run) {
            payload = run.payload
            redrive_of = run.redriveOf
            last_scheduled_for = run.lastScheduledFor?.microseconds
            skipped_count = run.skippedCount
        }

        func apply(to run: inout Run) {
            run.payload = payload
            run.redriveOf = redrive_of
            run.lastScheduledFor = last_scheduled_for.map { Instant(microseconds: $0) }
            run.skippedCount = skipped_count
        }
    }
}
