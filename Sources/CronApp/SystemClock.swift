package import CronModel
package import CronSchedule
import Glibc

/// The machine's clocks. The only place in Cron++ that reads the system time.
package struct SystemClock: EngineClock {
    package init() {}

    package var now: Instant { Instant(microseconds: Self.read(CLOCK_REALTIME)) }

    package var uptime: Span { Span(microseconds: Self.read(CLOCK_BOOTTIME)) }

    /// CPU time that this process has used, all threads together.
    package var processTime: Span { Span(microseconds: Self.read(CLOCK_PROCESS_CPUTIME_ID)) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
