import CronModel
import CronSchedule

/// A reading connection inside a snapshot.
struct ReadSession {
    let connection: OpaquePointer

    func statement(_ sql: String) throws -> SQLStatement { try SQLStatement(connection, sql).begin() }

    func job(_ id: JobID, owner: UserID) throws -> Job? {
        try statement(
            "SELECT \(JobRow.columns) FROM \(JobRow.tables) WHERE j.id = ? AND j.user_id = ? AND j.deleted_at IS NULL"
        )
        .bind(id).bind(owner).first(JobRow.read)
    }

    func view(_ job: Job) throws -> JobView {
        JobView(
            job: job, nextRunTime: try JobViewRow.nextRunTime(job, statement),
            newest: try JobViewRow.newest(job, statement))
    }

    func run(_ id: RunID, owner: UserID) throws -> Run? {
        try statement(RunRow.selectOwned).bind(id).bind(owner).first(RunRow.read)
    }
}
