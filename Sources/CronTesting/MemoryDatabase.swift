package import CronModel
package import CronSchedule

/// The store's tables and row locks, without a database: the executable specification of what a store does. Verbs run
/// in transactions that may be left open, so that a simulation can interleave them, lose a commit's answer or crash.
package final class MemoryDatabase {
    /// What a transaction reads and writes.
    struct Tables {
        var jobs: [JobID: Job] = [:]
        var runs: [RunID: Run] = [:]
        var attempts: [RunID: [Attempt]] = [:]
        var nodes: [NodeID: Node] = [:]
        var users: [UserID: User] = [:]
        var tokens: [[UInt8]: Token] = [:]
        var idempotency: [IdempotencyOwner: Idempotency] = [:]
    }

    struct Token {
        var token: RefreshToken
        var isUsed = false
    }

    struct IdempotencyOwner: Hashable {
        var user: UserID
        var key: String
    }

    struct Idempotency {
        var digest: [UInt8]
        var job: JobID
        var at: Instant
    }

    /// A row, by the order in which transactions lock rows: jobs, overlap keys, runs.
    package enum LockKey: Hashable, Sendable {
        case job(JobID)
        case overlap(OverlapKey)
        case run(RunID)
    }

    package enum Staged<Value> {
        case open(StagedTransaction<Value>)
        /// Another open transaction holds a row that the verb needs.
        case blocked(by: Int)
        /// The verb must be made again when the clock has reached this.
        case notBefore(Instant)
        case refused(StoreError)
    }

    let clock: any EngineClock
    var random: RandomSource
    var tables = Tables()
    var locks: [LockKey: Int] = [:]
    private var lastTransaction = 0
    private var latest: Instant

    package init(clock: any EngineClock, random: RandomSource) {
        self.clock = clock
        self.random = random
        latest = clock.now
    }

    /// Runs a verb and leaves its transaction open.
    package func stage<Value>(_ verb: (MemoryTransaction) throws -> Value) -> Staged<Value> {
        lastTransaction += 1
        let transaction = MemoryTransaction(id: lastTransaction, database: self)
        do {
            return .open(StagedTransaction(value: try verb(transaction), transaction: transaction))
        } catch let blocked as Blocked {
            transaction.end(commit: false)
            return .blocked(by: blocked.transaction)
        } catch let wait as NotBefore {
            transaction.end(commit: false)
            return .notBefore(wait.instant)
        } catch let error as StoreError {
            transaction.end(commit: false)
            return .refused(error)
        } catch let illegal as IllegalTransition {
            transaction.end(commit: false)
            return .refused(StoreError(ChangeRefusal.defect(illegal)))
        } catch {
            transaction.end(commit: false)
            return .refused(.corrupt("\(error)"))
        }
    }

    /// The clock as transactions read it: it never goes back.
    func readClock() -> Instant {
        latest = max(latest, clock.now)
        return latest
    }
}

/// A verb that has run and whose transaction is open.
package struct StagedTransaction<Value> {
    package let value: Value
    fileprivate let transaction: MemoryTransaction

    fileprivate init(value: Value, transaction: MemoryTransaction) {
        self.value = value
        self.transaction = transaction
    }

    package func commit() { transaction.end(commit: true) }
    package func rollback() { transaction.end(commit: false) }
}

struct Blocked: Error { let transaction: Int }
struct NotBefore: Error { let instant: Instant }
