import CronModel
import CronSchedule
import CronStorePostgres
import CronTesting
import PostgresClient
import PostgresServer
import Testing

/// Row-level security: a transaction that has entered a space sees and touches nothing of another, whatever its
/// statements say.
@Suite struct PostgresWalls {
    private static let ann = UserID(high: 1, low: 1)
    private static let bob = UserID(high: 1, low: 2)
    private static let walled = [
        ("jobs", "user_id"), ("live_runs", "user_id"), ("run_history", "user_id"), ("idempotency_keys", "user_id"),
        ("users", "space"), ("resources", "space"), ("audit_heads", "space"), ("audit_log", "space"),
        ("output_followers", "space"), ("output_pieces", "space"),
    ]

    /// A database that belongs to a role which is no superuser: those no policy holds.
    private static func openedURL() async throws -> String {
        try await StoreDriver.apart {
            let server = PostgresServer.shared
            let url = try server.freshDatabase()
            let name = try #require(url.split(separator: "/").last.map(String.init))
            let role = "owner_\(name)"
            try server.psql("CREATE ROLE \(role) LOGIN")
            try server.psql("ALTER DATABASE \(name) OWNER TO \(role)")
            try server.psql("GRANT ALL ON SCHEMA public TO \(role)", database: name)
            return url.replacing("postgres@", with: "\(role)@")
        }
    }

    /// A row of each space in each table.
    private static func fill(_ store: PostgresStore, _ clock: TestClock, of owner: UserID) async throws {
        let action = ActionDefinition(type: "test", fields: [:])
        let draft = JobDraft(
            id: JobID(high: 2, low: owner.low), userID: owner,
            definition: JobDefinition(name: "nightly", schedule: "* * * * *", action: action),
            idempotency: IdempotencyKey(key: "k", bodyDigest: [1]))
        let actor = Actor(space: owner)
        try await store.createUser(
            User(id: owner, email: "u\(owner.low)@example.org", name: nil, passwordHash: "h", createdAt: clock.now),
            onlyFirst: false, audit: actor.entry("account.register", target: nil))
        let job = try await store.createJobs([draft])[0].get().job.job
        for _ in 0..<2 {
            let run = try #require(
                try await store.changeJob(job.id, owner: owner, version: nil, .trigger(payload: nil)).triggered)
            if owner == ann { continue }
            _ = try await store.cancelRun(run.id, owner: owner, audit: nil)
        }
        let first = try await store.runs(RunQuery(owner: owner)).items[0]
        if first.status.isLive { _ = try await store.cancelRun(first.id, owner: owner, audit: nil) }
        if owner == bob {
            _ = try await store.changeJob(job.id, owner: owner, version: nil, .trigger(payload: nil))
        }
        _ = try await store.createResource(
            Resource(
                id: ResourceID(high: 3, low: owner.low), kind: .secret, space: owner, name: "s", body: .null,
                createdAt: clock.now), audit: nil)
        try await store.outputs.ask([first.id: owner], for: .seconds(15))
        let piece = OutputPiece(start: 0, end: 1, text: "x")
        try await store.outputs.put([OutputPost(key: OutputKey(run: first.id, fence: 1), space: owner, piece: piece)])
    }

    @Test func aTransactionInsideASpaceSeesAndTouchesNothingElse() async throws {
        let url = try await Self.openedURL()
        let clock = TestClock()
        let config = try PostgresConfig(url: url, pooling: .session)
        let store = try await PostgresStore.open(
            config, poolSize: 2, system: clock, fixedClock: clock, seed: 1, isDurable: false)
        for owner in [Self.ann, Self.bob] { try await Self.fill(store, clock, of: owner) }

        let pool = PostgresPool(config: config, size: 1, waitLimit: 5_000)
        for (table, column) in Self.walled {
            func count(_ space: UserID?, _ query: PostgresQuery) async throws -> Int {
                try await pool.transaction { transaction in
                    if let space {
                        _ = try transaction.query("SELECT set_config('cronpp.space', \(space.description), true)")
                    }
                    return Int(try transaction.query(query).rows.first?.int(0) ?? -1)
                }
            }
            let all: PostgresQuery = "SELECT count(*) FROM \(unescaped: table)"
            let ofBob: PostgresQuery =
                "SELECT count(*) FROM \(unescaped: table) WHERE \(unescaped: column) = '\(unescaped: Self.bob.description)'"
            let seen = try await (count(Self.ann, all), count(Self.bob, all), count(nil, all))
            #expect(seen.0 > 0 && seen.1 > 0 && seen.0 + seen.1 == seen.2, "\(table): \(seen)")
            #expect(try await count(Self.ann, ofBob) == 0, "\(table)")
            guard !table.hasPrefix("audit_log") else { continue }
            let stolen: PostgresQuery =
                """
                WITH u AS (UPDATE \(unescaped: table) SET \(unescaped: column) = '\(unescaped: Self.ann.description)'
                    WHERE \(unescaped: column) = '\(unescaped: Self.bob.description)' RETURNING 1) SELECT count(*) FROM u
                """
            #expect(try await count(Self.ann, stolen) == 0, "\(table)")
            let given: PostgresQuery =
                """
                WITH u AS (UPDATE \(unescaped: table) SET \(unescaped: column) = '\(unescaped: Self.bob.description)'
                    RETURNING 1) SELECT count(*) FROM u
                """
            await #expect(throws: PostgresError.self, "\(table)") { try await count(Self.ann, given) }
        }
        await pool.close()
        await store.close()
    }

    @Test func nobodyRewritesTheAuditLog() async throws {
        let url = try await Self.openedURL()
        let clock = TestClock()
        let config = try PostgresConfig(url: url, pooling: .session)
        let store = try await PostgresStore.open(
            config, poolSize: 1, system: clock, fixedClock: clock, seed: 1, isDurable: false)
        try await store.appendAudit(Actor(space: Self.ann).entry("act", target: nil))
        let pool = PostgresPool(config: config, size: 1, waitLimit: 5_000)
        for statement: PostgresQuery in [
            "UPDATE audit_log SET entry = '{}'", "DELETE FROM audit_log", "TRUNCATE audit_log",
        ] {
            await #expect { _ = try await pool.query(statement) } throws: {
                "\($0)".contains("the audit log is append-only")
            }
        }
        await pool.close()
        #expect(try await store.audit(AuditQuery(space: Self.ann)).items.count == 1)
        await store.close()
    }
}
