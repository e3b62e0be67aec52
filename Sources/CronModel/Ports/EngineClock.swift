package import CronSchedule

/// Time, injected. Only the system's implementation reads the system time.
package protocol EngineClock: Sendable {
    /// The store's wall clock, UTC: the one that decides.
    var now: Instant { get }
    /// Time since a fixed moment by a clock that never jumps and goes on while the machine sleeps.
    var uptime: Span { get }
    /// Suspends until `now` has reached an instant; at once if it has, or when the task is cancelled.
    func wait(until instant: Instant) async
}
