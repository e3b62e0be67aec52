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

    /// `reserved`: of the connections, those that only urgent callers may have.
    package init(config: PostgresConfig, size: Int, waitLimit: Int, reserved: Int = 0) {
        self.config = config
        self.size = max(1, size)
        self.waitLimit = waitLimit
        state = Mutex(PoolState(size: max(1, size), reserved: min(max(0, reserved), max(0, size - 1))))
    }

    /// Runs the body in a transaction on a connection of the pool. Errors are `PostgresError`, the body's own, or
    /// `CancellationError` while waiting for a connection.
    package func transaction<T: Sendable>(
        urgent: Bool = false, _ body: @Sendable (PostgresTransaction) throws -> T
    ) async throws -> T {
        // A connection that the server has closed meanwhile is found before anything is sent on it. There are at most as
        // many of them as the pool has idle ones; a new one that is dead at once has its own error to tell.
        for _ in 0..<size {
            let connection = try await borrow(urgent: urgent)
            do {
                let value = try await connection.transactionIfAlive(body)
                await giveBack(connection)
                if let value { return value }
            } catch {
                await giveBack(connection)
                throw error
            }
        }
        return try await withConnection(urgent: urgent) { try await $0.transaction(body) }
    }

    /// One statement outside a transaction.
    package func query(_ query: PostgresQuery, urgent: Bool = false) async throws -> PostgresResult {
        try await withConnection(urgent: urgent) { try await $0.query(query) }
    }

    package func withConnection<T: Sendable>(
        urgent: Bool = false, _ body: @Sendable (PostgresConnection) async throws -> T
    ) async throws -> T {
        var connection = try await borrow(urgent: urgent)
        for _ in 0..<size where await !connection.isUsable {
            await giveBack(connection)
            connection = try await borrow(urgent: urgent)
        }
        do {
            let value = try await body(connection)
            await giveBack(connection)
            return value
        } catch {
            await giveBack(connection)
            throw error
        }
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
    }

    package var metrics: Metrics {
        state.withLock {
            Metrics(
                size: size, idle: $0.idle.count, borrowed: $0.borrowed, opening: $0.opening, waiting: $0.waiters.count)
        }
    }
}

// MARK: Borrowing

extension PostgresPool {
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
        let usable = await connection.isUsable
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
            let connection = try await PostgresConnection.connect(config)
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
            Task { [self] in
                try? await Task.sleep(for: .milliseconds(pause))
                state.withLock { $0.backingOff = false }
                advance()
            }
        }
        advance()
    }
}
