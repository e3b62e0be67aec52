import CronModel
import CronSchedule
import PostgresClient

/// A search of runs, once in each table. A condition that was not asked for is a null that drops out of the plan.
enum RunSearch {
    static func live(_ query: RunQuery) -> PostgresQuery { search(query, in: "live_runs") }
    static func ended(_ query: RunQuery) -> PostgresQuery { search(query, in: "run_history") }

    private static func search(_ query: RunQuery, in table: String) -> PostgresQuery {
        let order = query.descending ? "DESC" : "ASC"
        let beyond = query.descending ? "<" : ">"
        let statuses = statuses(query)
        // Written out, so that the index of dead letters is used for them.
        let dead = statuses == [Int16(RunStatus.dead.rawValue)] ? "status = 6" : "true"
        return """
            SELECT \(unescaped: RunRow.columns) FROM \(unescaped: table)
            WHERE user_id = \(query.owner.uuid) AND \(unescaped: dead)
                AND (\(query.jobID?.uuid)::uuid IS NULL OR job_id = \(query.jobID?.uuid))
                AND (\(statuses.isEmpty) OR status = ANY(\(PostgresArray(statuses))))
                AND (\(query.from?.microseconds)::bigint IS NULL OR scheduled_for >= \(query.from?.microseconds)
                    OR (extra::jsonb ->> 'last_scheduled_for')::bigint >= \(query.from?.microseconds))
                AND (\(query.to?.microseconds)::bigint IS NULL OR scheduled_for < \(query.to?.microseconds))
                AND (\(query.after?.at.microseconds)::bigint IS NULL
                    OR (scheduled_for, id) \(unescaped: beyond) (\(query.after?.at.microseconds), \(query.after?.uuid)))
            ORDER BY scheduled_for \(unescaped: order), id \(unescaped: order) LIMIT \(Int64(query.limit + 1))
            """
    }

    /// FAILED selects runs whose last attempt failed.
    private static func statuses(_ query: RunQuery) -> [Int16] {
        var wanted = query.statuses
        if wanted.remove(.failed) != nil { wanted.formUnion([.retrying, .dead]) }
        return wanted.map { Int16($0.rawValue) }.sorted()
    }
}
