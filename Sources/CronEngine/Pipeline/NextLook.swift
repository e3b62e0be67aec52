import CronModel
import CronSchedule

/// When to look at the store again: at a known moment, never twice at once, and once more when something changed while
/// a look was under way.
struct NextLook: Sendable {
    private let poll: Span
    /// Nil while a look is under way.
    private(set) var at: Instant?
    private var again = false

    init(poll: Span, first: Instant) {
        self.poll = poll
        at = first
    }

    /// Something changed: look at `instant` at the latest.
    mutating func bring(to instant: Instant) {
        if let known = at { at = min(known, instant) } else { again = true }
    }

    func isDue(now: Instant) -> Bool { at.map { $0 <= now } ?? false }
    mutating func begin() { at = nil }
    mutating func postpone(to instant: Instant) { at = instant }

    /// - Parameter next: when the look found that there is something to do, if it found anything.
    mutating func ended(_ result: Result<Instant?, StoreError>, now: Instant) {
        switch result {
        case .success(let next): at = min(next ?? now + poll, now + poll)
        case .failure: at = now + EngineSettings.storeRetry
        }
        if again { at = now }
        again = false
    }
}
