import CronSchedule
import NIOCore
import NIOPosix

/// Ends work that blocks a thread of its own: by asking first, then by taking what it waits for away.
struct TimeLimit: Sendable {
    /// How long it may take to do as it was asked.
    static let grace = Span.seconds(1)

    let limit: Span
    /// Asks for an end.
    let ask: @Sendable () -> Void
    /// Makes an end.
    let force: @Sendable () -> Void

    /// What the body comes to, which is asked to end when the limit is over or the task is cancelled.
    /// - Parameter progress: told why it was asked.
    func run<Value: Sendable>(
        _ progress: SQLProgress, _ body: @Sendable () async throws -> Value
    ) async rethrows -> Value {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let first = loop.scheduleTask(in: TimeAmount(limit)) {
            progress.isEnded(by: .outOfTime)
            ask()
        }
        let last = loop.scheduleTask(in: TimeAmount(limit + Self.grace)) { force() }
        defer {
            first.cancel()
            last.cancel()
        }
        return try await withTaskCancellationHandler {
            try await body()
        } onCancel: {
            progress.isEnded(by: .cancelled)
            ask()
            loop.scheduleTask(in: TimeAmount(Self.grace)) { force() }
        }
    }
}
