package import CronSchedule

/// The store's clock: the one that decides. Only its system implementation reads the system time.
package protocol EngineClock: Sendable {
    /// Wall-clock time, UTC.
    var now: Instant { get }
}
