import CronModel
import CronStorePostgres
import CronStoreSQLite
import CronTesting
import Foundation
import PostgresClient
import PostgresServer
import Synchronization
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
        try await openPostgres(.session, clock, seed) { try PostgresServer.shared.freshDatabase() }
    }

    /// Behind a proxy that pools by transaction.
    static let pooledPostgres = StoreDriver(name: "postgres, pooled") { clock, seed in
        try await openPostgres(.transaction, clock, seed) {
            let server = PostgresServer.shared
            return try server.bouncerURL(server.freshDatabase())
        }
    }

    /// Starting servers blocks; on the threads that all tests share, it would keep every other test waiting.
    static func apart<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Tests of hundreds begin at once; on one server their connections would wait for each other for seconds.
    private static let places = Places(count: 8)

    private static func openPostgres(
        _ pooling: PostgresConfig.Pooling, _ clock: TestClock, _ seed: UInt64,
        database: @escaping @Sendable () throws -> String
    ) async throws -> OpenedStore {
        await places.take()
        do {
            let store = try await PostgresStore.open(
                PostgresConfig(url: try await apart(database), pooling: pooling), poolSize: 2, system: clock,
                fixedClock: clock, seed: seed, isDurable: false)
            return OpenedStore(store: store, isCluster: true, remove: { places.give() })
        } catch {
            places.give()
            throw error
        }
    }
}

/// Lets so many in at a time, in the order in which they came.
private final class Places: Sendable {
    private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

    init(count: Int) {
        state = Mutex((count, []))
    }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free == 0 { state.waiting.append(continuation) }
                defer { state.free = max(0, state.free - 1) }
                return state.free > 0
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

typealias Driver = StoreDriver
