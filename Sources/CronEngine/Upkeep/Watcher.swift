import CronModel
import CronSchedule

/// Watcher: has jobs with alerts judged when something has happened to them, or should have, and people told.
struct Watcher: Sendable {
    /// Between two judgements: what happens within it is judged together.
    static let pause = Span.milliseconds(500)
    /// Batches of notices that are being told. Receivers that do not answer must not keep jobs from being judged.
    static let batchesInFlight = 4

    private var turn = NextTurn()
    private var lastAt = Instant(microseconds: .min)
    private var batches = 0

    var nextAt: Instant? { batches < Self.batchesInFlight ? turn.nextAt : nil }

    /// A look has found when there is something to judge.
    mutating func found(_ instant: Instant?, now: Instant) {
        // The clock may have been set back.
        lastAt = min(lastAt, now)
        if let instant { turn.bring(to: max(instant, lastAt + Self.pause)) }
    }

    mutating func begin(now: Instant) -> Bool {
        guard batches < Self.batchesInFlight, turn.isDue(now: now) else { return false }
        turn.begin()
        return true
    }

    mutating func watched(_ result: Result<WatchAnswer, StoreError>, now: Instant) -> [EngineEffect] {
        turn.ended()
        lastAt = now
        guard case .success(let answer) = result else {
            turn.bring(to: now + EngineSettings.storeRetry)
            return []
        }
        if answer.isCut || answer.room == 0 { turn.bring(to: now) }
        guard !answer.notices.isEmpty else { return [] }
        batches += 1
        return [.tell(answer.notices)]
    }

    mutating func told() { batches -= 1 }
}
