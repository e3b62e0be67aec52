import CronModel
import CronSchedule

/// Whether it is worth going on with a channel in one attempt, from what became of its messages so far. Without it a server
/// that is away, or that asks to be left alone, would be asked a thousand times.
struct ChannelHealth: Sendable {
    /// Failures of the channel, not of a message, with no other end between them.
    static let failuresInARow = 5

    private var inARow = 0
    /// What ended it.
    private(set) var end: Outcome?

    mutating func hear(_ outcome: Outcome) {
        guard end == nil else { return }
        switch Self.meaning(of: outcome) {
        case .works: inARow = 0
        case .fails:
            inARow += 1
            if inARow >= Self.failuresInARow { end = outcome }
        case .isOver: end = outcome
        }
    }

    /// Whether a service has decided about one message for good. What it says of the channel itself it may not say again
    /// when somebody has mended that.
    static func isRefusal(_ outcome: Outcome) -> Bool {
        outcome.verdict == .permanent && outcome.reach == .answered && meaning(of: outcome) == .works
    }

    private enum Meaning {
        case works, fails, isOver
    }

    private static func meaning(of outcome: Outcome) -> Meaning {
        if outcome.retryAfter != nil || [401, 403, 429].contains(outcome.httpStatus) { return .isOver }
        switch outcome.kind {
        // Who is not signed in for one message is not for the next.
        case .smtpError where outcome.reach == .nothingSent: return .isOver
        case .cancelled, .shutdown: return .isOver
        case .connectError, .tlsError, .timeout, .unknown, .notSent: return .fails
        case .httpError where outcome.verdict == .transient: return .fails
        default: return .works
        }
    }
}
