import CronModel
import CronSchedule
import CronTesting
import PostgresClient
import PostgresServer
import Testing

@testable import CronStorePostgres

/// Binaries of two versions on one database: this one knows schema N, a planted step makes N+1.
@Suite struct PostgresUpgrades {
    private static let known = Migrations.all.map(\.version).max() ?? 0

    private static let additive = """
        ALTER TABLE live_runs ADD COLUMN note text;
        ALTER TABLE run_history ADD COLUMN note text;
        ALTER TABLE jobs ADD COLUMN colour text NOT NULL DEFAULT 'none';
        CREATE INDEX jobs_colour ON jobs (colour);
        CREATE FUNCTION cronpp_note(run uuid) RETURNS text LANGUAGE plpgsql AS
            $$ BEGIN
                RETURN 'run ' || run;
            END; $$;
        """

    @Test(arguments: [PostgresConfig.Pooling.session, .transaction])
    func nodesOfTheVersionBeforeKeepWorking(_ pooling: PostgresConfig.Pooling) async throws {
        let place = try await Place(pooling)
        let old = World(store: try await place.open(), clock: place.clock, isCluster: true)
        try await old.register(1)
        let job = try await old.create("* * * * * *") { $0.overlap = .allow }
        place.clock.advance(by: .seconds(2))
        #expect(try await old.runDue() == 2)
        place.clock.advance(by: .seconds(4))
        let held = try await old.claims()

        let upgrading = try await place.open()
        try await upgrading.makeSteps([(oldestCompatible: Self.known, sql: Self.additive)])

        // What was open before: what it holds starts, and every verb goes on.
        place.clock.advance(by: .seconds(6))
        let answers = try await old.start(held)
        let started = answers.count { if case .started = $0 { true } else { false } }
        #expect(started == held.count && started > 0)
        for claim in held { #expect(try await old.finish(claim) == .applied(.success, dueAt: nil)) }
        try await old.edit(job) { $0.tags = ["edited"] }
        place.clock.advance(by: .seconds(2))
        #expect(try await old.runDue() > 0)
        try await old.checkInvariants()

        // And what is opened anew.
        let anew = World(store: try await place.open(), clock: place.clock, isCluster: true)
        try await anew.register(2)
        place.clock.advance(by: .seconds(2))
        #expect(try await anew.runDue() > 0)
        try await anew.checkInvariants()
        #expect(try await upgrading.schemaVersion() == Self.known + 1, "nobody takes the step back")
        for store in [old.store, anew.store, upgrading] { await store.close() }
    }

    @Test func nodesTooOldForTheSchemaAreRefused() async throws {
        let place = try await Place(.session)
        let upgrading = try await place.open()
        try await upgrading.makeSteps([
            (oldestCompatible: Self.known + 1, sql: "ALTER TABLE jobs RENAME COLUMN anchor TO origin;"),
            // A later one that allows more does not take that back.
            (oldestCompatible: Self.known, sql: "CREATE TABLE more (id uuid PRIMARY KEY);"),
        ])
        let refusal = StoreError.misconfigured(
            "the database's schema \(Self.known + 2) needs a newer cronpp; this one knows schema \(Self.known)")
        await #expect(throws: refusal) { _ = try await place.open() }
        await upgrading.close()
    }

    @Test func aStepThatFailsLeavesNothingBehind() async throws {
        let place = try await Place(.session)
        let store = try await place.open()
        let steps = [
            (oldestCompatible: Self.known, sql: "CREATE TABLE made_before (id uuid PRIMARY KEY);"),
            (oldestCompatible: Self.known, sql: "CREATE TABLE half_made (id uuid); CREATE TABLE users (id uuid);"),
        ]
        let failed = StoreError.misconfigured(
            "step \(Self.known + 2) of the database's schema failed: relation \"users\" already exists (42P07)")
        await #expect(throws: failed) { try await store.makeSteps(steps) }
        #expect(try await store.schemaVersion() == Self.known)
        #expect(try await store.tables(named: ["made_before", "half_made"]).isEmpty)
        try await store.makeSteps([steps[0]])
        #expect(try await store.schemaVersion() == Self.known + 1, "the next attempt finds nothing in its way")
        await store.close()
    }
}

/// A database of its own, under a clock that the test moves.
private struct Place {
    let clock = TestClock()
    let pooling: PostgresConfig.Pooling
    let url: String

    init(_ pooling: PostgresConfig.Pooling) async throws {
        self.pooling = pooling
        url = try await StoreDriver.apart {
            let server = PostgresServer.shared
            let url = try server.freshDatabase()
            return pooling == .session ? url : try server.bouncerURL(url)
        }
    }

    func open() async throws -> PostgresStore {
        try await PostgresStore.open(
            PostgresConfig(url: url, pooling: pooling), poolSize: 2, system: clock, fixedClock: clock, isDurable: false)
    }
}

extension PostgresStore {
    /// As a binary does that knows further steps.
    fileprivate func makeSteps(_ steps: [(oldestCompatible: Int32, sql: String)]) async throws {
        let known = Migrations.all
        let first = (known.map(\.version).max() ?? 0) + 1
        let all =
            known
            + steps.enumerated().map { number, step in
                Migration(version: first + Int32(number), oldestCompatible: step.oldestCompatible, sql: step.sql)
            }
        try await perform { try Migrations.run($0, steps: all) }
    }

    fileprivate func schemaVersion() async throws -> Int32? {
        try await perform { try $0.query("SELECT max(version) FROM cronpp_schema").first { Int32(try $0.int(0)) } }
    }

    fileprivate func tables(named names: [String]) async throws -> [String] {
        try await perform {
            try $0.query("SELECT relname FROM pg_class WHERE relname = ANY(\(PostgresArray(names)))").all {
                try $0.text(0)
            }
        }
    }
}
