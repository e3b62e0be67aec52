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

// MARK: - Work that comes at a known time

extension NextTurn {
    /// A look has found that the earliest work is there at `instant`; it is done `lead` ahead. Answers when to look again
    /// because of it, if that is not a poll later.
    mutating func found(_ instant: Instant?, lead: Span, now: Instant) -> Instant? {
        guard let at = instant.map({ $0 - lead }) else { return nil }
        if at > now { return at }
        bring(to: now)
        return nil
    }

    /// The store has answered whether anything was done and when the next work is there. Answers when to look again because
    /// of it.
    mutating func ended(
        _ result: Result<(didAny: Bool, next: Instant?), StoreError>, lead: Span, now: Instant
    ) -> Instant? {
        ended()
        switch result {
        case .failure: return now + EngineSettings.storeRetry
        // What is due and was not taken is in another node's hands.
        case .success((didAny: false, let next)):
            return next.map { max($0 - lead, now + EngineSettings.elsewhereWait) }
        case .success((didAny: true, let next)): return found(next, lead: lead, now: now)
        }
    }
}
