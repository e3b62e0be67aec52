package import CronModel
import CronSchedule
import Synchronization

/// Commands to one Redis, each answered within `RedisLimits.call` or not at all.
///
/// Nobody waits for a connection: while there is none, a call has no answer at once, and if a dial is due it begins in the
/// background. Dials follow calls, so there is no timer, and nothing is dialled for nobody.
package final class RedisLink: Sendable {
    private enum Line {
        case down(dialAt: Span)
        case dialling(Task<Bool, Never>)
        case up(RedisConnection)
        case closed
    }

    private struct State {
        var line = Line.down(dialAt: .zero)
        /// Since the last answer.
        var failures = 0
        var random = RandomSource()
        /// Commands that Redis has refused: each is told once.
        var refused: Set<String> = []
    }

    private let address: RedisAddress
    private let limits: RedisLimits
    private let clock: any EngineClock
    private let report: @Sendable (RedisReport) -> Void
    private let state = Mutex(State())

    package init(
        _ address: RedisAddress, limits: RedisLimits = RedisLimits(), clock: any EngineClock,
        report: @escaping @Sendable (RedisReport) -> Void
    ) {
        self.address = address
        self.limits = limits
        self.clock = clock
        self.report = report
    }

    /// Nil when there was no answer in time.
    package func call(_ words: [String]) async -> RedisReply? {
        let deadline = clock.uptime + limits.call
        guard let connection = connection() else { return nil }
        do throws(RedisFailure) {
            let reply = try await connection.call(words, until: deadline)
            guard case .refused(let text) = reply else {
                answered()
                return reply
            }
            // After a failover the old primary goes on as a replica; another dial may find the new one.
            if text.hasPrefix("READONLY") { throw .lost(text) }
            refused(words[0], text)
            return reply
        } catch {
            if case .lost(let reason) = error { lost(connection, reason) }
            return nil
        }
    }

    /// Dials now unless there is a connection; whether there is one then.
    @discardableResult package func connect() async -> Bool {
        let dial = state.withLock { state -> Task<Bool, Never> in
            switch state.line {
            case .dialling(let dial): return dial
            case .up: return Task { true }
            case .closed: return Task { false }
            case .down: return startDial(&state)
            }
        }
        return await dial.value
    }

    package func close() { state.withLock { $0.line = .closed } }
}

// MARK: - The line

extension RedisLink {
    private func connection() -> RedisConnection? {
        state.withLock { state in
            switch state.line {
            case .up(let connection): return connection
            case .down(let dialAt) where dialAt <= clock.uptime: startDial(&state)
            case .down, .dialling, .closed: break
            }
            return nil
        }
    }

    @discardableResult private func startDial(_ state: inout State) -> Task<Bool, Never> {
        let connection = RedisConnection(address, limits: limits, clock: clock)
        let dial = Task {
            do throws(RedisFailure) {
                try await connection.open()
                return opened(connection)
            } catch {
                dialFailed(error)
                return false
            }
        }
        state.line = .dialling(dial)
        return dial
    }

    private func opened(_ connection: RedisConnection) -> Bool {
        state.withLock { state in
            guard case .dialling = state.line else { return false }
            state.line = .up(connection)
            return true
        }
    }

    private func dialFailed(_ failure: RedisFailure) {
        guard case .lost(let reason) = failure else { return }
        failed(reason) { if case .dialling = $0 { true } else { false } }
    }

    private func lost(_ connection: RedisConnection, _ reason: String) {
        failed(reason) { if case .up(let current) = $0 { current === connection } else { false } }
    }

    private func failed(_ reason: String, _ concerns: (Line) -> Bool) {
        let isNews = state.withLock { state in
            guard concerns(state.line) else { return false }
            state.failures += 1
            let wait = limits.backoff(afterFailures: state.failures, fraction: state.random.fraction())
            state.line = .down(dialAt: clock.uptime + wait)
            if wait == .zero { startDial(&state) }
            return state.failures == 1
        }
        if isNews { report(.down("\(address): \(address.quote(reason))")) }
    }

    private func answered() {
        let isNews = state.withLock { state in
            defer { state.failures = 0 }
            return state.failures > 0
        }
        if isNews { report(.up("\(address) answers again")) }
    }

    /// Tells of a command that Redis does not do for this user, or not now.
    func refused(_ command: String, _ text: String) {
        guard state.withLock({ $0.refused.insert(command).inserted }) else { return }
        report(.refused("\(address): \(command): \(address.quote(text))"))
    }
}

/// What is worth telling about a Redis: the changes, not each failure.
package enum RedisReport: Hashable, Sendable {
    case down(String)
    case up(String)
    case refused(String)

    package var text: String {
        switch self {
        case .down(let text), .up(let text), .refused(let text): text
        }
    }
}
