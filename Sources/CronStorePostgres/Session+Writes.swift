import CronModel
import CronSchedule
import PostgresClient

/// Writing jobs, and runs of any kind of change.
extension Session {
    /// The statements for changes of live rows, and how many of them answer ids.
    func writes(
        _ changes: [RunChange], _ lease: LeaseGuard = .none, unsure: Set<RunID> = []
    ) -> [PostgresQuery] {
        let ended = changes.filter { !$0.after.status.isLive }
        let kept = changes.filter(\.after.status.isLive)
        return (kept.isEmpty ? [] : [RunWrites.update(kept, lease)])
            + (ended.isEmpty ? [] : [RunWrites.end(ended, lease, unsure: unsure)])
    }

    /// New rows, some of which may have ended already.
    func inserts(_ runs: [Run]) -> [PostgresQuery] {
        let live = runs.filter(\.status.isLive)
        let ended = runs.filter { !$0.status.isLive }
        return (live.isEmpty ? [] : [RunWrites.insert(live)]) + (ended.isEmpty ? [] : [RunWrites.insertEnded(ended)])
    }

    static func saveCursors(_ jobs: [Job]) -> PostgresQuery {
        """
        UPDATE job_cursors c SET cursor = u.cursor, next_slot = u.next_slot, planned_runs = u.planned_runs,
            ended = u.next_slot IS NULL
        FROM unnest(\(jobs.map(\.id).uuids()), \(PostgresArray(jobs.map(\.cursor.microseconds))),
            \(PostgresArray(jobs.map { $0.nextSlot?.microseconds })),
            \(PostgresArray(jobs.map { Int64($0.plannedRuns) }))) AS u (job_id, cursor, next_slot, planned_runs)
        WHERE c.job_id = u.job_id
        """
    }

    static func insertCursors(_ jobs: [Job]) -> PostgresQuery {
        """
        INSERT INTO job_cursors (job_id, cursor, next_slot, planned_runs)
        SELECT * FROM unnest(\(jobs.map(\.id).uuids()), \(PostgresArray(jobs.map(\.cursor.microseconds))),
            \(PostgresArray(jobs.map { $0.nextSlot?.microseconds })),
            \(PostgresArray(jobs.map { Int64($0.plannedRuns) })))
        """
    }

    /// Answers the ids of those that were inserted; a taken id or name leaves its job out.
    static func insertJobs(_ jobs: [Job]) -> PostgresQuery {
        """
        INSERT INTO jobs (id, user_id, name, type, state, state_reason, definition, anchor, is_reboot, created_at,
            updated_at, version)
        SELECT * FROM unnest(\(jobs.map(\.id).uuids()), \(jobs.map(\.userID).uuids()),
            \(PostgresArray(jobs.map(\.definition.name))), \(PostgresArray(jobs.map(\.definition.type))),
            \(PostgresArray(jobs.map(\.state.rawValue))), \(PostgresArray(jobs.map(\.stateReason))),
            \(PostgresArray(jobs.map { $0.definition.storedText })),
            \(PostgresArray(jobs.map(\.anchor.microseconds))),
            \(PostgresArray(jobs.map { $0.schedule.kind == .reboot })),
            \(PostgresArray(jobs.map(\.createdAt.microseconds))),
            \(PostgresArray(jobs.map(\.updatedAt.microseconds))), \(PostgresArray(jobs.map(\.version))))
        ON CONFLICT DO NOTHING RETURNING id
        """
    }

    static func saveJob(_ job: Job) -> PostgresQuery {
        """
        UPDATE jobs SET name = \(job.definition.name), type = \(job.definition.type), state = \(job.state.rawValue),
            state_reason = \(job.stateReason), definition = \(job.definition.storedText),
            anchor = \(job.anchor.microseconds), is_reboot = \(job.schedule.kind == .reboot),
            updated_at = \(job.updatedAt.microseconds), version = \(job.version),
            deleted_at = \(job.deletedAt?.microseconds)
        WHERE id = \(job.id.uuid)
        """
    }

    /// The same after runs have been locked, when a job's lock may no longer be waited for: what somebody else holds is
    /// ended by the repair pass.
    static func finishJobsIfFree(_ ids: [JobID]) -> [PostgresQuery] {
        [
            "UPDATE job_cursors SET ended = true WHERE job_id = ANY(\(ids.uuids()))",
            """
            UPDATE jobs j SET state = 'finished' FROM job_cursors c
            WHERE j.id IN (SELECT id FROM jobs WHERE id = ANY(\(ids.uuids())) FOR NO KEY UPDATE SKIP LOCKED)
                AND c.job_id = j.id AND j.state = 'active' AND j.deleted_at IS NULL AND NOT j.is_reboot
                AND c.next_slot IS NULL AND NOT EXISTS (SELECT 1 FROM live_runs r WHERE r.job_id = j.id)
            """,
        ]
    }

    /// Ends those of the jobs that have neither slots nor live runs left.
    static func finishJobs(_ ids: [JobID]) -> PostgresQuery {
        """
        UPDATE jobs j SET state = 'finished' FROM job_cursors c
        WHERE j.id = ANY(\(ids.uuids())) AND c.job_id = j.id AND j.state = 'active' AND j.deleted_at IS NULL
            AND NOT j.is_reboot AND c.next_slot IS NULL AND NOT EXISTS (SELECT 1 FROM live_runs r WHERE r.job_id = j.id)
        """
    }
}

extension PostgresResult {
    /// The ids that a write answers.
    func ids<Kind>(of kind: Kind.Type = Kind.self) throws -> Set<Identifier<Kind>> {
        Set(try all { try $0.id(0, of: kind) })
    }
}
