import NIOHTTP1
import Synchronization

/// The dials whose request may still leave, found from the request head by its `traceparent`, which is random, of one
/// dial only, and which no job can set.
final class AttemptsInFlight: Sendable {
    private let attempts = Mutex<[String: AttemptProgress]>([:])

    func add(_ progress: AttemptProgress, traceParent: String) {
        attempts.withLock { $0[traceParent] = progress }
    }

    func remove(traceParent: String) {
        attempts.withLock { $0[traceParent] = nil }
    }

    /// Whether the request that this head begins may leave. An unknown one has ended already.
    func mayWrite(_ headers: HTTPHeaders) -> Bool {
        guard let traceParent = headers.first(name: "traceparent") else { return false }
        let progress = attempts.withLock { $0[traceParent] }
        return progress?.mayWrite(traceParent) ?? false
    }
}
