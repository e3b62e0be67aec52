import CronModel
import CronSchedule

/// A job as a row of `jobs` joined with `job_cursors`.
enum JobRow {
    static let columns = """
        j.id, j.user_id, j.state, j.state_reason, j.definition, j.anchor, j.created_at, j.updated_at, j.version, \
        j.deleted_at, c.cursor, c.next_slot, c.planned_runs
        """
    static let tables = "jobs j JOIN job_cursors c ON c.job_id = j.id"

    static func read(_ row: SQLStatement) throws -> Job {
        let id: JobID = row.id(0)
        guard let json = JSONValue(text: row.text(4)), let state = JobState(rawValue: row.text(2))
        else {
            throw StoreError.corrupt("job \(id) cannot be read")
        }
        let definition: JobDefinition
        switch JobDefinition.read(json, isStored: true) {
        case .success(let read): definition = read
        case .failure(let problems): throw StoreError.corrupt("job \(id): \(problems.all)")
        }
        do throws(ScheduleError) {
            var job = try Job(
                id: id, userID: row.id(1), definition: definition, anchor: row.instant(5), state: state,
                cursor: row.instant(10), createdAt: row.instant(6), updatedAt: row.instant(7), version: row.int(8))
            job.stateReason = row.textOrNil(3)
            job.deletedAt = row.instantOrNil(9)
            job.nextSlot = row.instantOrNil(11)
            job.plannedRuns = Int(row.int(12))
            return job
        } catch {
            throw StoreError.corrupt("job \(id): \(error.message)")
        }
    }
}
