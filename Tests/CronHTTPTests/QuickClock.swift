import CronModel
import CronSchedule
import Dispatch

/// The system's time, four times as fast: for what takes turns by itself for as long as somebody watches.
struct QuickClock: EngineClock {
    private static let speed: Int64 = 4
    private static let start = ContinuousClock.now

    var now: Instant { Instant(microseconds: 0) + uptime }

    var uptime: Span {
        let parts = (ContinuousClock.now - Self.start).components
        return Span(
            microseconds: (parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000) * Self.speed)
    }

    func wait(until instant: Instant) async {
        let left = max(0, (instant - now).microseconds / Self.speed)
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(left))) { continuation.resume() }
        }
    }
}
