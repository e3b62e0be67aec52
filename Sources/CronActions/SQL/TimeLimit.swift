import CronSchedule
import NIOCore
import NIOPosix

/// Ends work that takes too long or whose task is cancelled.
enum TimeLimit {
    /// How long it may take to do as it was asked.
    static let grace = Span.seconds(1)

    /// What the body comes to. Its task is cancelled when the limit is over or the caller's is cancelled.
    /// - Parameter progress: told why.
    static func run<Value: Sendable>(
        _ limit: Span, _ progress: SQLProgress, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let work = Task { try await body() }
        let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(limit)) {
            progress.isEnded(by: .outOfTime)
            work.cancel()
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            progress.isEnded(by: .cancelled)
            work.cancel()
        }
    }

    /// For work that blocks a thread of its own and so hears nothing of its task.
    /// - Parameters:
    ///   - ask: asks for an end when the task is cancelled.
    ///   - force: makes one when that has not helped.
    static func ending<Value: Sendable>(
        ask: @escaping @Sendable () -> Void, force: @escaping @Sendable () -> Void,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withTaskCancellationHandler {
            try await body()
        } onCancel: {
            ask()
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(grace)) { force() }
        }
    }
}
