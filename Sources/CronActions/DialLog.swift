import Synchronization

/// The failed dials of one route. When a dial fails, async-http-client fails every request that waits for a connection to
/// the same place, also those whose own dials may yet succeed. Told apart here: a failed dial ends the first attempt to
/// hear of it, and the others wait for another connection.
final class DialLog: Sendable {
    /// So many failures without a success between them end all that wait: the place is down.
    static let failuresInARow = 4

    private struct State {
        var failures = 0
        var inARow = 0
    }

    private let state = Mutex(State())

    /// To be asked before a request is handed over, and given to `endsAttempt` when it fails.
    var failures: Int { state.withLock { $0.failures } }

    func succeeded() {
        state.withLock { $0.inARow = 0 }
    }

    /// Whether the failure of a request that never left ends its attempt.
    func endsAttempt(failuresBefore: Int) -> Bool {
        state.withLock {
            guard $0.failures == failuresBefore else { return $0.inARow >= Self.failuresInARow }
            $0.failures += 1
            $0.inARow += 1
            return true
        }
    }
}
