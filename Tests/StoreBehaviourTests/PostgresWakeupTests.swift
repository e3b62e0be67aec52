import CronModel
import CronSchedule
import CronStorePostgres
import CronTesting
import Foundation
import PostgresClient
import PostgresServer
import Testing

/// Hints by LISTEN/NOTIFY.
@Suite struct PostgresWakeupTests {
    @Test func othersAreWokenAndOneselfIsNot() async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        let store = try await PostgresStore.open(
            PostgresConfig(url: url, pooling: .session), poolSize: 2, system: SteadyClock(), isDurable: false)
        let (a, b) = (try #require(store.wakeups(of: "a")), try #require(store.wakeups(of: "b")))
        var (atA, atB) = (a.hints().makeAsyncIterator(), b.hints().makeAsyncIterator())
        // The first says that the channel listens.
        #expect(await atA.next() != nil)
        #expect(await atB.next() != nil)
        a.wake()
        #expect(await atB.next() != nil)
        b.wake()
        #expect(await atA.next() != nil)
        a.close()
        b.close()
        #expect(await atA.next() == nil)
        #expect(await atB.next() == nil)
        await store.close()
    }

    @Test func aProxyThatPoolsTransactionsPassesNoHints() async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        let store = try await PostgresStore.open(
            PostgresConfig(url: url, pooling: .transaction), poolSize: 2, system: SteadyClock(), isDurable: false)
        #expect(store.wakeups(of: "a") == nil)
        await store.close()
    }
}
