import CronModel
import CronSchedule

/// A search of runs as SQL.
struct RunSearch {
    let query: RunQuery

    /// One page and a row more.
    func runs(_ session: ReadSession) throws -> [Run] {
        if query.asksJobs, !isOfDead { return try runsByJobs(session) }
        let conditions = owned + conditions + ofJobs + (isOfDead ? [Self.dead] : []) + (isOfLive ? [Self.live] : [])
        let statement = try session.statement(select(RunRow.columns, conditions)).bind(conditions)
        return try statement.bind(query.limit + 1).all(RunRow.read)
    }

    func deadCount(_ session: ReadSession, upTo most: Int) throws -> Int {
        let conditions = owned + conditions + ofJobs + [Self.dead]
        let statement = try session.statement("SELECT count(*) FROM (SELECT 1 FROM runs WHERE \(conditions.sql) LIMIT ?)")
        return Int(try statement.bind(conditions).bind(most).first { $0.int(0) } ?? 0)
    }

    /// Where jobs are chosen by what they are like, all that the owner has ever run would have to be walked for the runs of
    /// a few. So each job is asked for its first run; only as many jobs as the page has places, those whose runs come first,
    /// can fill it.
    private func runsByJobs(_ session: ReadSession) throws -> [Run] {
        let count = query.limit + 1
        let conditions = [Condition("job_id = ?")] + conditions
        let first = try session.statement(select("scheduled_for, id", conditions))
        let firsts = try jobs(session).compactMap { job in
            try first.begin().bind(job).bind(conditions).bind(1).first {
                (at: $0.instant(0), run: $0.id(1, as: RunID.self), job: job)
            }
        }
        let places = firsts.sorted { isInOrder(($0.at, $0.run), ($1.at, $1.run)) }.prefix(count)
        let all = try session.statement(select(RunRow.columns, conditions))
        let runs = try places.flatMap { place in
            try all.begin().bind(place.job).bind(conditions).bind(count).all(RunRow.read)
        }
        let inOrder = runs.sorted { isInOrder(($0.scheduledFor, $0.id), ($1.scheduledFor, $1.id)) }
        return Array(inOrder.prefix(count))
    }

    private func jobs(_ session: ReadSession) throws -> [JobID] {
        let kind = Condition.kind(tag: query.tag, type: query.type)
        return try session.statement(
            "SELECT j.id FROM jobs j WHERE j.user_id = ? AND j.deleted_at IS NULL AND \(kind.sql)"
        ).bind(query.owner).bind(kind).all { $0.id(0) }
    }

    private func isInOrder(_ left: (Instant, RunID), _ right: (Instant, RunID)) -> Bool {
        query.descending ? left > right : left < right
    }

    private func select(_ columns: String, _ conditions: [Condition]) -> String {
        let order = query.descending ? "DESC" : "ASC"
        return """
            SELECT \(columns) FROM runs\(isOfLive ? " INDEXED BY runs_live" : "") WHERE \(conditions.sql)
            ORDER BY scheduled_for \(order), id \(order) LIMIT ?
            """
    }

    private var isOfDead: Bool { query.statuses.sought == [.dead] }

    /// Runs that have not ended have an index of their own, are few, and lie anywhere in what the owner has ever run. Those
    /// of one job, or given ones, are found by that.
    private var isOfLive: Bool {
        !query.statuses.isEmpty && query.statuses.sought.allSatisfy(\.isLive) && query.jobID == nil && query.ids == nil
            && !query.asksJobs
    }

    private static let live = Condition("live IS NOT NULL")
    private static let dead = Condition("status = \(RunStatus.dead.rawValue) AND dead IS NOT NULL")

    private var owned: [Condition] { [Condition("user_id = ?") { [query] in $0.bind(query.owner) }] }

    private var ofJobs: [Condition] {
        guard query.asksJobs else { return [] }
        let kind = Condition.kind(tag: query.tag, type: query.type)
        return [
            Condition(
                "job_id IN (SELECT j.id FROM jobs j WHERE j.user_id = ? AND j.deleted_at IS NULL AND \(kind.sql))"
            ) { [query] in _ = $0.bind(query.owner).bind(kind) }
        ]
    }

    private var conditions: [Condition] {
        var conditions: [Condition] = []
        if let job = query.jobID { conditions.append(Condition("job_id = ?") { $0.bind(job) }) }
        if let ids = query.ids { conditions.append(.ids("id", ids)) }
        if !query.statuses.isEmpty, !isOfDead {
            let statuses = query.statuses.sought.map { "\($0.rawValue)" }.sorted().joined(separator: ",")
            conditions.append(Condition("status IN (\(statuses))"))
        }
        if !query.origins.isEmpty {
            let origins = query.origins.map { "\($0.rawValue)" }.sorted().joined(separator: ",")
            conditions.append(Condition("origin IN (\(origins))"))
        }
        if let from = query.from {
            conditions.append(
                Condition("(scheduled_for >= ? OR (extra ->> '$.last_scheduled_for') >= ?)") {
                    $0.bind(from).bind(from)
                })
        }
        if let to = query.to { conditions.append(Condition("scheduled_for < ?") { $0.bind(to) }) }
        if let after = query.after {
            conditions.append(
                Condition("(scheduled_for, id) \(query.descending ? "<" : ">") (?, ?)") {
                    $0.bind(after.at).bind(RunID(high: after.high, low: after.low))
                })
        }
        return conditions
    }
}
