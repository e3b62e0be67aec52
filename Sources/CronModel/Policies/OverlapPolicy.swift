/// Whether a run may start while another of the same job and zone is RUNNING. Waiting runs block nobody.
package enum OverlapPolicy: Hashable, Sendable {
    case allow
    case skip
    case queue(Int)
    case cancelOther

    package static let queueLimit = 1_000

    package enum Decision: Hashable, Sendable {
        case start
        case skip
        /// Wait outside the due index until the running one ends.
        case park
        case cancelOtherAndPark
        /// Not due yet: decide again at the due time.
        case putBack
    }

    /// The decision for one run.
    /// - Parameters:
    ///   - running: runs with the same key that are RUNNING.
    ///   - parked: runs with the same key that already wait for it.
    ///   - isRetry: a blocked retry is parked, never skipped.
    ///   - isDue: skipping is decided at the due time or later, never ahead of it.
    package func decide(running: Int, parked: Int, maxConcurrent: Int?, isRetry: Bool, isDue: Bool) -> Decision {
        if self == .allow {
            guard let maxConcurrent, running >= maxConcurrent else { return .start }
            return isDue ? .park : .putBack
        }
        guard running > 0 else { return .start }
        guard isDue else { return .putBack }
        switch self {
        case .allow, .skip: return isRetry ? .park : .skip
        case .queue(let limit): return isRetry || parked < limit ? .park : .skip
        case .cancelOther: return .cancelOtherAndPark
        }
    }

    package var text: String {
        switch self {
        case .allow: "allow"
        case .skip: "skip"
        case .queue(let limit): "queue(\(limit))"
        case .cancelOther: "cancel_other"
        }
    }

    /// Reads `allow`, `skip`, `queue(n)` with n from 1 to 1,000, or `cancel_other`.
    package init?(text: String) {
        switch text {
        case "allow": self = .allow
        case "skip": self = .skip
        case "cancel_other": self = .cancelOther
        default:
            guard text.hasPrefix("queue("), text.hasSuffix(")"), let limit = Int(text.dropFirst(6).dropLast()),
                (1...Self.queueLimit).contains(limit), text == "queue(\(limit))"
            else { return nil }
            self = .queue(limit)
        }
    }
}
