package import CronSchedule

/// When a failed attempt is tried again (exponential with equal jitter, so that delays grow).
package struct RetryPolicy: Hashable, Sendable {
    package enum Strategy: String, Codable, Sendable, CaseIterable {
        case exponential
        case fixed
        case list
    }

    package enum Jitter: String, Codable, Sendable, CaseIterable {
        /// The gap lies in [d/2, d].
        case equal
        /// The gap lies in [0, d].
        case full
        case none
    }

    /// The longest wait that a receiver's `Retry-After` may ask for.
    package static let longestAskedWait = Span.hours(24)
    package static let delayListLimit = 100

    package var strategy = Strategy.exponential
    /// Tries after the first one, counted again after each redrive.
    package var maxRetries = 5
    package var baseDelay = Span.seconds(1)
    package var factor = 2.0
    package var maxDelay = Span.hours(1)
    /// Nil is `equal` for exponential and `none` for the others.
    package var jitter: Jitter?
    /// For `list`: the waits in order; the last one repeats.
    package var delays: [Span] = []
    /// No retry starts later than this after the first attempt started.
    package var maxElapsed: Span?

    package init() {}

    /// The wait before the next attempt, or nil when no retry is left.
    /// - Parameters:
    ///   - failures: failed attempts since the first one or the last redrive, at least 1.
    ///   - elapsed: time since the first attempt started.
    ///   - asked: the wait that the receiver asked for, which replaces the computed one within [baseDelay, 24 h].
    ///   - random: uniform in [0, 1).
    package func wait(afterFailures failures: Int, elapsed: Span, asked: Span?, random: Double) -> Span? {
        guard failures <= maxRetries else { return nil }
        let wait: Span
        if let asked {
            wait = min(max(asked, baseDelay), Self.longestAskedWait)
        } else {
            wait = jittered(delay(failures), random)
        }
        if let maxElapsed, elapsed + wait > maxElapsed { return nil }
        return wait
    }

    private func delay(_ failures: Int) -> Span {
        switch strategy {
        case .fixed:
            return baseDelay
        case .list:
            return delays.isEmpty ? baseDelay : delays[min(failures, delays.count) - 1]
        case .exponential:
            var delay = Double(baseDelay.microseconds)
            let limit = Double(maxDelay.microseconds)
            for _ in 1..<max(1, failures) {
                delay *= factor
                if delay >= limit { break }
            }
            return Span(microseconds: Int64(min(delay, limit)))
        }
    }

    private func jittered(_ delay: Span, _ random: Double) -> Span {
        let length = Double(delay.microseconds)
        switch jitter ?? (strategy == .exponential ? .equal : Jitter.none) {
        case .none: return delay
        case .equal: return Span(microseconds: Int64(length / 2 + length / 2 * random))
        case .full: return Span(microseconds: Int64(length * random))
        }
    }
}
