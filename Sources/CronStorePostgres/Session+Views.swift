import CronModel
import CronSchedule
import PostgresClient

/// Jobs with what their runs say of them.
extension Session {
    func view(_ jobs: [Job]) throws -> [JobView] {
        let ids = jobs.map(\.id)
        let results = try send([Self.waiting(ids), Self.newest(ids)])
        let waiting = Dictionary(
            try results[0].all { (try $0.id(0, of: JobKind.self), try $0.instant(1)) }, uniquingKeysWith: min)
        let newest = Dictionary(
            try results[1].all(RunRow.read).map { ($0.jobID, $0) }, uniquingKeysWith: { first, _ in first })
        return jobs.map { job in
            let isActive = job.state == .active && job.deletedAt == nil
            let next = isActive ? [waiting[job.id], job.nextSlot].compactMap { $0 }.min() : nil
            return JobView(job: job, nextRunTime: next, newest: newest[job.id])
        }
    }

    /// The earliest slot of each job that waits for its first attempt.
    private static func waiting(_ jobs: [JobID]) -> PostgresQuery {
        """
        SELECT job_id, min(scheduled_for) FROM live_runs
        WHERE job_id = ANY(\(jobs.uuids())) AND attempt = 0 AND origin = 0 GROUP BY job_id
        """
    }

    /// The newest run of each job that has started.
    private static func newest(_ jobs: [JobID]) -> PostgresQuery {
        """
        SELECT n.* FROM unnest(\(jobs.uuids())) AS j (id) CROSS JOIN LATERAL (
            SELECT * FROM (
                (SELECT \(unescaped: RunRow.columns) FROM live_runs
                    WHERE job_id = j.id AND attempt > 0 ORDER BY scheduled_for DESC LIMIT 1)
                UNION ALL
                (SELECT \(unescaped: RunRow.columns) FROM run_history
                    WHERE job_id = j.id AND attempt > 0 ORDER BY scheduled_for DESC LIMIT 1)
            ) r ORDER BY scheduled_for DESC LIMIT 1
        ) n
        """
    }
}
