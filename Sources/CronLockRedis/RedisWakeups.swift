package import CronModel
import CronSchedule
import Synchronization

/// Hints between nodes by publish/subscribe. Listens on a connection of its own, since one that listens can do nothing
/// else, from the first `hints()` until `close()`.
package final class RedisWakeups: WakeupChannel {
    private struct State {
        var listener: Task<Void, Never>?
        var isClosed = false
    }

    private let node: String
    private let channel: String
    private let address: RedisAddress
    private let limits: RedisLimits
    private let link: RedisLink
    private let clock: any EngineClock
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
        self.node = node
        self.address = address
        self.limits = limits
        self.link = link
        self.clock = clock
        // Channels are common to all databases of a server, clusters are not.
        let channel = "cronpp:wake:\(address.database)"
        let streams = HintStreams()
        self.channel = channel
        self.streams = streams
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
}

// MARK: - Listening

extension RedisWakeups {
    private func listen() async {
        var random = RandomSource()
        var failures = 0
        while !Task.isCancelled {
            let connection = RedisConnection(address, limits: limits, clock: clock)
            do throws(RedisFailure) {
                try await connection.open()
                try await subscribe(connection)
                failures = 0
                // Something may have been said before anybody listened.
                heard.add()
                try await follow(connection)
            } catch {
                // The link, which everything else goes through, tells that Redis is away.
                failures += 1
            }
            let wait = limits.backoff(afterFailures: failures + 1, fraction: random.fraction())
            await clock.wait(until: clock.now + wait)
        }
    }

    private func subscribe(_ connection: RedisConnection) async throws(RedisFailure) {
        let reply = try await connection.call(["SUBSCRIBE", channel], until: clock.uptime + limits.connect)
        if case .refused(let text) = reply { link.refused("SUBSCRIBE", text) }
        guard reply == .list([.text("subscribe"), .text(channel), .integer(1)]) else {
            throw .lost("does not let this node listen")
        }
    }

    private func follow(_ connection: RedisConnection) async throws(RedisFailure) {
        var heardAt = clock.uptime
        var isProdded = false
        while !Task.isCancelled {
            if let message = try await connection.next(within: limits.listen) {
                (heardAt, isProdded) = (clock.uptime, false)
                if isHint(message) { heard.add() }
            } else if clock.uptime - heardAt >= limits.silence {
                if isProdded { throw .lost("is silent") }
                try await connection.prod()
                (heardAt, isProdded) = (clock.uptime, true)
            }
        }
    }

    private func isHint(_ message: RedisReply) -> Bool {
        guard case .list(let parts) = message, parts.count == 3, parts[0] == .text("message") else { return false }
        return parts[2] != .text(node)
    }
}
