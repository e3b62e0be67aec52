package import CronModel

/// One kind of store that the behaviour suite runs against. The list of them lives with the suite.
package struct StoreDriver: Sendable {
    package let name: String
    private let make: @Sendable (TestClock, UInt64) async throws -> OpenedStore

    /// - Parameter make: a fresh, empty store on the clock; the seed makes its ids repeatable.
    package init(name: String, make: @escaping @Sendable (TestClock, UInt64) async throws -> OpenedStore) {
        self.name = name
        self.make = make
    }

    package func open(clock: TestClock, seed: UInt64) async throws -> OpenedStore { try await make(clock, seed) }

    package static let memory = StoreDriver(name: "memory") { clock, seed in
        let store = MemoryStore(clock: clock, seed: seed)
        return OpenedStore(store: store, remove: {})
    }
}

/// A store of a driver, and how it is done away with.
package struct OpenedStore: Sendable {
    package let store: any Store
    /// Whether several nodes may share it: leases count, and registering takes nobody's runs.
    package let isCluster: Bool
    /// Removes what the store has left behind.
    package let remove: @Sendable () -> Void

    package init(store: any Store, isCluster: Bool = false, remove: @escaping @Sendable () -> Void) {
        self.store = store
        self.isCluster = isCluster
        self.remove = remove
    }
}
