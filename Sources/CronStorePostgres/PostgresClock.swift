package import CronModel
package import CronSchedule
import Synchronization

/// The database's clock as this node knows it: a clock that never jumps, and how far the database's is ahead of it. No
/// decision reads this machine's wall clock.
package final class PostgresClock: EngineClock {
    /// A sample with a short way replaces an older one with a long way only while that is young: clocks drift apart by
    /// about 50 µs a second at worst.
    static let sampleLife = Span.minutes(1)

    private struct Sample {
        var offset: Span
        var roundTrip: Span
        var at: Span
    }

    private let system: any EngineClock
    private let sample = Mutex<Sample?>(nil)

    /// - Parameter system: for `uptime` and for waiting.
    package init(system: any EngineClock) {
        self.system = system
    }

    package var uptime: Span { system.uptime }

    package var now: Instant {
        let offset = sample.withLock { $0?.offset } ?? .zero
        return Instant(microseconds: 0) + system.uptime + offset
    }

    package func wait(until instant: Instant) async {
        await system.wait(until: system.now + (instant - now))
    }

    /// The database said `now` between two moments of `uptime`.
    func observe(_ now: Instant, between sent: Span, and received: Span) {
        let roundTrip = received - sent
        let middle = Span(microseconds: sent.microseconds + roundTrip.microseconds / 2)
        let fresh = Sample(offset: now - (Instant(microseconds: 0) + middle), roundTrip: roundTrip, at: received)
        sample.withLock { sample in
            if let known = sample, known.roundTrip < fresh.roundTrip, received - known.at < Self.sampleLife { return }
            sample = fresh
        }
    }
}
