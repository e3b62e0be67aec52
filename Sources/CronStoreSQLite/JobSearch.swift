import CronModel
import CronSchedule

/// A search of jobs as SQL: walks those of one owner, and asks of each what its runs say only where the query needs it.
struct JobSearch {
    let query: JobQuery

    /// One page and a row more, with when each runs next where the query asks for it.
    func page(_ session: ReadSession) throws -> SQLStatement {
        let order = query.descending ? "DESC" : "ASC"
        let conditions = conditions + beyond
        return try session.statement(
            """
            SELECT \(JobRow.columns), \(query.asksNext ? Self.next : "NULL") AS next FROM \(JobRow.tables)
            WHERE \(conditions.sql) ORDER BY \(key) \(order), j.id \(order) LIMIT ?
            """
        ).bind(conditions).bind(query.limit + 1)
    }

    static func read(_ row: SQLStatement) throws -> (job: Job, next: Instant?) {
        (try JobRow.read(row), row.instantOrNil(13))
    }

    /// Ids and names of the first, each with the count of all.
    func selection(_ session: ReadSession) throws -> SQLStatement {
        try session.statement(
            """
            SELECT j.id, j.name, count(*) OVER () FROM \(JobRow.tables) WHERE \(conditions.sql)
            ORDER BY j.id LIMIT ?
            """
        ).bind(conditions).bind(query.limit)
    }

    private var conditions: [Condition] {
        var conditions = [Condition("j.user_id = ? AND j.deleted_at IS NULL") { [query] in $0.bind(query.owner) }]
        if let ids = query.ids { conditions.append(.ids("j.id", ids)) }
        if let state = query.state { conditions.append(Condition("j.state = ?") { $0.bind(state.rawValue) }) }
        conditions += Condition.kind(tag: query.tag, type: query.type)
        if let text = query.text {
            conditions.append(Condition("instr(lower(j.name), lower(?)) > 0") { $0.bind(text) })
        }
        conditions += Condition.range("j.created_at", query.created) + Condition.range(Self.next, query.next)
        if !query.statuses.isEmpty {
            let statuses = query.statuses.sought.map { "\($0.rawValue)" }.sorted().joined(separator: ",")
            conditions.append(Condition("coalesce(\(Self.newest), 0) IN (\(statuses))"))
        }
        return conditions
    }

    private var key: String {
        switch query.sort {
        case .createdAt: "j.created_at"
        case .updatedAt: "j.updated_at"
        case .name: "j.name"
        case .nextRunTime: "coalesce(\(Self.next), \(PageCursor.never.microseconds))"
        }
    }

    private var beyond: [Condition] {
        guard let after = query.after else { return [] }
        return [
            Condition("(\(key), j.id) \(query.descending ? "<" : ">") (?, ?)") { [query] statement in
                if query.sort == .name { statement.bind(after.name) } else { statement.bind(after.at) }
                statement.bind(JobID(high: after.high, low: after.low))
            }
        ]
    }

    /// As `JobViewRow` has it.
    private static let next = """
        (CASE WHEN j.state = 'active' THEN (SELECT min(at) FROM (SELECT c.next_slot AS at UNION ALL
            SELECT min(scheduled_for) FROM runs
            WHERE job_id = j.id AND live IS NOT NULL AND attempt = 0 AND origin = 0)) END)
        """

    private static let newest = """
        (SELECT status FROM (SELECT status, attempt FROM runs WHERE job_id = j.id
            ORDER BY scheduled_for DESC LIMIT \(JobViewRow.newestSearchLimit)) WHERE attempt > 0 LIMIT 1)
        """
}
