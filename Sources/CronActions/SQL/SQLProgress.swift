import CronModel
import Synchronization

/// How far an attempt has got, told by the thread that does the work and read by whoever explains its end.
final class SQLProgress: Sendable {
    private struct State {
        var reach = Outcome.Reach.nothingSent
        var end: SQLFailure.Cause?
    }

    private let state = Mutex(State())

    /// From here on a lost answer leaves it open whether there was an effect.
    func effectMayHappen() { state.withLock { $0.reach = .maybeSent } }

    /// The attempt was asked to end, first for this reason.
    func isEnded(by cause: SQLFailure.Cause) { state.withLock { $0.end = $0.end ?? cause } }

    var reach: Outcome.Reach { state.withLock { $0.reach } }
    var end: SQLFailure.Cause? { state.withLock { $0.end } }
}
