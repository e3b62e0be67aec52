import CronModel
package import CronSchedule
import Synchronization

/// A clock that a test moves.
package final class TestClock: EngineClock {
    package static let start = Instant(seconds: 1_800_000_000)

    private struct State {
        var now: Instant
        var waiting: [(until: Instant, resume: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    package init(_ now: Instant = TestClock.start) { state = Mutex(State(now: now)) }

    package var now: Instant { state.withLock { $0.now } }
    package var uptime: Span { now - Self.start }

    package func advance(by span: Span) {
        let due = state.withLock { state in
            state.now = state.now + span
            let due = state.waiting.filter { $0.until <= state.now }
            state.waiting.removeAll { $0.until <= state.now }
            return due
        }
        for waiter in due { waiter.resume.resume() }
    }

    /// Waits until the test has moved the clock far enough.
    package func wait(until instant: Instant) async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                if instant > state.now { state.waiting.append((instant, continuation)) }
                return instant <= state.now
            }
            if isDue { continuation.resume() }
        }
    }

    /// How many are waiting for the clock.
    package var waiterCount: Int { state.withLock { $0.waiting.count } }
}
