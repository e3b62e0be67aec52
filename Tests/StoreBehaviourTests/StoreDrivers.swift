import CronModel
import CronStorePostgres
import CronStoreSQLite
import CronTesting
import Foundation
import PostgresClient
import PostgresServer
import Testing

/// The stores that the suite holds to one behaviour: a new driver is one more line.
extension StoreDriver: CustomTestStringConvertible {
    static let allCases = [memory, sqlite, postgres, pooledPostgres]

    package var testDescription: String { name }

    static let sqlite = StoreDriver(name: "sqlite") { clock, seed in
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.appending(path: "s.sqlite").path
        return OpenedStore(
            store: try SQLiteStore.open(path: path, clock: clock, seed: seed),
            remove: { try? FileManager.default.removeItem(at: directory) })
    }
}

extension StoreDriver {
    static let postgres = StoreDriver(name: "postgres") { clock, seed in
        let url = try await apart { try PostgresServer.shared.freshDatabase() }
        return try await openPostgres(url, .session, clock, seed)
    }

    /// Behind a proxy that pools by transaction.
    static let pooledPostgres = StoreDriver(name: "postgres, pooled") { clock, seed in
        let server = PostgresServer.shared
        let url = try await apart { try server.bouncerURL(server.freshDatabase()) }
        return try await openPostgres(url, .transaction, clock, seed)
    }

    /// Starting servers blocks; on the threads that all tests share, it would keep every other test waiting.
    static func apart<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
        }
    }

    private static func openPostgres(
        _ url: String, _ pooling: PostgresConfig.Pooling, _ clock: TestClock, _ seed: UInt64
    ) async throws -> OpenedStore {
        let store = try await PostgresStore.open(
            PostgresConfig(url: url, pooling: pooling), poolSize: 2, system: clock, fixedClock: clock, seed: seed,
            isDurable: false)
        return OpenedStore(store: store, isCluster: true, remove: {})
    }
}

typealias Driver = StoreDriver
