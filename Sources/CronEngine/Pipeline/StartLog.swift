import CronModel
import CronSchedule

/// The starts of one host's last period, so that there are never more than its rate in any stretch as long.
struct StartLog: Sendable {
    private var starts: [Instant] = []
    private var first = 0

    private var count: Int { starts.count - first }

    /// How many may start now.
    mutating func room(_ rate: StartRate, now: Instant) -> Int {
        // The clock was set back: when they were is not known any more.
        while count > 0, let last = starts.last, last > now { starts.removeLast() }
        while first < starts.count, starts[first] + rate.period <= now { first += 1 }
        if first > 64, first * 2 > starts.count {
            starts.removeFirst(first)
            first = 0
        }
        return max(0, rate.count - count)
    }

    /// When the next may, if none may before.
    func nextStart(_ rate: StartRate) -> Instant? { count < rate.count ? nil : starts[first] + rate.period }

    mutating func note(_ now: Instant) { starts.append(now) }

    /// One that was noted then was none after all.
    mutating func takeBack(_ instant: Instant) {
        if let index = starts.lastIndex(of: instant), index >= first { starts.remove(at: index) }
    }

    func isOver(_ rate: StartRate, now: Instant) -> Bool { starts.last.map { $0 + rate.period <= now } ?? true }
}
