import CronModel
import CronSchedule
import CronTesting
import Foundation
import PostgresClient
import PostgresServer
import Testing

@testable import CronStorePostgres

/// What a node asks again and again must not read what only waits.
@Suite struct PostgresCost {
    private static let waiting = 30_000

    @Test func nothingThatWaitsIsReadByAnIdleNode() async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        let config = try PostgresConfig(url: url, pooling: .session)
        let first = try await PostgresStore.open(config, poolSize: 2, system: SteadyClock(), isDurable: false)
        let (now, id) = (first.clock.now, NodeID(high: 1, low: 1))
        let lease = Span.minutes(10)
        _ = try await first.register(
            Node(id: id, pid: 1, host: "h", version: "v", startedAt: now, leaseUntil: now + lease))
        var random = RandomSource()
        let definition = JobDefinition(
            name: "job", schedule: "in 30d", action: ActionDefinition(type: "test", fields: [:]))
        _ = try await first.createJobs([
            JobDraft(id: JobID(at: now, using: &random), userID: UserID(high: 1, low: 1), definition: definition)
        ])
        await first.close()
        let filler = try await PostgresConnection.connect(config)
        try await filler.transaction {
            try $0.script(
                """
                SET LOCAL statement_timeout = 0;
                CREATE TEMP TABLE one AS SELECT * FROM live_runs;
                INSERT INTO live_runs SELECT (jsonb_populate_record(o, jsonb_build_object(
                    'id', gen_random_uuid(), 'scheduled_for', o.scheduled_for + n, 'due_at', o.due_at + n))).*
                FROM one o, generate_series(1, \(Self.waiting)) n;
                ANALYZE live_runs;
                """)
        }
        await filler.close()
        let connection = try await PostgresConnection.connect(config)
        /// A backend tells what it has counted when it ends at the latest: only after that is it known to be all.
        func scans() async throws -> Int64? {
            while try await connection.query(
                """
                SELECT pg_sleep(0.01) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' LIMIT 1
                """
            ).rowCount > 0 {}
            return try await connection.query(
                "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'live_runs'"
            ).first { try $0.int(0) }
        }
        let before = try await scans()
        let store = try await PostgresStore.open(config, poolSize: 2, system: SteadyClock(), isDurable: false)
        // More often than a plan is made anew for each execution.
        for _ in 0..<12 {
            _ = try await store.look(forLost: true)
            _ = try await store.heartbeat(node: id, lease: lease)
            _ = try await store.repair(held: [], node: id)
            _ = try await store.reap(node: id)
            _ = try await store.claim(ClaimRequest(node: id, lead: .seconds(5), limit: 100))
        }
        await store.close()
        #expect(try await scans() == before)
        await connection.close()
    }

    /// Lists that ask what jobs' runs say, or runs by what their jobs are like, find their way without the rest.
    @Test func listsReadNoHistoryThatTheyDoNotShow() async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        let config = try PostgresConfig(url: url, pooling: .session)
        let store = try await PostgresStore.open(config, poolSize: 2, system: SteadyClock(), isDurable: false)
        let owner = UserID(high: 1, low: 1)
        let node = NodeID(high: 1, low: 1)
        let now = store.clock.now
        _ = try await store.register(
            Node(id: node, pid: 1, host: "h", version: "v", startedAt: now, leaseUntil: now + .minutes(10)))
        var random = RandomSource()
        var jobs: [JobID] = []
        for index in 0..<50 {
            var definition = JobDefinition(
                name: "job \(index)", schedule: "in 30d", action: ActionDefinition(type: "test", fields: [:]))
            definition.tags = index == 7 ? ["rare"] : ["common"]
            jobs.append(JobID(at: now, using: &random))
            _ = try await store.createJobs([JobDraft(id: jobs[index], userID: owner, definition: definition)])
        }
        let busy = jobs[0]
        for job in [busy, jobs[7]] {
            let run = try await store.changeJob(job, owner: owner, version: nil, .trigger(payload: nil)).triggered
            _ = try await store.cancelRun(try #require(run).id, owner: owner, audit: nil)
        }
        let connection = try await PostgresConnection.connect(config)
        try await connection.transaction {
            try $0.script(
                """
                SET LOCAL statement_timeout = 0;
                CREATE TEMP TABLE one AS SELECT * FROM run_history WHERE job_id = '\(busy)';
                INSERT INTO run_history SELECT (jsonb_populate_record(o, jsonb_build_object(
                    'id', gen_random_uuid(), 'attempt', 1, 'scheduled_for', o.scheduled_for - n * 1000))).*
                FROM one o, generate_series(1, \(Self.waiting)) n;
                ANALYZE run_history; ANALYZE live_runs; ANALYZE jobs;
                """)
        }
        func reads() async throws -> [Int64] {
            try await connection.query(
                """
                SELECT seq_scan, idx_tup_fetch FROM pg_stat_user_tables
                WHERE relname = 'run_history'
                """
            ).first { [try $0.int(0), try $0.int(1)] } ?? []
        }
        let before = try await reads()
        let rounds: Int64 = 8
        for _ in 0..<rounds {
            var listed = JobQuery(owner: owner)
            listed.statuses = [.success, .cancelled]
            listed.sort = .nextRunTime
            #expect(try await store.jobs(listed).items.count == 1, "one job has a run that had begun")
            var runs = RunQuery(owner: owner)
            runs.tag = "rare"
            #expect(try await store.runs(runs).items.count == 2)
            runs.tag = "common"
            runs.limit = 10
            #expect(try await store.runs(runs).items.count == 10)
        }
        await store.close()
        let after = try await reads()
        #expect(after[0] - before[0] < rounds, "history is not read from end to end")
        #expect(after[1] - before[1] < rounds * 1_000, "of \(Self.waiting) runs")
        await connection.close()
    }
}
