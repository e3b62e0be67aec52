import CronModel
package import CronSchedule

/// The engine's limits and periods. CronApp reads them from the configuration; tests use small ones.
package struct EngineSettings: Sendable {
    package var lease = Span.seconds(15)
    package var heartbeat = Span.seconds(5)
    /// How far ahead runs are planned and claimed.
    package var lead = Span.seconds(5)
    /// The longest idle wait between two looks at the store.
    package var poll = Span.seconds(1)
    package var drain = Span.seconds(30)
    /// Attempts that may be under way at once on this node.
    package var concurrency = 1_000
    /// Claims that may wait in the timer wheel. More than `concurrency` serves a single node; in a cluster it would
    /// keep work from nodes with free slots.
    package var claimLimit = 40_000
    /// Claims of one space that may wait in the timer wheel; the rest of it is for others.
    package var spaceClaimLimit = 20_000
    /// Attempts of one space that may be under way at once on this node; nil for as many as there are slots.
    package var spaceInFlight: Int?
    /// Starts of one space in a minute on this node; those beyond wait. Nil for any number.
    package var spaceRunsPerMinute: Int?
    /// Limits of target hosts; nil without any.
    package var hosts: TargetHosts?
    /// Runs in one start or finish transaction.
    package var batchLimit = 500
    /// Start transactions, and likewise finish transactions, under way at once: the next batch is decided while the
    /// last one is being committed.
    package var batchesInFlight = 2
    /// Ended runs are kept this long.
    package var retention = Span.days(30)
    /// Ended runs that are kept of one space; the oldest go first. Nil for any number.
    package var spaceHistory: Int?
    package var pruneInterval = Span.seconds(60)
    package var pruneLimit = 5_000

    package init() {}

    /// A start must leave this much of the lease unused.
    package var safetyMargin: Span { min(.seconds(2), Span(microseconds: lease.microseconds / 6)) }
    /// A lease is renewed in time if it takes less than this from one heartbeat that did to the answer of the next. What keeps
    /// nodes from the store for less lets nobody's lease run out. With heartbeats so far apart that this cannot be told from the
    /// wait between two, it is a margin longer.
    package var longestRenewal: Span { max(lease - heartbeat, heartbeat + safetyMargin) }
    /// How long a run waits in the node for its host: well within the lease, after which it would be taken away.
    package var hostWait: Span { Span(microseconds: lease.microseconds / 3) }
    package var reapInterval: Span { min(.seconds(2), Span(microseconds: lease.microseconds / 6)) }
    /// A job is planned again when its next slot is nearer than this.
    package var planThreshold: Span { Span(microseconds: lead.microseconds / 2) }

    /// A committed start whose answer took longer than this is not sent any more: its node may have been frozen.
    package static let sendWindow = Span.milliseconds(500)
    /// How long an aborted attempt may take to end before it is reported without its answer: longer than an action gives
    /// what it has started, or another attempt could begin beside it.
    package static let abortGrace = TimeoutPolicy.stopGrace + .seconds(3)
    /// How long a drained node tries to store what came of aborted attempts.
    package static let reportGrace = Span.seconds(5)
    /// How soon a full timer wheel is looked at again.
    package static let roomWait = Span.milliseconds(10)
    /// How soon work that another node has locked is looked at again: it may hold the lock for long, frozen for example.
    package static let elsewhereWait = Span.milliseconds(50)
    /// Wait before a failed store call is made again.
    package static let storeRetry = Span.milliseconds(250)
}
