package import CronSchedule
import Synchronization

/// Makes of many hints at most ten a second, and of the last of a burst always one.
package final class HintPacer: Sendable {
    package static let pause = Span.milliseconds(100)

    private struct State {
        /// A hint has been added and not been passed on.
        var isWaiting = false
        /// By `EngineClock.uptime`: when the next hint may be passed on.
        var nextAt = Span.zero
        var hasTimer = false
        var isClosed = false

        mutating func take(at uptime: Span) -> Bool {
            guard isWaiting, uptime >= nextAt, !isClosed else { return false }
            isWaiting = false
            nextAt = uptime + HintPacer.pause
            return true
        }
    }

    private let clock: any EngineClock
    private let pass: @Sendable () -> Void
    private let state = Mutex(State())

    package init(clock: any EngineClock, pass: @escaping @Sendable () -> Void) {
        self.clock = clock
        self.pass = pass
    }

    package func add() {
        let (isDue, needsTimer) = state.withLock { state in
            state.isWaiting = true
            if state.take(at: clock.uptime) { return (true, false) }
            defer { state.hasTimer = true }
            return (false, !state.hasTimer)
        }
        if isDue { pass() }
        if needsTimer { Task { await passLater() } }
    }

    package func close() { state.withLock { $0.isClosed = true } }

    /// The last hint of a burst goes on when the pause is over, unless a later one has taken it along.
    private func passLater() async {
        while true {
            let wait = state.withLock { state -> Span? in
                state.hasTimer = state.isWaiting && !state.isClosed
                return state.hasTimer ? state.nextAt - clock.uptime : nil
            }
            guard let wait else { return }
            await clock.wait(until: clock.now + wait)
            if state.withLock({ $0.take(at: clock.uptime) }) { pass() }
        }
    }
}
