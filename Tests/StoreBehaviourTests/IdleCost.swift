import CronEngine
import CronModel
import CronSchedule
import CronTesting
import Logging
import PostgresClient
import PostgresServer
import Testing

@testable import CronStorePostgres

/// What a node that has nothing to do costs its database.
@Suite struct IdleCost {
    /// Four times as fast as the standard settings; the bounds are theirs too.
    private static let settings: EngineSettings = {
        var settings = EngineSettings()
        settings.lease = .milliseconds(3_750)
        settings.heartbeat = .milliseconds(1_250)
        settings.poll = .milliseconds(250)
        return settings
    }()

    @Test func anIdleNodeSendsOneStatementAPoll() async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        let store = try await PostgresStore.open(
            PostgresConfig(url: url, pooling: .session), poolSize: 2, system: SteadyClock(), isDurable: false)
        let (settings, begin) = (Self.settings, store.clock.now)
        let id = NodeID(high: 1, low: 1)
        let node = Node(id: id, pid: 1, host: "h", version: "v", startedAt: begin, leaseUntil: begin + settings.lease)
        _ = try await store.register(node)
        let engine = Engine(
            node: id, enlistedAt: begin, store: store, actions: ActionRegistry([]),
            vault: Vault(store: store, ring: KeyRing(current: [])), settings: settings, metrics: EngineMetrics(),
            events: LocalEvents(node: "idle", clock: store.clock),
            logger: Logger(label: "idle"), enlist: { id })
        let before = store.statementCount
        async let ended: Void = engine.run()
        await store.clock.wait(until: begin + .seconds(5))
        let sent = store.statementCount - before
        let took = store.clock.now - begin
        engine.post(.drain)
        try await ended

        func times(_ period: Span) -> Int { Int(took.microseconds / period.microseconds) }
        // The first look, and one each poll; heartbeats; BEGIN, look and COMMIT of repairs.
        let most = 1 + times(settings.poll) + times(settings.heartbeat) + 3 * times(settings.lease)
        #expect(sent <= most)
        #expect(sent > 2, "it looks")
        let polls = Double(took.microseconds) / Double(settings.poll.microseconds)
        print("an idle node: \(sent) statements in \(polls) polls, at most \(most)")
        await store.close()
    }
}
