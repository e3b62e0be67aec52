import CronModel
import NIOPosix

/// Threads for SQLite, whose calls block. No space may have them all.
final class SQLiteThreads: Sendable {
    static let count = 8
    static let countOfSpace = 3

    private let pool = NIOThreadPool(numberOfThreads: count)
    private let spaces = Slots<UserID>()
    private let all = Slots<Int>()

    init() { pool.start() }

    /// Nobody waits for the threads: one may be within a long statement.
    deinit { pool.shutdownGracefully { _ in } }

    /// - Throws: `CancellationError` when the task is cancelled before there is a thread.
    func run<Value: Sendable>(
        for space: UserID, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        // The pool has a queue too, but nobody leaves it before their turn.
        let result = await spaces.take(space, of: Self.countOfSpace) {
            await all.take(0, of: Self.count) { await call(body) }
        }
        guard let result = result ?? nil else { throw CancellationError() }
        return try result.get()
    }

    private func call<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async -> Result<Value, any Error> {
        await withCheckedContinuation { continuation in
            pool.submit { state in
                continuation.resume(returning: state == .active ? Result(catching: body) : .failure(CancellationError()))
            }
        }
    }
}
