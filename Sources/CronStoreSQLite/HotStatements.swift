import CronModel

/// The statements that every run goes through. Each names only the columns that its step changes.
struct HotStatements {
    let selectRun: SQLStatement
    let insertRun: SQLStatement
    /// T3: touches no index.
    let markStarted: SQLStatement
    /// T5 with SUCCESS: leaves the live and claimed indexes.
    let markSucceeded: SQLStatement
    /// Everything that can change.
    let saveRun: SQLStatement
    let saveCursor: SQLStatement

    init(_ connection: OpaquePointer) throws {
        selectRun = try SQLStatement(connection, "SELECT \(RunRow.columns) FROM runs WHERE id = ?")
        insertRun = try SQLStatement(
            connection,
            """
            INSERT INTO runs (\(RunRow.columns), claimable_at, live, dead)
            VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            """)
        markStarted = try SQLStatement(
            connection,
            """
            UPDATE runs SET status = ?, reason = ?, attempt = ?, first_started_at = ?, run_deadline = ?,
                attempt_fence = ?, attempt_node = ?, started_at = ?, finished_at = NULL, outcome = NULL, detail = NULL,
                flags = flags & ~\(Run.turnFlag), events = ?
            WHERE id = ? AND fence = ?
            """)
        markSucceeded = try SQLStatement(
            connection,
            """
            UPDATE runs SET status = ?, reason = ?, owner = NULL, run_deadline = NULL, finished_at = ?, outcome = ?,
                detail = ?, events = ?, live = NULL
            WHERE id = ? AND fence = ?
            """)
        saveRun = try SQLStatement(
            connection,
            """
            UPDATE runs SET due_at = ?, status = ?, reason = ?, fence = ?, attempt = ?, owner = ?, blocked_on = ?,
                flags = ?, budget_base = ?, first_started_at = ?, run_deadline = ?, attempt_fence = ?,
                attempt_node = ?, started_at = ?, finished_at = ?, outcome = ?, detail = ?, extra = ?, events = ?,
                concurrency_key = ?, claimable_at = ?, live = ?, dead = ?
            WHERE id = ?
            """)
        saveCursor = try SQLStatement(
            connection, "UPDATE job_cursors SET cursor = ?, next_slot = ?, planned_runs = ? WHERE job_id = ?")
    }
}
