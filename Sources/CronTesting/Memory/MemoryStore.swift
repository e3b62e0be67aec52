package import CronModel
package import CronSchedule

/// The memory database behind the ports: each verb is staged and committed at once.
package actor MemoryStore: Store {
    package nonisolated let clock: any EngineClock
    package nonisolated let description = "memory"
    private let database: MemoryDatabase
    private var blocked: [TransactionID: CheckedContinuation<Void, Never>] = [:]

    package static let standardLease = Span.seconds(15)

    /// - Parameter kind: `.embedded` behaves as the one-process store does, `.cluster` has real leases.
    package init(
        clock: any EngineClock, kind: MemoryDatabase.Kind = .embedded, lease: Span = standardLease, seed: UInt64 = 1
    ) {
        self.clock = clock
        database = MemoryDatabase(clock: clock, kind: kind, lease: lease, seed: seed)
    }

    package func check() async throws(StoreError) {}

    package func close() async {}

    /// Everything that is committed, for checks.
    package var tables: MemoryTables { database.tables }

    func perform<Answer>(_ verb: MemoryVerb<Answer>) async throws(StoreError) -> Answer {
        defer { wakeUnblocked() }
        var transaction: MemoryTransaction?
        while true {
            switch try database.stage(verb, continuing: transaction) {
            case .staged(let staged):
                return try staged.commit()
            case .blocked(let waiting):
                transaction = waiting
                try await waitForLock(waiting)
            case .waiting(until: let instant, let waiting):
                transaction = waiting
                await clock.wait(until: instant)
                // A cancelled wait gives up rather than asking the clock again and again.
                if clock.now < instant {
                    waiting.release()
                    throw .unavailable("cancelled while waiting for \(instant)")
                }
            }
        }
    }

    private func waitForLock(_ transaction: MemoryTransaction) async throws(StoreError) {
        let id = transaction.id
        let deadline = clock.now + database.lockTimeout
        let timeout = Task {
            await clock.wait(until: deadline)
            if !Task.isCancelled { blocked.removeValue(forKey: id)?.resume() }
        }
        await withCheckedContinuation { blocked[id] = $0 }
        timeout.cancel()
        guard database.isBlocked(id) else { return }
        transaction.release()
        throw .unavailable("a lock was waited for too long")
    }

    private func wakeUnblocked() {
        for id in blocked.keys.sorted() where !database.isBlocked(id) {
            blocked.removeValue(forKey: id)?.resume()
        }
    }
}
