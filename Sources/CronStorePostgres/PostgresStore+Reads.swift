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
            let order = query.descending ? "DESC" : "ASC"
            let beyond = query.descending ? "<" : ">"
            let jobs = try session.query(
                """
                SELECT \(unescaped: JobRow.columns) FROM \(unescaped: JobRow.tables)
                WHERE j.user_id = \(query.owner.uuid) AND j.deleted_at IS NULL
                    AND (\(query.state?.rawValue)::text IS NULL OR j.state = \(query.state?.rawValue))
                    AND (\(query.type)::text IS NULL OR j.type = \(query.type))
                    AND (\(query.text)::text IS NULL OR position(lower(\(query.text)) IN lower(j.name)) > 0)
                    AND (\(query.tag)::text IS NULL OR j.definition::jsonb -> 'tags' ? \(query.tag))
                    AND (\(query.after?.at.microseconds)::bigint IS NULL OR (j.created_at, j.id) \(unescaped: beyond)
                        (\(query.after?.at.microseconds), \(query.after?.uuid)))
                ORDER BY j.created_at \(unescaped: order), j.id \(unescaped: order) LIMIT \(Int64(query.limit + 1))
                """
            ).all(JobRow.read)
            return Page(
                items: try session.view(Array(jobs.prefix(query.limit))), limit: query.limit, found: jobs.count
            ) { PageCursor(at: $0.job.createdAt, id: ($0.job.id.high, $0.job.id.low)) }
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
            let found = try session.send([RunSearch.live(query), RunSearch.ended(query)]).flatMap {
                try $0.all(RunRow.read)
            }
            let inOrder = found.sorted { left, right in
                let isBefore = (left.scheduledFor, left.id) < (right.scheduledFor, right.id)
                return query.descending ? !isBefore : isBefore
            }
            return Page(items: Array(inOrder.prefix(query.limit)), limit: query.limit, found: inOrder.count) {
                PageCursor(at: $0.scheduledFor, id: ($0.id.high, $0.id.low))
            }
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
