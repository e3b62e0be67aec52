package import CronModel
package import CronSchedule

/// The store's executable specification: tables, row locks and transactions, without tasks, so that a simulation can leave
/// a transaction open, crash it, lose the answer of its COMMIT, or let other verbs run in between.
package final class MemoryDatabase {
    package enum Kind: Sendable {
        /// Many nodes with leases; a node is dead when its lease has elapsed.
        case cluster
        /// One process: registering a node proves every other one dead.
        case embedded
    }

    package let clock: any EngineClock
    package let kind: Kind
    /// The lease length, for the hold-off and for claims that nobody starts.
    package let lease: Span
    /// What is committed.
    package private(set) var tables = MemoryTables()
    var random: RandomSource
    var locks = LockTable()
    private var lastTransaction: TransactionID = 0
    private var latestReading: Instant

    package init(clock: any EngineClock, kind: Kind, lease: Span, seed: UInt64) {
        self.clock = clock
        self.kind = kind
        self.lease = lease
        random = RandomSource(seed: seed)
        latestReading = clock.now
    }

    /// The clock as transactions read it: a backward step never fires anything again.
    func readClock() -> Instant {
        latestReading = max(latestReading, clock.now)
        return latestReading
    }

    package enum Staging<Answer> {
        case staged(StagedTransaction<Answer>)
        /// It waits for a lock: continue it when it is `isBlocked` no more, or release it after the lock timeout.
        case blocked(MemoryTransaction)
        /// Continue it when the clock has got there.
        case waiting(until: Instant, MemoryTransaction)
    }

    /// Runs a verb up to its COMMIT. An error has rolled it back.
    package func stage<Answer>(
        _ verb: MemoryVerb<Answer>, continuing waiting: MemoryTransaction? = nil
    ) throws(StoreError) -> Staging<Answer> {
        let transaction = waiting ?? begin()
        transaction.restart()
        do {
            return .staged(StagedTransaction(transaction, answer: try verb.body(transaction)))
        } catch MemoryTransaction.Wait.lock {
            return .blocked(transaction)
        } catch MemoryTransaction.Wait.clock(let until) {
            return .waiting(until: until, transaction)
        } catch {
            transaction.release()
            throw StoreError(verbFailure: error)
        }
    }

    /// Whether the transaction still waits for a lock.
    package func isBlocked(_ transaction: TransactionID) -> Bool { locks.isWaiting(transaction) }

    /// How long a transaction may wait for a lock, or stay open.
    package var lockTimeout: Span { Span(microseconds: lease.microseconds / 3) }

    /// Whether anything is locked: after a test that ended every transaction, nothing is.
    package var isQuiet: Bool { locks.isEmpty }

    private func begin() -> MemoryTransaction {
        lastTransaction += 1
        return MemoryTransaction(id: lastTransaction, database: self)
    }

    func apply(_ changes: [MemoryChange]) throws(StoreError) {
        var next = tables
        for change in changes { change.apply(to: &next) }
        for case .run(let run, isNew: true) in changes {
            if next.runs(of: run.jobID, at: run.scheduledFor).contains(where: { $0.id != run.id && $0.zone == run.zone }
            ) {
                throw .corrupt("job \(run.jobID) has a second run for \(run.scheduledFor)")
            }
        }
        tables = next
    }
}

/// A verb whose work is done and whose fate is open.
package struct StagedTransaction<Answer> {
    package let answer: Answer
    package let transaction: MemoryTransaction

    init(_ transaction: MemoryTransaction, answer: Answer) {
        self.transaction = transaction
        self.answer = answer
    }

    package func commit() throws(StoreError) -> Answer {
        try transaction.commit()
        return answer
    }

    package func rollback() { transaction.release() }
}

/// One verb of a port as it runs inside a transaction.
package struct MemoryVerb<Answer> {
    package let name: String
    let body: (MemoryTransaction) throws -> Answer

    init(_ name: String, body: @escaping (MemoryTransaction) throws -> Answer) {
        self.name = name
        self.body = body
    }

    package func map<Other>(_ change: @escaping (Answer) -> Other) -> MemoryVerb<Other> {
        MemoryVerb<Other>(name) { change(try body($0)) }
    }
}

extension StoreError {
    fileprivate init(verbFailure error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let refusal as ChangeRefusal: self.init(refusal)
        case let illegal as IllegalTransition: self.init(.defect(illegal))
        default: self = .corrupt("\(error)")
        }
    }
}
