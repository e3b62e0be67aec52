package import CronModel
import Synchronization

/// Hints between nodes by publish/subscribe. Listens from the first `hints()` until `close()`.
package final class RedisWakeups: WakeupChannel {
    private struct State {
        var listener: Task<Void, Never>?
        var isClosed = false
    }

    private let node: String
    private let listening: RedisListening
    private let streams: HintStreams
    private let sent: HintPacer
    private let heard: HintPacer
    private let state = Mutex(State())

    /// - Parameters:
    ///   - node: sent with each hint, so that a node passes over its own.
    ///   - link: sends the hints.
    package init(
        node: String, address: RedisAddress, limits: RedisLimits = RedisLimits(), link: RedisLink,
        clock: any EngineClock
    ) {
        let channel = address.channel("wake")
        let streams = HintStreams()
        self.node = node
        self.streams = streams
        listening = RedisListening(channel: channel, address: address, limits: limits, link: link, clock: clock)
        sent = HintPacer(clock: clock) { Task { _ = await link.call(["PUBLISH", channel, node]) } }
        heard = HintPacer(clock: clock) { streams.deliver() }
    }

    package func wake() { sent.add() }

    package func hints() -> AsyncStream<Void> {
        // First the stream: the listener's first hint is for it.
        let stream = streams.add()
        state.withLock { state in
            if state.listener == nil, !state.isClosed { state.listener = Task { await listen() } }
        }
        return stream
    }

    package func close() {
        let listener = state.withLock { state in
            state.isClosed = true
            return state.listener
        }
        listener?.cancel()
        sent.close()
        heard.close()
        streams.finish()
    }

    private func listen() async {
        await listening.run {
            !Task.isCancelled
        } began: {
            // Something may have been said before anybody listened.
            heard.add()
        } heard: { sender in
            if sender != node { heard.add() }
        }
    }
}
