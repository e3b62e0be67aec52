import Synchronization

/// Up to `size` connections, opened when they are needed, the last used first. A broken one is replaced; attempts to
/// connect back off.
package final class PostgresPool: Sendable {
    /// Milliseconds between attempts to connect, doubling from one to the other. Short, because a node's lease runs on
    /// while the database is away.
    static let shortestBackoff = 50
    static let longestBackoff = 1_000

    package let config: PostgresConfig
    package let size: Int
    /// Milliseconds that a caller waits for a connection.
    package let waitLimit: Int
    private let state: Mutex<PoolState>
    private let tally = Tally()

    /// `reserved`: of the connections, those that only urgent callers may have.
    package init(config: PostgresConfig, size: Int, waitLimit: Int, reserved: Int = 0) {
        self.config = config
        self.size = max(1, size)
        self.waitLimit = waitLimit
        state = Mutex(PoolState(size: max(1, size), reserved: min(max(0, reserved), max(0, size - 1))))
    }

    /// Runs the body in a transaction on a connection of the pool. Errors are `PostgresError`, the body's own, or
    /// `CancellationError` while waiting for a connection.
    @discardableResult
    package func transaction<T: Sendable>(
        urgent: Bool = false, _ body: @Sendable (PostgresTransaction) throws -> T
    ) async throws -> T {
        try await lend(urgent) { try await $0.transactionIfAlive(body) }
    }

    /// One statement outside a transaction: it commits itself, so a lost answer is `commitUnknown`.
    package func query(_ query: PostgresQuery, urgent: Bool = false) async throws -> PostgresResult {
        try await lend(urgent) { try await $0.queryIfAlive(query) }
    }

    /// As above, with the round trip's time by `moment`: waiting for a connection or for a thread is no part of it.
    package func query<Moment: Sendable>(
        _ query: PostgresQuery, urgent: Bool = false, between moment: @Sendable () -> Moment
    ) async throws -> Timed<Moment> {
        try await lend(urgent) { try await $0.queryIfAlive(query, between: moment) }
    }

    package func withConnection<T: Sendable>(
        urgent: Bool = false, _ body: @Sendable (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await lend(urgent) { await $0.isAlive ? try await body($0) : nil }
    }

    /// Refuses new callers, waits until every connection has been given back, and closes them all.
    package func close() async {
        let (idle, waiters) = state.withLock { state in
            state.closed = true
            defer {
                state.idle = []
                state.waiters = []
            }
            return (state.idle, state.waiters)
        }
        for waiter in waiters { waiter.continuation.resume(throwing: PostgresError.poolClosed) }
        for connection in idle { await connection.close() }
        await withCheckedContinuation { continuation in
            let done = state.withLock { state in
                if state.open == 0 { return true }
                state.closers.append(continuation)
                return false
            }
            if done { continuation.resume() }
        }
    }

    package struct Metrics: Sendable, Hashable {
        package let size: Int
        package let idle: Int
        package let borrowed: Int
        package let opening: Int
        package let waiting: Int
        /// Sent so far, BEGIN and COMMIT too.
        package let statements: Int
    }

    package var metrics: Metrics {
        state.withLock {
            Metrics(
                size: size, idle: $0.idle.count, borrowed: $0.borrowed, opening: $0.opening, waiting: $0.waiters.count,
                statements: tally.count)
        }
    }
}

// MARK: Borrowing

extension PostgresPool {
    /// Lends connections to the body until one is not found dead before use. There are at most as many dead ones as the
    /// pool can hold idle; a fresh one that is dead at once comes after those.
    private func lend<T: Sendable>(
        _ urgent: Bool, _ body: @Sendable (PostgresConnection) async throws -> T?
    ) async throws -> T {
        for _ in 0...size {
            let connection = try await borrow(urgent: urgent)
            do {
                let value = try await body(connection)
                await giveBack(connection)
                if let value { return value }
            } catch {
                await giveBack(connection)
                throw error
            }
        }
        throw PostgresError.connectionLost("every connection was closed before it could be used")
    }

    private func borrow(urgent: Bool) async throws -> PostgresConnection {
        switch state.withLock({ $0.borrow(urgent: urgent) }) {
        case .connection(let connection): return connection
        case .refused(let error): throw error
        case .wait: return try await wait(urgent: urgent)
        }
    }

    private func wait(urgent: Bool) async throws -> PostgresConnection {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = Task { [self] in
            do { try await Task.sleep(for: .milliseconds(waitLimit)) } catch { return }
            expire(id)
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiter = PoolState.Waiter(id: id, urgent: urgent, continuation: continuation)
                if let error = enter(waiter) { continuation.resume(throwing: error) } else { advance() }
            }
        } onCancel: {
            remove(id, CancellationError())
        }
    }

    /// Puts a waiter in; an error if it is too late for that.
    private func enter(_ waiter: PoolState.Waiter) -> (any Error)? {
        state.withLock { state in
            if state.closed { return PostgresError.poolClosed }
            // Cancelled before it could be found in the list.
            if Task.isCancelled { return CancellationError() }
            state.waiters.append(waiter)
            return nil
        }
    }

    private func expire(_ id: Int) {
        let failure = state.withLock { $0.idle.isEmpty && $0.borrowed == 0 ? $0.lastFailure : nil }
        remove(id, failure ?? PostgresError.poolTimeout(waitedMs: waitLimit, size: size))
    }

    private func remove(_ id: Int, _ error: any Error) {
        state.withLock { $0.removeWaiter(id) }?.continuation.resume(throwing: error)
    }

    private func giveBack(_ connection: PostgresConnection) async {
        let usable = !connection.isBroken
        if !usable { await connection.close() }
        let surplus = state.withLock { state in
            state.borrowed -= 1
            guard usable, !state.closed else { return usable }
            state.idle.append(connection)
            return false
        }
        if surplus { await connection.close() }
        advance()
    }

    /// Serves who can be served and opens what is needed for the others.
    private func advance() {
        let (matches, count, closers) = state.withLock { ($0.match(), $0.demand(), $0.finishedClosers()) }
        for (waiter, connection) in matches { waiter.continuation.resume(returning: connection) }
        for closer in closers { closer.resume() }
        for _ in 0..<count { Task { await open() } }
    }

    private func open() async {
        do {
            let connection = try await PostgresConnection.connect(config, tally: tally)
            let surplus = state.withLock { state in
                guard state.closed else {
                    state.opened(connection)
                    return false
                }
                state.opening -= 1
                return true
            }
            if surplus { await connection.close() }
        } catch {
            let (waiters, pause) = state.withLock { $0.failed(error) }
            for waiter in waiters { waiter.continuation.resume(throwing: error) }
            if let pause { resume(after: pause) }
        }
        advance()
    }

    /// Ends the pause between attempts to connect.
    private func resume(after milliseconds: Int) {
        Task { [self] in
            try? await Task.sleep(for: .milliseconds(milliseconds))
            state.withLock { $0.backingOff = false }
            advance()
        }
    }
}
