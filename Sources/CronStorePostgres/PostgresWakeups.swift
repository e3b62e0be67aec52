package import CronModel
import PostgresClient
import Synchronization

/// Hints between nodes by LISTEN/NOTIFY. Never in a transaction of the pipeline: NOTIFY takes a lock of the whole server at
/// its commit. Listens on a connection of its own, from the first `hints()` until `close()`.
package final class PostgresWakeups: WakeupChannel {
    private static let channel = "cronpp_wake"

    private struct State {
        var listener: PostgresListener?
        var isClosed = false
    }

    private let node: String
    private let config: PostgresConfig
    private let streams: HintStreams
    private let sent: HintPacer
    private let heard: HintPacer
    private let state = Mutex(State())

    /// - Parameters:
    ///   - node: sent with each hint, so that a node passes over its own.
    ///   - send: a statement outside of any transaction; that it cannot be made is nobody's concern.
    init(
        node: String, config: PostgresConfig, clock: any EngineClock,
        send: @escaping @Sendable (PostgresQuery) async -> Void
    ) {
        self.node = node
        self.config = config
        let streams = HintStreams()
        self.streams = streams
        sent = HintPacer(clock: clock) { Task { await send("SELECT pg_notify(\(Self.channel), \(node))") } }
        heard = HintPacer(clock: clock) { streams.deliver() }
    }

    package func wake() { sent.add() }

    package func hints() -> AsyncStream<Void> {
        let stream = streams.add()
        let events = state.withLock { state -> AsyncStream<PostgresListener.Event>? in
            guard state.listener == nil, !state.isClosed else { return nil }
            // Refused only behind a proxy that pools transactions, where there is no such channel.
            state.listener = try? PostgresListener(config, channels: [Self.channel])
            return state.listener?.events
        }
        if let events { Task { await follow(events) } }
        return stream
    }

    package func close() {
        let listener = state.withLock { state in
            state.isClosed = true
            return state.listener
        }
        listener?.close()
        sent.close()
        heard.close()
        streams.finish()
    }

    private func follow(_ events: AsyncStream<PostgresListener.Event>) async {
        for await event in events {
            switch event {
            // Something may have been said before anybody listened.
            case .connected: heard.add()
            case .notification(_, let sender) where sender != node: heard.add()
            case .notification, .disconnected: break
            }
        }
    }
}
