/// What a pool has and who waits. Pure bookkeeping: every method says what is to be done, and the pool does it.
struct PoolState {
    struct Waiter {
        let id: Int
        let urgent: Bool
        let continuation: CheckedContinuation<PostgresConnection, any Error>
    }

    enum Grant {
        case connection(PostgresConnection)
        case wait
        case refused(PostgresError)
    }

    let size: Int
    /// Kept for urgent callers.
    let reserved: Int
    var idle: [PostgresConnection] = []
    var borrowed = 0
    var opening = 0
    var waiters: [Waiter] = []
    var closers: [CheckedContinuation<Void, Never>] = []
    var closed = false
    var nextWaiter = 0
    /// After a failed attempt no other is made for a while.
    var backingOff = false
    var failures = 0
    var lastFailure: PostgresError?

    init(size: Int, reserved: Int) {
        self.size = size
        self.reserved = reserved
    }

    var open: Int { idle.count + borrowed + opening }

    /// Whether a caller of this kind may have one more connection.
    private func admits(_ urgent: Bool) -> Bool { borrowed < (urgent ? size : size - reserved) }

    mutating func borrow(urgent: Bool) -> Grant {
        if closed { return .refused(.poolClosed) }
        if admits(urgent), let connection = idle.popLast() {
            borrowed += 1
            return .connection(connection)
        }
        // Nothing open and the last attempt failed a moment ago: say so at once rather than after the wait.
        if backingOff, idle.isEmpty, borrowed == 0, let lastFailure { return .refused(lastFailure) }
        return .wait
    }

    /// Gives idle connections to those who may have them: the urgent first, then in order of arrival.
    mutating func match() -> [(Waiter, PostgresConnection)] {
        var matches: [(Waiter, PostgresConnection)] = []
        while !idle.isEmpty {
            let urgent = admits(true) ? waiters.firstIndex(where: \.urgent) : nil
            guard let index = urgent ?? (admits(false) ? waiters.indices.first : nil) else { break }
            borrowed += 1
            matches.append((waiters.remove(at: index), idle.removeLast()))
        }
        return matches
    }

    /// How many connections to open now.
    mutating func demand() -> Int {
        guard !closed, !backingOff else { return 0 }
        let urgent = waiters.count(where: \.urgent)
        let ordinary = min(waiters.count - urgent, max(0, size - reserved - borrowed))
        let count = max(0, min(urgent + ordinary - opening - idle.count, size - open))
        opening += count
        return count
    }

    /// Who is not to wait any longer, and how many milliseconds until the next attempt; nil if that is settled already:
    /// attempts made side by side count as one.
    mutating func failed(_ error: PostgresError) -> (waiters: [Waiter], pause: Int?) {
        opening -= 1
        lastFailure = error
        var pause: Int?
        if !backingOff {
            backingOff = true
            let limit = min(PostgresPool.longestBackoff, PostgresPool.shortestBackoff << min(failures, 10))
            failures += 1
            pause = Int.random(in: limit / 2...limit)
        }
        // While others are out, one may come back; otherwise nobody is served before the next attempt.
        guard borrowed == 0, opening == 0 else { return ([], pause) }
        defer { waiters = [] }
        return (waiters, pause)
    }

    mutating func opened(_ connection: PostgresConnection) {
        opening -= 1
        failures = 0
        lastFailure = nil
        idle.append(connection)
    }

    /// Who waits for the end of a pool that has ended.
    mutating func finishedClosers() -> [CheckedContinuation<Void, Never>] {
        guard closed, open == 0 else { return [] }
        defer { closers = [] }
        return closers
    }

    mutating func removeWaiter(_ id: Int) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index)
    }
}
