package import CronSchedule

/// How long one attempt may take.
package struct TimeoutPolicy: Hashable, Sendable {
    package static let longest = Span.hours(24)
    /// What a node's own reporting may add before others take the run for lost.
    package static let reportingAllowance = Span.seconds(30)
    /// How long what an action has started may take to end after it was asked to.
    package static let stopGrace = Span.seconds(5)

    package var attempt: Span

    package init(attempt: Span = .seconds(60)) {
        self.attempt = attempt
    }

    /// The moment after which a RUNNING run counts as lost even though its node lives.
    package func runDeadline(startedAt: Instant) -> Instant { startedAt + attempt + Self.reportingAllowance }
}

/// How long a slot stays worth running.
package struct ExpiryPolicy: Hashable, Sendable {
    package var after: Span?
    package var at: Instant?

    package init(after: Span? = nil, at: Instant? = nil) {
        self.after = after
        self.at = at
    }

    /// The moment from which a run of this slot no longer starts, or nil.
    package func expiry(ofSlot slot: Instant) -> Instant? {
        switch (after.map { slot + $0 }, at) {
        case (let first?, let second?): min(first, second)
        case (let first, let second): first ?? second
        }
    }
}
