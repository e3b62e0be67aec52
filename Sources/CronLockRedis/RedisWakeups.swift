package import CronModel
import CronSchedule
import Synchronization

/// Hints between nodes by publish/subscribe. Listens on a connection of its own, since one that listens can do nothing
/// else, from the first `hints()` until `close()`.
package final class RedisWakeups: WakeupChannel {
    private struct State {
        var sending = WakeupPace()
        var hasTimer = false
        var listener: Task<Void, Never>?
        var isClosed = false
    }

    private let node: String
    private let channel: String
    private let address: RedisAddress
    private let limits: RedisLimits
    private let link: RedisLink
    private let clock: any EngineClock
    private let streams = HintStreams()
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
        channel = "cronpp:wake:\(address.database)"
    }

    package func wake() {
        let next = state.withLock { state -> (isDue: Bool, needsTimer: Bool) in
            guard !state.isClosed else { return (false, false) }
            state.sending.add()
            if state.sending.take(at: clock.uptime) { return (true, false) }
            defer { state.hasTimer = true }
            return (false, !state.hasTimer)
        }
        if next.isDue { publish() }
        if next.needsTimer { Task { await sendLater() } }
    }

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
        streams.finish()
    }
}

// MARK: - Sending

extension RedisWakeups {
    private func publish() {
        Task { _ = await link.call(["PUBLISH", channel, node]) }
    }

    /// The last hint of a burst goes out when the pause is over, unless a later one has taken it along.
    private func sendLater() async {
        while true {
            let wait = state.withLock { state -> Span? in
                state.hasTimer = state.sending.isWaiting && !state.isClosed
                return state.hasTimer ? state.sending.nextAt - clock.uptime : nil
            }
            guard let wait else { return }
            await clock.wait(until: clock.now + wait)
            if state.withLock({ $0.sending.take(at: clock.uptime) }) { publish() }
        }
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
                streams.deliver()
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
        var pace = WakeupPace()
        var heardAt = clock.uptime
        var isProdded = false
        while !Task.isCancelled {
            let slice = pace.isWaiting ? pace.nextAt - clock.uptime : limits.listen
            if let message = try await connection.next(within: min(slice, limits.listen)) {
                (heardAt, isProdded) = (clock.uptime, false)
                if isHint(message) { pace.add() }
            } else if clock.uptime - heardAt >= limits.silence {
                if isProdded { throw .lost("is silent") }
                try await connection.prod()
                (heardAt, isProdded) = (clock.uptime, true)
            }
            if pace.take(at: clock.uptime) { streams.deliver() }
        }
    }

    private func isHint(_ message: RedisReply) -> Bool {
        guard case .list(let parts) = message, parts.count == 3, parts[0] == .text("message") else { return false }
        return parts[2] != .text(node)
    }
}
