package import CronModel

/// What can be locked, in the order in which a transaction takes it: nodes, jobs by id, overlap keys, runs by id, names.
package enum LockName: Hashable, Comparable, Sendable {
    case node(NodeID)
    case job(JobID)
    case key(OverlapKey)
    case run(RunID)
    /// A job's name or an idempotency key: what a unique index would make two transactions meet at.
    case name(UserID, String)
    /// All watches: one transaction at a time judges them, or hears what came of their notices.
    case watches

    package static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.node(let a), .node(let b)): a < b
        case (.job(let a), .job(let b)): a < b
        case (.key(let a), .key(let b)): a < b
        case (.run(let a), .run(let b)): a < b
        case (.name(let a, let first), .name(let b, let second)): a == b ? first < second : a < b
        default: left.rank < right.rank
        }
    }

    private var rank: Int {
        switch self {
        case .node: 0
        case .job: 1
        case .key: 2
        case .run: 3
        case .name: 4
        case .watches: 5
        }
    }
}

/// PostgreSQL's row locks, as far as the protocol uses them: planning and starting do not wait for each other, an edit
/// meets both.
package enum LockMode: Int, Comparable, Sendable {
    case keyShare
    case noKeyUpdate
    case update

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    func conflicts(with other: LockMode) -> Bool {
        self == .update || other == .update || (self == .noKeyUpdate && other == .noKeyUpdate)
    }
}

package typealias TransactionID = UInt64

/// Who holds what, and who waits for it in which order.
struct LockTable {
    enum Answer {
        case granted
        /// It waits in the queue and holds the lock when it is `isWaiting` no more.
        case queued
        /// Waiting would never end: whoever closes the circle gives up.
        case deadlock
    }

    private struct Request {
        var transaction: TransactionID
        var mode: LockMode
    }

    private var holders: [LockName: [TransactionID: LockMode]] = [:]
    private var queues: [LockName: [Request]] = [:]
    private var names: [TransactionID: Set<LockName>] = [:]
    private var waiting: [TransactionID: LockName] = [:]

    var isEmpty: Bool { holders.isEmpty && queues.isEmpty }

    func mode(of name: LockName, for transaction: TransactionID) -> LockMode? { holders[name]?[transaction] }

    func isWaiting(_ transaction: TransactionID) -> Bool { waiting[transaction] != nil }

    /// Takes the lock if nobody is in the way.
    mutating func take(_ name: LockName, _ mode: LockMode, for transaction: TransactionID) -> Bool {
        guard blockers(of: transaction, at: name, mode).isEmpty else { return false }
        let held = holders[name]?[transaction] ?? mode
        holders[name, default: [:]][transaction] = max(held, mode)
        names[transaction, default: []].insert(name)
        return true
    }

    /// Takes the lock, or waits for it behind those who came earlier.
    mutating func acquire(_ name: LockName, _ mode: LockMode, for transaction: TransactionID) -> Answer {
        if take(name, mode, for: transaction) { return .granted }
        queues[name, default: []].append(Request(transaction: transaction, mode: mode))
        waiting[transaction] = name
        guard waits(transaction, for: transaction) else { return .queued }
        leaveQueue(transaction)
        return .deadlock
    }

    /// Releases all that a transaction holds or waits for, and hands it to those who wait.
    mutating func releaseAll(of transaction: TransactionID) {
        var touched = names.removeValue(forKey: transaction) ?? []
        if let name = leaveQueue(transaction) { touched.insert(name) }
        for name in touched {
            holders[name]?[transaction] = nil
            if holders[name]?.isEmpty == true { holders[name] = nil }
            grant(name)
        }
    }

    private mutating func grant(_ name: LockName) {
        while let next = queues[name]?.first, take(name, next.mode, for: next.transaction) {
            leaveQueue(next.transaction)
        }
    }

    @discardableResult
    private mutating func leaveQueue(_ transaction: TransactionID) -> LockName? {
        guard let name = waiting.removeValue(forKey: transaction) else { return nil }
        queues[name]?.removeAll { $0.transaction == transaction }
        if queues[name]?.isEmpty == true { queues[name] = nil }
        return name
    }

    private func blockers(of transaction: TransactionID, at name: LockName, _ mode: LockMode) -> [TransactionID] {
        (holders[name] ?? [:]).filter { $0.key != transaction && $0.value.conflicts(with: mode) }.map(\.key)
    }

    /// Whether `transaction` waits, through any number of others, for `target`.
    private func waits(_ transaction: TransactionID, for target: TransactionID) -> Bool {
        var seen: Set<TransactionID> = []
        var open = [transaction]
        while let next = open.popLast() {
            guard let name = waiting[next], let queue = queues[name] else { continue }
            let earlier = queue.prefix { $0.transaction != next }.map(\.transaction)
            let mode = queue.first { $0.transaction == next }?.mode ?? .update
            for blocker in earlier + blockers(of: next, at: name, mode) {
                if blocker == target { return true }
                if seen.insert(blocker).inserted { open.append(blocker) }
            }
        }
        return false
    }
}
