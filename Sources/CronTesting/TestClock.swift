import CronModel
package import CronSchedule
import Synchronization

/// Time that moves only when a test says so.
package final class TestClock: EngineClock {
    private struct Waiter {
        var id: UInt64
        var until: Instant
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Instant
        var uptime = Span.zero
        var lastWaiter: UInt64 = 0
        var waiters: [Waiter] = []
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    package init(_ now: Instant = TestClock.start) {
        state = Mutex(State(now: now))
    }

    /// 2027-01-15T08:00:00Z, a Friday.
    package static let start = Instant(seconds: 1_800_000_000)

    package var now: Instant { state.withLock { $0.now } }

    /// Counts what `advance` adds; a clock that is `set` has jumped.
    package var uptime: Span { state.withLock { $0.uptime } }

    /// How many wait for the clock.
    package var waiterCount: Int { state.withLock { $0.waiters.count } }

    package func advance(by span: Span) {
        move { state in
            state.now = state.now + span
            state.uptime = state.uptime + span
        }
    }

    /// Jumps, forwards or backwards.
    package func set(_ instant: Instant) { move { $0.now = instant } }

    package func wait(until instant: Instant) async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.now >= instant || state.cancelled.remove(id) != nil { return true }
                    state.waiters.append(Waiter(id: id, until: instant, continuation: continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            cancelWaiter(id)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
    }

    private func move(_ step: (inout State) -> Void) {
        let woken = state.withLock { state in
            step(&state)
            let now = state.now
            let woken = state.waiters.filter { $0.until <= now }
            state.waiters.removeAll { $0.until <= now }
            return woken
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    private func cancelWaiter(_ id: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return nil
            }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume()
    }
}
