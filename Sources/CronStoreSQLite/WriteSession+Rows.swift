import CronModel
import CronSchedule

/// Writing rows.
extension WriteSession {
    func insert(_ run: Run) throws {
        let statement = try hotStatements.insertRun.begin()
        statement.bind(run.id).bind(run.jobID).bind(run.userID).bind(Int64(run.origin.rawValue))
        statement.bind(run.scheduledFor).bind(run.zone).bind(run.dueAt).bind(Int64(run.status.rawValue))
        statement.bind(run.reason.map { Int64($0.rawValue) }).bind(run.fence).bind(run.attempt).bind(run.owner)
        statement.bind(run.blockedOn).bind(run.storedFlags).bind(run.budgetBase).bind(run.firstStartedAt)
        statement.bind(run.runDeadline)
        bindAttempt(run.current, to: statement)
        statement.bind(run.storedExtra).bind(run.log.bytes).bind(run.concurrencyKey)
        try bindMembership(run, to: statement).run()
        cache(run)
        try signal(run)
    }

    func save(_ run: Run) throws {
        let statement = try hotStatements.saveRun.begin()
        statement.bind(run.dueAt).bind(Int64(run.status.rawValue)).bind(run.reason.map { Int64($0.rawValue) })
        statement.bind(run.fence).bind(run.attempt).bind(run.owner).bind(run.blockedOn).bind(run.storedFlags)
        statement.bind(run.budgetBase).bind(run.firstStartedAt).bind(run.runDeadline)
        bindAttempt(run.current, to: statement)
        statement.bind(run.storedExtra).bind(run.log.bytes).bind(run.concurrencyKey)
        bindMembership(run, to: statement)
        try statement.bind(run.id).run()
        cache(run)
        try signal(run)
    }

    func saveStarted(_ run: Run) throws {
        let statement = try hotStatements.markStarted.begin()
        statement.bind(Int64(run.status.rawValue)).bind(run.reason.map { Int64($0.rawValue) }).bind(run.attempt)
        statement.bind(run.firstStartedAt).bind(run.runDeadline).bind(run.current?.fence).bind(run.current?.node)
        statement.bind(run.current?.startedAt).bind(run.log.bytes).bind(run.id).bind(run.fence)
        try statement.run()
        cache(run)
    }

    func saveSucceeded(_ run: Run) throws {
        let statement = try hotStatements.markSucceeded.begin()
        let outcome = run.current?.outcome
        statement.bind(Int64(run.status.rawValue)).bind(run.reason.map { Int64($0.rawValue) })
        statement.bind(run.current?.finishedAt).bind(outcome?.storedCode).bind(
            outcome?.storedDetail)
        try statement.bind(run.log.bytes).bind(run.id).bind(run.fence).run()
        cache(run)
        try signal(run)
    }

    func delete(_ id: RunID) throws {
        try statement("DELETE FROM runs WHERE id = ?").bind(id).run()
        uncache(id)
    }

    /// Keeps an attempt beside its run, before the next one takes its place there. What a late outcome has put there
    /// already stays unless `replacing`.
    func archive(_ attempt: Attempt, of run: RunID, replacing: Bool) throws {
        let statement = try statement(
            """
            INSERT OR \(replacing ? "REPLACE" : "IGNORE") INTO attempts (run_id, number, fence, node, started_at, finished_at, outcome, detail,
                late_outcome, late_detail) VALUES (?,?,?,?,?,?,?,?,?,?)
            """)
        statement.bind(run).bind(attempt.number).bind(attempt.fence).bind(attempt.node).bind(attempt.startedAt)
        statement.bind(attempt.finishedAt).bind(attempt.outcome?.storedCode)
        statement.bind(attempt.outcome?.storedDetail).bind(attempt.lateOutcome?.storedCode)
        try statement.bind(attempt.lateOutcome?.storedDetail).run()
    }

    func saveCursor(_ job: Job) throws {
        let statement = try hotStatements.saveCursor.begin()
        try statement.bind(job.cursor).bind(job.nextSlot).bind(job.plannedRuns).bind(job.id).run()
        cache(job)
    }

    func insert(_ job: Job) throws {
        let insert = try statement(
            """
            INSERT INTO jobs (name, type, state, state_reason, definition, anchor, is_reboot, updated_at, version,
                deleted_at, id, user_id, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
            """)
        try bindDefinition(job, to: insert).bind(job.id).bind(job.userID).bind(job.createdAt).run()
        let cursor = try statement(
            "INSERT INTO job_cursors (job_id, cursor, next_slot, planned_runs) VALUES (?,?,?,?)")
        try cursor.bind(job.id).bind(job.cursor).bind(job.nextSlot).bind(job.plannedRuns).run()
        cache(job)
        try signal(job)
    }

    func save(_ job: Job) throws {
        let update = try statement(
            """
            UPDATE jobs SET name = ?, type = ?, state = ?, state_reason = ?, definition = ?, anchor = ?, is_reboot = ?,
                updated_at = ?, version = ?, deleted_at = ? WHERE id = ?
            """)
        try bindDefinition(job, to: update).bind(job.id).run()
        try saveCursor(job)
        try signal(job)
    }

    /// Without the definition: every one-shot ends its job, and encoding it took a third of that.
    func saveState(_ job: Job) throws {
        try statement("UPDATE jobs SET state = ?, state_reason = ? WHERE id = ?").bind(job.state.rawValue)
            .bind(job.stateReason).bind(job.id).run()
        cache(job)
    }

    private func bindDefinition(_ job: Job, to statement: SQLStatement) -> SQLStatement {
        statement.bind(job.definition.name).bind(job.definition.type).bind(job.state.rawValue).bind(job.stateReason)
        statement.bind(job.definition.storedText).bind(job.anchor)
        statement.bind(job.schedule.kind == .reboot ? 1 : 0).bind(job.updatedAt).bind(job.version)
        return statement.bind(job.deletedAt)
    }

    private func bindAttempt(_ attempt: Attempt?, to statement: SQLStatement) {
        statement.bind(attempt?.fence).bind(attempt?.node).bind(attempt?.startedAt).bind(attempt?.finishedAt)
        statement.bind(attempt?.outcome?.storedCode).bind(attempt?.outcome?.storedDetail)
    }

    @discardableResult
    private func bindMembership(_ run: Run, to statement: SQLStatement) -> SQLStatement {
        statement.bind(run.claimableAt).bind(run.status.isLive ? 1 : Int?.none)
        return statement.bind(run.status == .dead ? 1 : Int?.none)
    }
}
