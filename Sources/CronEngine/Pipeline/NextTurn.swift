import CronModel
import CronSchedule

/// When something is asked of the store next: never twice at once, and once more when its time came while it was under
/// way.
struct NextTurn: Sendable {
    private var at: Instant?
    private(set) var isUnderWay = false

    /// - Parameter first: nil waits until something is known to come.
    init(first: Instant? = nil) {
        at = first
    }

    /// Nil while it is under way.
    var nextAt: Instant? { isUnderWay ? nil : at }
    func isDue(now: Instant) -> Bool { nextAt.map { $0 <= now } ?? false }

    /// At `instant` at the latest.
    mutating func bring(to instant: Instant) { at = at.map { min($0, instant) } ?? instant }
    mutating func postpone(to instant: Instant) { at = instant }

    mutating func begin() {
        at = nil
        isUnderWay = true
    }

    mutating func ended() { isUnderWay = false }
}
