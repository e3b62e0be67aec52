import CronModel
import CronSchedule
import PostgresClient

/// A search of runs, once in each table.
struct RunSearch {
    let query: RunQuery

    /// What has not ended lies in one of them alone, and would be sought in vain in all of the other.
    var pages: [PostgresQuery] { (isOfLive ? ["live_runs"] : ["live_runs", "run_history"]).map(page) }

    func deadCount(upTo most: Int) -> PostgresQuery {
        """
        SELECT count(*) FROM (
            SELECT 1 FROM run_history WHERE \(part: owned) AND \(part: conditions) AND status = 6 AND \(part: ofJobs)
            LIMIT \(Int64(most))
        ) counted
        """
    }

    private func page(_ table: String) -> PostgresQuery {
        // Dead letters have an index of their own, which the literal brings in, and are few.
        if isOfDead { return ordered("\(part: select(table, owned)) AND status = 6 AND \(part: ofJobs)") }
        return query.asksJobs ? pageByJobs(table) : ordered(select(table, owned))
    }

    private func select(_ table: String, columns: String = RunRow.columns, _ whose: PostgresQuery) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM \(unescaped: table) WHERE \(part: whose) AND \(part: conditions)"
    }

    /// Where jobs are chosen by what they are like, all that the owner has ever run would have to be walked for the runs of
    /// a few. So each job is asked for its first run; only as many jobs as the page has places, those whose runs come first,
    /// can fill it. The owner is asked of the jobs alone: of the runs it would bring the index of all that is the owner's.
    private func pageByJobs(_ table: String) -> PostgresQuery {
        let first = ordered(select(table, columns: "scheduled_for, id", "job_id = j.id"), limit: 1)
        let jobs: PostgresQuery = """
            SELECT j.id FROM jobs j CROSS JOIN LATERAL (\(part: first)) f
            WHERE j.user_id = \(query.owner.uuid) AND j.deleted_at IS NULL
                AND \(part: JobSearch.kind(tag: query.tag, type: query.type))
            ORDER BY f.scheduled_for \(unescaped: order), f.id \(unescaped: order) LIMIT \(limit)
            """
        let runs = ordered(select(table, "job_id = j.id"))
        return ordered("SELECT r.* FROM (\(part: jobs)) j CROSS JOIN LATERAL (\(part: runs)) r")
    }

    private func ordered(_ select: PostgresQuery, limit: Int64? = nil) -> PostgresQuery {
        """
        \(part: select) ORDER BY scheduled_for \(unescaped: order), id \(unescaped: order) LIMIT \(limit ?? self.limit)
        """
    }

    private var limit: Int64 { Int64(query.limit + 1) }
    private var order: String { query.descending ? "DESC" : "ASC" }
    private var isOfLive: Bool { !query.statuses.isEmpty && query.statuses.sought.allSatisfy(\.isLive) }
    private var isOfDead: Bool { query.statuses.sought == [.dead] }

    private var owned: PostgresQuery { "user_id = \(query.owner.uuid)" }

    private var conditions: PostgresQuery {
        let statuses = PostgresArray(query.statuses.sought.map { Int16($0.rawValue) }.sorted())
        let origins = PostgresArray(query.origins.map { Int16($0.rawValue) }.sorted())
        let from = query.from?.microseconds
        return """
            \(part: query.jobID.map { "job_id = \($0.uuid)" } ?? "true")
            AND \(part: query.ids.map { "id = ANY(\($0.uuids()))" } ?? "true")
            AND \(part: query.statuses.isEmpty || isOfDead ? "true" : "status = ANY(\(statuses))")
            AND \(part: query.origins.isEmpty ? "true" : "origin = ANY(\(origins))")
            AND \(part: from.map {
                "(scheduled_for >= \($0) OR (extra::jsonb ->> 'last_scheduled_for')::bigint >= \($0))"
            } ?? "true")
            AND \(part: query.to.map { "scheduled_for < \($0.microseconds)" } ?? "true") AND \(part: beyond)
            """
    }

    private var ofJobs: PostgresQuery {
        guard query.asksJobs else { return "true" }
        return """
            job_id IN (SELECT j.id FROM jobs j WHERE j.user_id = \(query.owner.uuid) AND j.deleted_at IS NULL
                AND \(part: JobSearch.kind(tag: query.tag, type: query.type)))
            """
    }

    private var beyond: PostgresQuery {
        guard let after = query.after else { return "true" }
        let beyond = query.descending ? "<" : ">"
        return "(scheduled_for, id) \(unescaped: beyond) (\(after.at.microseconds), \(after.uuid))"
    }
}
