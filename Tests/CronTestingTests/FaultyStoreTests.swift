import CronModel
import CronSchedule
import CronTesting
import Testing

@Suite struct FaultyStoreTests {
    private let clock = TestClock()
    private let node = NodeID(high: 1, low: 1)

    private func store() async throws -> FaultyStore {
        let store = FaultyStore(MemoryStore(clock: clock))
        _ = try await store.register(
            Node(id: node, pid: 1, host: "h", version: "v", startedAt: clock.now, leaseUntil: clock.now + .seconds(15)))
        return store
    }

    @Test func aVerbFailsBeforeItHappensOrLosesItsAnswer() async throws {
        let store = try await store()
        store.fail(.retire, .beforeCommit, nil, .afterCommit)
        await #expect(throws: StoreError.unavailable("retire was made to fail")) { try await store.retire(node: node) }
        #expect(try await store.nodes()[0].deadAt == nil)
        try await store.retire(node: node)
        #expect(try await store.nodes()[0].deadAt != nil)
        await #expect(throws: StoreError.outcomeUnknown("the answer of retire was lost")) {
            try await store.retire(node: node)
        }
        #expect(store.count(.retire) == 3)
    }

    @Test func aStoreThatIsDownDoesNothing() async throws {
        let store = try await store()
        store.setDown(true)
        await #expect(throws: StoreError.self) { try await store.check() }
        store.setDown(false)
        try await store.check()
    }

    @Test func aDelayedVerbHappensLater() async throws {
        let store = try await store()
        store.fail(.retire, .delay(.seconds(2)))
        let retiring = Task { try await store.retire(node: node) }
        while clock.waiterCount == 0 { await Task.yield() }
        #expect(try await store.nodes()[0].deadAt == nil)
        clock.advance(by: .seconds(2))
        try await retiring.value
        #expect(try await store.nodes()[0].deadAt == clock.now)
    }
}
