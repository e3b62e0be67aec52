package import CronModel
import CronSchedule
import PostgresClient

/// What the API reads.
extension PostgresStore {
    package func job(_ id: JobID, owner: UserID) async throws(StoreError) -> JobView? {
        try await perform(in: owner) { session in
            let jobs = try session.query(
                """
                SELECT \(unescaped: JobRow.columns) FROM \(unescaped: JobRow.tables)
                WHERE j.id = \(id.uuid) AND j.user_id = \(owner.uuid) AND j.deleted_at IS NULL
                """
            ).all(JobRow.read)
            return jobs.isEmpty ? nil : try session.view(jobs).first
        }
    }

    package func job(named name: String, owner: UserID) async throws(StoreError) -> JobView? {
        try await perform(in: owner) { session in
            let jobs = try session.query(
                """
                SELECT \(unescaped: JobRow.columns) FROM \(unescaped: JobRow.tables)
                WHERE j.user_id = \(owner.uuid) AND j.name = \(name) AND j.deleted_at IS NULL
                ORDER BY j.state = 'finished', j.created_at DESC LIMIT 1
                """
            ).all(JobRow.read)
            return jobs.isEmpty ? nil : try session.view(jobs).first
        }
    }

    package func jobs(_ query: JobQuery) async throws(StoreError) -> Page<JobView> {
        try await perform(in: query.owner) { session in
            let found = try session.query(JobSearch(query: query).page).all(JobSearch.read)
            let shown = found.prefix(query.limit)
            var page = Page(items: try session.view(shown.map(\.job)), next: nil)
            if found.count > query.limit {
                page.next = shown.last.map { PageCursor($0.job, next: $0.next, sort: query.sort) }
            }
            return page
        }
    }

    package func selectJobs(_ query: JobQuery) async throws(StoreError) -> JobSelection {
        try await perform(in: query.owner) { session in
            let found = try session.query(JobSearch(query: query).selection).all {
                (job: NamedJob(id: try $0.id(0), name: try $0.text(1)), count: Int(try $0.int(2)))
            }
            return JobSelection(count: found.first?.count ?? 0, jobs: found.map(\.job))
        }
    }

    package func run(_ id: RunID, owner: UserID) async throws(StoreError) -> Run? {
        try await perform(in: owner) { session in
            let run = try session.query(Session.anyRuns([id])).first(RunRow.read)
            return run?.userID == owner ? run : nil
        }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> Page<Run> {
        try await perform(in: query.owner) { session in
            let found = try session.send(RunSearch(query: query).pages).flatMap { try $0.all(RunRow.read) }
            let inOrder = found.sorted { left, right in
                let isBefore = (left.scheduledFor, left.id) < (right.scheduledFor, right.id)
                return query.descending ? !isBefore : isBefore
            }
            return Page(items: Array(inOrder.prefix(query.limit)), limit: query.limit, found: inOrder.count) {
                PageCursor(at: $0.scheduledFor, id: ($0.id.high, $0.id.low))
            }
        }
    }

    package func deadLetterCount(_ query: RunQuery, upTo most: Int) async throws(StoreError) -> Int {
        try await perform(in: query.owner) { session in
            try session.query(RunSearch(query: query).deadCount(upTo: most)).first { Int(try $0.int(0)) } ?? 0
        }
    }

    package func attempts(of ids: [RunID], owner: UserID) async throws(StoreError) -> [RunID: [Attempt]] {
        try await perform(in: owner) { session in
            let results = try session.send([Session.attempts(of: ids), Session.anyRuns(ids)])
            let earlier = Dictionary(grouping: try results[0].all(AttemptRow.read), by: \.run)
            var found: [RunID: [Attempt]] = [:]
            for run in try results[1].all(RunRow.read) where run.userID == owner {
                found[run.id] = (earlier[run.id] ?? []).map(\.attempt).merged(with: run.current)
            }
            return found
        }
    }

    package func runCounts() async throws(StoreError) -> [RunStatus: Int] {
        try await perform { session in
            let counts = try session.query(
                """
                SELECT status, count(*) FROM live_runs GROUP BY status
                UNION ALL SELECT status, count(*) FROM run_history GROUP BY status
                """
            ).all { (RunStatus(rawValue: UInt8(truncatingIfNeeded: try $0.int16(0))) ?? .pending, Int(try $0.int(1))) }
            return Dictionary(counts, uniquingKeysWith: +)
        }
    }

    package func watch(of job: JobID, owner: UserID) async throws(StoreError) -> Watch? {
        try await perform(in: owner) { session in
            try session.query(
                """
                SELECT \(unescaped: WatchRow.columns) FROM job_watches
                WHERE job_id = \(job.uuid) AND user_id = \(owner.uuid)
                """
            ).first(WatchRow.read)
        }
    }

    package func nodes() async throws(StoreError) -> [Node] {
        try await perform { session in
            try session.query(
                "SELECT id, pid, host, version, started_at, lease_until, dead_at FROM nodes ORDER BY started_at, id"
            ).all { row in
                Node(
                    id: try row.id(0), pid: Int32(truncatingIfNeeded: try row.int(1)), host: try row.text(2),
                    version: try row.text(3),
                    startedAt: try row.instant(4), leaseUntil: try row.instant(5), deadAt: try row.instantOrNil(6))
            }
        }
    }
}

extension PageCursor {
    var uuid: PostgresUUID { PostgresUUID(high: high, low: low) }
}
