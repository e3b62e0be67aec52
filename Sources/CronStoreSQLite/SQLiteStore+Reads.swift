package import CronModel
import CronSchedule

/// What the API reads.
extension SQLiteStore {
    /// Whether a run is past its deadline only the writer knows, from its memory: it is asked each time.
    package func look(forLost: Bool) async throws(StoreError) -> LookAnswer {
        try await read { session in
            LookAnswer(
                nextSlot: try session.statement(PipelineStatements.nextSlot).first { $0.instant(0) },
                nextDueAt: try session.statement(PipelineStatements.nextDueAt).first { $0.instant(0) },
                mayBeLost: forLost)
        }
    }

    package func job(_ id: JobID, owner: UserID) async throws(StoreError) -> JobView? {
        try await read { session in try session.job(id, owner: owner).map(session.view) }
    }

    package func job(named name: String, owner: UserID) async throws(StoreError) -> JobView? {
        try await read { session in
            try session.statement(
                """
                SELECT \(JobRow.columns) FROM \(JobRow.tables)
                WHERE j.user_id = ? AND j.name = ? AND j.deleted_at IS NULL
                ORDER BY j.state = 'finished', j.created_at DESC LIMIT 1
                """
            ).bind(owner).bind(name).first(JobRow.read).map(session.view)
        }
    }

    package func jobs(_ query: JobQuery) async throws(StoreError) -> Page<JobView> {
        try await read { session in
            let order = query.descending ? "DESC" : "ASC"
            let statement = try session.statement(
                """
                SELECT \(JobRow.columns) FROM \(JobRow.tables)
                WHERE j.user_id = ? AND j.deleted_at IS NULL
                    AND (? IS NULL OR j.state = ?) AND (? IS NULL OR j.type = ?)
                    AND (? IS NULL OR instr(lower(j.name), lower(?)) > 0)
                    AND (? IS NULL OR EXISTS (
                        SELECT 1 FROM json_each(j.definition, '$.tags') WHERE json_each.value = ?))
                    AND (? IS NULL OR (j.created_at, j.id) \(query.descending ? "<" : ">") (?, ?))
                ORDER BY j.created_at \(order), j.id \(order) LIMIT ?
                """)
            statement.bind(query.owner)
            for text in [query.state?.rawValue, query.type, query.text, query.tag] { statement.bind(text).bind(text) }
            statement.bind(query.after?.at).bind(query.after?.at).bind(
                query.after.map { JobID(high: $0.high, low: $0.low) })
            let jobs = try statement.bind(query.limit + 1).all(JobRow.read)
            let items = try jobs.prefix(query.limit).map(session.view)
            return Page(items: items, limit: query.limit, found: jobs.count) { view in
                PageCursor(at: view.job.createdAt, id: (view.job.id.high, view.job.id.low))
            }
        }
    }

    package func run(_ id: RunID, owner: UserID) async throws(StoreError) -> Run? {
        try await read { session in try session.run(id, owner: owner) }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> Page<Run> {
        try await read { session in
            let runs = try RunSearch(query).statement(session).all(RunRow.read)
            return Page(items: Array(runs.prefix(query.limit)), limit: query.limit, found: runs.count) { run in
                PageCursor(at: run.scheduledFor, id: (run.id.high, run.id.low))
            }
        }
    }

    package func attempts(of ids: [RunID], owner: UserID) async throws(StoreError) -> [RunID: [Attempt]] {
        try await read { session in
            let runs = try session.statement(RunRow.selectOwned)
            let earlier = try session.statement(AttemptRow.select)
            var found: [RunID: [Attempt]] = [:]
            for id in ids {
                guard let run = try runs.begin().bind(id).bind(owner).first(RunRow.read) else { continue }
                found[id] = try earlier.begin().bind(id).all(AttemptRow.read).merged(with: run.current)
            }
            return found
        }
    }

    package func runCounts() async throws(StoreError) -> [RunStatus: Int] {
        try await read { session in
            let counts = try session.statement("SELECT status, count(*) FROM runs GROUP BY status").all { row in
                (RunStatus(rawValue: UInt8(truncatingIfNeeded: row.int(0))) ?? .pending, Int(row.int(1)))
            }
            return Dictionary(counts, uniquingKeysWith: +)
        }
    }

    package func nodes() async throws(StoreError) -> [Node] {
        try await read { session in
            try session.statement(
                "SELECT id, pid, host, version, started_at, lease_until, dead_at FROM nodes ORDER BY started_at, id"
            ).all { row in
                Node(
                    id: row.id(0), pid: Int32(truncatingIfNeeded: row.int(1)), host: row.text(2), version: row.text(3),
                    startedAt: row.instant(4), leaseUntil: row.instant(5), deadAt: row.instantOrNil(6))
            }
        }
    }
}

/// A search of runs as SQL. Only the conditions that were asked for are written, so that each can use its index.
private struct RunSearch {
    private let query: RunQuery

    init(_ query: RunQuery) { self.query = query }

    func statement(_ session: ReadSession) throws -> SQLStatement {
        var conditions = ["user_id = ?"]
        if query.jobID != nil { conditions.append("job_id = ?") }
        if !statuses.isEmpty { conditions.append("status IN (\(statuses.map(String.init).joined(separator: ",")))") }
        if statuses == [Int(RunStatus.dead.rawValue)] { conditions.append("dead IS NOT NULL") }
        if query.from != nil { conditions.append("(scheduled_for >= ? OR \(Self.lastSlot) >= ?)") }
        if query.to != nil { conditions.append("scheduled_for < ?") }
        if query.after != nil { conditions.append("(scheduled_for, id) \(query.descending ? "<" : ">") (?, ?)") }
        let order = query.descending ? "DESC" : "ASC"
        let statement = try session.statement(
            """
            SELECT \(RunRow.columns) FROM runs WHERE \(conditions.joined(separator: " AND "))
            ORDER BY scheduled_for \(order), id \(order) LIMIT ?
            """)
        statement.bind(query.owner)
        if let job = query.jobID { statement.bind(job) }
        if let from = query.from { statement.bind(from).bind(from) }
        if let to = query.to { statement.bind(to) }
        if let after = query.after { statement.bind(after.at).bind(RunID(high: after.high, low: after.low)) }
        return statement.bind(query.limit + 1)
    }

    /// FAILED selects runs whose last attempt failed.
    private var statuses: [Int] {
        var wanted = query.statuses
        if wanted.remove(.failed) != nil { wanted.formUnion([.retrying, .dead]) }
        return wanted.map { Int($0.rawValue) }.sorted()
    }

    private static let lastSlot = "(extra ->> '$.last_scheduled_for')"
}
