import CronModel
import CronSchedule
import PostgresClient

/// A job as a row of `jobs` joined with `job_cursors`.
enum JobRow {
    static let columns = """
        j.id, j.user_id, j.state, j.state_reason, j.definition, j.anchor, j.created_at, j.updated_at, j.version, \
        j.deleted_at, c.cursor, c.next_slot, c.planned_runs
        """
    static let tables = "jobs j JOIN job_cursors c ON c.job_id = j.id"

    static func read(_ row: PostgresRow) throws -> Job {
        let id: JobID = try row.id(0)
        guard let json = JSONValue(text: try row.text(4)), let state = JobState(rawValue: try row.text(2)) else {
            throw StoreError.corrupt("job \(id) cannot be read")
        }
        let definition: JobDefinition
        switch JobDefinition.read(json, isStored: true) {
        case .success(let read): definition = read
        case .failure(let problems): throw StoreError.corrupt("job \(id): \(problems.all)")
        }
        do {
            var job = try Job(
                id: id, userID: try row.id(1), definition: definition, anchor: try row.instant(5), state: state,
                cursor: try row.instant(10), createdAt: try row.instant(6), updatedAt: try row.instant(7),
                version: try row.int(8))
            job.stateReason = try row.textOrNil(3)
            job.deletedAt = try row.instantOrNil(9)
            job.nextSlot = try row.instantOrNil(11)
            job.plannedRuns = Int(try row.int(12))
            return job
        } catch let error as ScheduleError {
            throw StoreError.corrupt("job \(id): \(error.message)")
        }
    }

    /// What changes without a new version.
    static let moving = "j.id, j.version, j.state, j.state_reason, j.deleted_at, c.cursor, c.next_slot, c.planned_runs"

    /// Brings a remembered job up to date; nil when its version is another one.
    static func refresh(_ job: Job, _ row: PostgresRow) throws -> Job? {
        guard try row.int(1) == job.version, let state = JobState(rawValue: try row.text(2)) else { return nil }
        var job = job
        job.state = state
        job.stateReason = try row.textOrNil(3)
        job.deletedAt = try row.instantOrNil(4)
        job.cursor = try row.instant(5)
        job.nextSlot = try row.instantOrNil(6)
        job.plannedRuns = Int(try row.int(7))
        return job
    }
}
