import CronModel
import CronSchedule
import PostgresClient

/// A search of jobs: walks those of one owner, and asks of each what its runs say only where the query needs it.
struct JobSearch {
    let query: JobQuery

    /// One page, with when each runs next where the query asks for it.
    var page: PostgresQuery {
        let order = query.descending ? "DESC" : "ASC"
        return """
            SELECT \(unescaped: JobRow.columns), \(unescaped: query.asksNext ? "x.next" : "NULL::bigint")
            FROM \(unescaped: tables) WHERE \(part: conditions) AND \(part: beyond)
            ORDER BY \(unescaped: key) \(unescaped: order), j.id \(unescaped: order) LIMIT \(Int64(query.limit + 1))
            """
    }

    static func read(_ row: PostgresRow) throws -> (job: Job, next: Instant?) {
        (try JobRow.read(row), try row.instantOrNil(13))
    }

    /// Ids and names of the first, each with the count of all.
    var selection: PostgresQuery {
        """
        SELECT j.id, j.name, count(*) OVER () FROM \(unescaped: tables) WHERE \(part: conditions)
        ORDER BY j.id LIMIT \(Int64(query.limit))
        """
    }

    private var tables: String {
        JobRow.tables + (query.asksNext ? Self.next : "") + (query.statuses.isEmpty ? "" : Self.newest)
    }

    private var conditions: PostgresQuery {
        let statuses = PostgresArray(query.statuses.sought.map { Int16($0.rawValue) }.sorted())
        return """
            j.user_id = \(query.owner.uuid) AND j.deleted_at IS NULL
            AND \(part: query.ids.map { "j.id = ANY(\($0.uuids()))" } ?? "true")
            AND \(part: query.state.map { "j.state = \($0.rawValue)" } ?? "true")
            AND \(part: Self.kind(tag: query.tag, type: query.type))
            AND \(part: query.text.map { "position(lower(\($0)) IN lower(j.name)) > 0" } ?? "true")
            AND \(part: Self.range("j.created_at", query.created)) AND \(part: Self.range("x.next", query.next))
            AND \(part: query.statuses.isEmpty ? "true" : "coalesce(n.status, 0) = ANY(\(statuses))")
            """
    }

    /// What searches of runs ask of their jobs too.
    static func kind(tag: String?, type: String?) -> PostgresQuery {
        """
        \(part: type.map { "j.type = \($0)" } ?? "true")
            AND \(part: tag.map { "j.definition::jsonb -> 'tags' ? \($0)" } ?? "true")
        """
    }

    static func range(_ column: String, _ range: InstantRange) -> PostgresQuery {
        """
        \(part: range.from.map { "\(unescaped: column) >= \($0.microseconds)" } ?? "true")
            AND \(part: range.to.map { "\(unescaped: column) < \($0.microseconds)" } ?? "true")
        """
    }

    private var key: String {
        switch query.sort {
        case .createdAt: "j.created_at"
        case .updatedAt: "j.updated_at"
        // The bytes decide, whatever the database's collation is.
        case .name: "j.name COLLATE \"C\""
        case .nextRunTime: "coalesce(x.next, \(PageCursor.never.microseconds))"
        }
    }

    private var beyond: PostgresQuery {
        guard let after = query.after else { return "true" }
        let beyond = query.descending ? "<" : ">"
        let place: PostgresQuery = query.sort == .name ? "\(after.name)" : "\(after.at.microseconds)"
        return "(\(unescaped: key), j.id) \(unescaped: beyond) (\(part: place), \(after.uuid))"
    }

    /// As `Session.view` has it. OFFSET keeps the planner from writing it out, and asking, once for each use.
    private static let next = """
         CROSS JOIN LATERAL (SELECT CASE WHEN j.state = 'active' THEN least(c.next_slot, (
            SELECT min(scheduled_for) FROM live_runs WHERE job_id = j.id AND attempt = 0 AND origin = 0)) END AS next
            OFFSET 0) x
        """

    private static let newest = """
         LEFT JOIN LATERAL (SELECT status FROM (
            (SELECT status, scheduled_for FROM live_runs
                WHERE job_id = j.id AND attempt > 0 ORDER BY scheduled_for DESC LIMIT 1)
            UNION ALL
            (SELECT status, scheduled_for FROM run_history
                WHERE job_id = j.id AND attempt > 0 ORDER BY scheduled_for DESC LIMIT 1)
        ) r ORDER BY scheduled_for DESC LIMIT 1) n ON true
        """
}
