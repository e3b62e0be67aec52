import CronModel
package import CronSchedule
import Foundation

/// The machine's clocks. The only place in Cron++ that reads the system time.
package struct SystemClock: EngineClock {
    private static let start = ContinuousClock.now

    package init() {}

    package var now: Instant { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }

    /// On Linux this clock is CLOCK_BOOTTIME.
    package var uptime: Span { Self.span(ContinuousClock.now - Self.start) }

    package func wait(until instant: Instant) async {
        while true {
            let left = (instant - now).microseconds
            guard left > 0 else { return }
            do { try await Task.sleep(for: .microseconds(left)) } catch { return }
        }
    }

    /// CPU time that this process has used, all threads together.
    package var processTime: Span { Span(microseconds: Int64(clock()) * 1_000_000 / Int64(CLOCKS_PER_SEC)) }

    private static func span(_ duration: Duration) -> Span {
        let parts = duration.components
        return Span(microseconds: parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000)
    }
}
