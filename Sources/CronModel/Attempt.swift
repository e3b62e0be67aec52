package import CronSchedule

/// One try of a run: from the commit of its start to its outcome.
package struct Attempt: Hashable, Sendable {
    package var number: Int
    package var fence: Int64
    package var node: NodeID
    /// The moment the effect could first happen, by the database's clock.
    package var startedAt: Instant
    package var finishedAt: Instant?
    package var outcome: Outcome?
    /// An answer that came after the run had been taken away: kept, never applied.
    package var lateOutcome: Outcome?

    package init(number: Int, fence: Int64, node: NodeID, startedAt: Instant) {
        self.number = number
        self.fence = fence
        self.node = node
        self.startedAt = startedAt
    }
}
