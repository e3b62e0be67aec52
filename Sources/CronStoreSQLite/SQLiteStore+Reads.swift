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
                mayBeLost: forLost, watchAt: try session.statement(WatchRow.next).first { $0.instantOrNil(0) } ?? nil)
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
            let found = try JobSearch(query: query).page(session).all(JobSearch.read)
            let shown = found.prefix(query.limit)
            var page = Page(items: try shown.map { try session.view($0.job) }, next: nil)
            if found.count > query.limit {
                page.next = shown.last.map { PageCursor($0.job, next: $0.next, sort: query.sort) }
            }
            return page
        }
    }

    package func selectJobs(_ query: JobQuery) async throws(StoreError) -> JobSelection {
        try await read { session in
            let found = try JobSearch(query: query).selection(session).all {
                (job: NamedJob(id: $0.id(0), name: $0.text(1)), count: Int($0.int(2)))
            }
            return JobSelection(count: found.first?.count ?? 0, jobs: found.map(\.job))
        }
    }

    package func run(_ id: RunID, owner: UserID) async throws(StoreError) -> Run? {
        try await read { session in try session.run(id, owner: owner) }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> Page<Run> {
        try await read { session in
            let runs = try RunSearch(query: query).runs(session)
            return Page(items: Array(runs.prefix(query.limit)), limit: query.limit, found: runs.count) { run in
                PageCursor(at: run.scheduledFor, id: (run.id.high, run.id.low))
            }
        }
    }

    package func deadLetterCount(_ query: RunQuery, upTo most: Int) async throws(StoreError) -> Int {
        try await read { session in try RunSearch(query: query).deadCount(session, upTo: most) }
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

    package func watch(of job: JobID, owner: UserID) async throws(StoreError) -> Watch? {
        try await read { session in
            try session.statement("SELECT \(WatchRow.columns) FROM job_watches WHERE job_id = ? AND user_id = ?")
                .bind(job).bind(owner).first(WatchRow.read)
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
