import NIOPosix

/// Threads for SQLite, whose calls block.
final class SQLiteThreads: Sendable {
    private static let count = 8

    private let pool = NIOThreadPool(numberOfThreads: count)

    init() { pool.start() }

    /// Nobody waits for the threads: one may be within a long statement.
    deinit { pool.shutdownGracefully { _ in } }

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.runIfActive(body)
    }
}
