package import CronSchedule

/// The legal edges of a run's life, and nothing else. Every rule moves runs through `Run.move`, which asks here.
package enum RunStateMachine {
    /// Whether a run may go from `from` to `to`; `from == to` is the recorded self-edge of an edit that keeps a waiting run.
    package static func allows(_ from: RunStatus, to: RunStatus) -> Bool {
        switch (from, to) {
        case (.pending, .queued), (.retrying, .queued): true  // claim
        case (.queued, .running): true  // start
        case (.queued, .pending), (.queued, .retrying): true  // edit, drain, reap, park
        case (.running, .success), (.running, .failed), (.running, .cancelled): true
        case (.failed, .retrying), (.failed, .dead): true
        case (.pending, .cancelled), (.queued, .cancelled), (.retrying, .cancelled): true
        case (.pending, .skipped), (.queued, .skipped), (.retrying, .skipped): true
        case (.dead, .pending), (.dead, .cancelled): true  // redrive, discard: by a person
        case (.pending, .pending), (.retrying, .retrying): true  // an edit, a park or an unpark of a waiting run
        default: false
        }
    }
}

/// A move that the lifecycle does not have. Reaching it is a defect of a rule, never of a user.
package struct IllegalTransition: Error, Hashable, Sendable {
    package var run: RunID
    package var from: RunStatus
    package var to: RunStatus
}

/// One edge that a run took.
package struct RunEvent: Hashable, Sendable {
    package var at: Instant
    /// Nil for the edge that created the run.
    package var from: RunStatus?
    package var to: RunStatus
    package var reason: RunReason
    package var fence: Int64
    package var attempt: Int
    package var node: NodeID?
    package var dueAt: Instant?

    package init(
        at: Instant, from: RunStatus?, to: RunStatus, reason: RunReason, fence: Int64, attempt: Int, node: NodeID?,
        dueAt: Instant?
    ) {
        self.at = at
        self.from = from
        self.to = to
        self.reason = reason
        self.fence = fence
        self.attempt = attempt
        self.node = node
        self.dueAt = dueAt
    }
}
