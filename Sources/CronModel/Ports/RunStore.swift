package import CronSchedule

/// Runs: the verbs of the pipeline, in its order, then what people do and read.
package protocol RunStore: Sendable {
    /// What there is to do, without locks: a node asks it before it plans, claims or reaps, and sends nothing else while
    /// there is nothing.
    /// - Parameter forLost: whether there may be anything to reap is asked too.
    func look(forLost: Bool) async throws(StoreError) -> LookAnswer
    /// T1: turns the slots of due jobs into runs, and claims those that are due within the lead for this node in the
    /// same transaction, up to `claimLimit`.
    func plan(_ request: PlanRequest) async throws(StoreError) -> PlanAnswer
    /// T2: claims waiting runs that are due within the lead.
    func claim(_ request: ClaimRequest) async throws(StoreError) -> ClaimAnswer
    /// T3: one answer for each token, in order. Only after this has returned may an effect happen.
    func start(_ request: StartRequest) async throws(StoreError) -> [StartAnswer]
    /// T5: one answer for each finish, in order.
    func finish(_ finishes: [Finish], node: NodeID) async throws(StoreError) -> [FinishAnswer]
    /// Gives claims back of which nothing has been sent: QUEUED ones, and RUNNING ones whose start was committed without
    /// its answer coming back. Stale tokens are passed over.
    func handBack(_ tokens: [ClaimToken], node: NodeID) async throws(StoreError)
    /// Every lease length and after each reconnect: hands back this node's QUEUED rows that it does not hold (their
    /// claim's answer was lost), and frees parked runs whose key is free (a missed unpark). Answers how many of each.
    func repair(held: Set<ClaimToken>, node: NodeID) async throws(StoreError) -> RepairAnswer
    /// T6: takes runs from nodes that are gone and RUNNING ones past their deadline.
    func reap(node: NodeID) async throws(StoreError) -> ReapAnswer
    /// Removes ended runs that are old, or more than a space may keep; answers how many. DEAD runs stay.
    func prune(_ request: PruneRequest) async throws(StoreError) -> Int

    /// - Throws: `notFound` for a foreign run, `conflict` for one that has ended.
    func cancelRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run
    /// Answers the run that will run: the same, or a new one (`redriveOf`) under at-most-once.
    /// - Throws: `notFound`, `conflict` when it is not DEAD or its job is deleted.
    func redriveRun(
        _ id: RunID, owner: UserID, payload: JSONValue?, idempotency: IdempotencyKey?, audit: Auditing<Run>?
    ) async throws(StoreError) -> RedrivenRun
    /// - Throws: `notFound`, `conflict` when it is not DEAD.
    func discardRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run

    func run(_ id: RunID, owner: UserID) async throws(StoreError) -> Run?
    /// Ordered by (scheduledFor, id).
    func runs(_ query: RunQuery) async throws(StoreError) -> Page<Run>
    /// How many of the runs that the query selects are DEAD; of more than `most` no more are counted.
    func deadLetterCount(_ query: RunQuery, upTo most: Int) async throws(StoreError) -> Int
    /// All attempts of each run, oldest first; a foreign run has no entry.
    func attempts(of ids: [RunID], owner: UserID) async throws(StoreError) -> [RunID: [Attempt]]
    /// Ended and live runs by status, for metrics and checks.
    func runCounts() async throws(StoreError) -> [RunStatus: Int]
}

extension RunStore {
    package func deadLetterCount(_ query: RunQuery) async throws(StoreError) -> Int {
        try await deadLetterCount(query, upTo: .max)
    }

    package func redriveRun(
        _ id: RunID, owner: UserID, payload: JSONValue?, audit: Auditing<Run>?
    ) async throws(StoreError) -> Run {
        try await redriveRun(id, owner: owner, payload: payload, idempotency: nil, audit: audit).run
    }

    /// Nil for a foreign run.
    package func attempts(of id: RunID, owner: UserID) async throws(StoreError) -> [Attempt]? {
        try await attempts(of: [id], owner: owner)[id]
    }
}

package struct RedrivenRun: Sendable {
    package var run: Run
    /// Nothing was done: an earlier request with the same idempotency key had redriven it.
    package var isReplay: Bool

    package init(run: Run, isReplay: Bool) {
        self.run = run
        self.isReplay = isReplay
    }
}

package struct LookAnswer: Hashable, Sendable {
    /// The earliest slot that is still to be planned, if any.
    package var nextSlot: Instant?
    /// The due time of the earliest run that waits to be claimed, if any.
    package var nextDueAt: Instant?
    /// A node or a run may be lost; false unless it was asked.
    package var mayBeLost: Bool
    /// When jobs with alerts are to be judged next, if ever.
    package var watchAt: Instant?

    package init(
        nextSlot: Instant? = nil, nextDueAt: Instant? = nil, mayBeLost: Bool = false, watchAt: Instant? = nil
    ) {
        self.nextSlot = nextSlot
        self.nextDueAt = nextDueAt
        self.mayBeLost = mayBeLost
        self.watchAt = watchAt
    }
}

package struct PlanRequest: Sendable {
    package static let jobLimit = 200
    /// Rows of one transaction, about: more would keep starts and finishes waiting for tens of milliseconds.
    package static let rowLimit = 2_000

    package var node: NodeID
    /// How far ahead runs are planned and claimed.
    package var lead: Span
    /// A job is planned when its next slot is this near: less than `lead`, so that a frequent job is planned several
    /// slots at a time and not on every tick.
    package var threshold: Span
    package var claimLimit: Int
    package var jobLimit: Int
    /// Spaces of which the node holds as many claims as it may: their jobs are left for later.
    package var crowded: [UserID]

    package init(
        node: NodeID, lead: Span, threshold: Span, claimLimit: Int, jobLimit: Int = PlanRequest.jobLimit,
        crowded: [UserID] = []
    ) {
        self.crowded = crowded
        self.node = node
        self.lead = lead
        self.threshold = threshold
        self.claimLimit = claimLimit
        self.jobLimit = jobLimit
    }
}

package struct PlanAnswer: Sendable {
    package var claims: [Claim] = []
    /// Rows written: runs and skip ranges.
    package var planned = 0
    /// The earliest slot that is still to be planned, if any.
    package var nextSlot: Instant?
    /// A run was planned that is due within the lead and not claimed here.
    package var leftUnclaimed = false

    package init() {}
}

package struct ClaimRequest: Sendable {
    package var node: NodeID
    package var lead: Span
    package var limit: Int
    /// Spaces of which the node holds as many claims as it may: their runs are left to others, or for later.
    package var crowded: [UserID]

    package init(node: NodeID, lead: Span, limit: Int, crowded: [UserID] = []) {
        self.crowded = crowded
        self.node = node
        self.lead = lead
        self.limit = limit
    }
}

package struct ClaimAnswer: Sendable {
    package var claims: [Claim] = []
    /// The due time of the earliest waiting run that was not claimed, if any.
    package var nextDueAt: Instant?

    package init(nextDueAt: Instant? = nil) {
        self.nextDueAt = nextDueAt
    }
}

package struct StartRequest: Sendable {
    package var node: NodeID
    package var tokens: [ClaimToken]
    /// How far ahead of its due time a start may be committed, at most `earlyLimit`.
    package var early: Span
    /// Those of `tokens` whose hosts have no room for long: they are not started but wait, without an owner, until then.
    package var postponed: [ClaimToken: Instant]

    package static let earlyLimit = Span.milliseconds(50)

    package init(node: NodeID, tokens: [ClaimToken], early: Span, postponed: [ClaimToken: Instant] = [:]) {
        self.postponed = postponed
        self.node = node
        self.tokens = tokens
        self.early = min(early, Self.earlyLimit)
    }
}

package struct PruneRequest: Hashable, Sendable {
    /// Spaces whose number of runs one call looks at; the next call goes on with the next ones.
    package static let spaces = 10

    package var endedBefore: Instant
    /// How many runs of a space stay at least, those with the newest slots; nil for all that are not old.
    package var keep: Int?
    /// Most runs that one call removes.
    package var limit: Int

    package init(endedBefore: Instant, keep: Int? = nil, limit: Int) {
        self.endedBefore = endedBefore
        self.keep = keep
        self.limit = limit
    }
}

package enum StartAnswer: Sendable {
    /// RUNNING is committed. The effect may happen at `dueAt`, not before.
    case started(AttemptContext, dueAt: Instant)
    case putBack(until: Instant)
    case parked
    /// Waits without an owner until then: its rate limit lets it start no earlier, or it was to be postponed.
    case delayed(until: Instant)
    case skipped
    case stale

    package var verdictName: String {
        switch self {
        case .started: "started"
        case .putBack: "put_back"
        case .parked: "parked"
        case .delayed: "delayed"
        case .skipped: "skipped"
        case .stale: "stale"
        }
    }
}

package struct Finish: Hashable, Sendable {
    package var token: ClaimToken
    package var outcome: Outcome

    package init(token: ClaimToken, outcome: Outcome) {
        self.token = token
        self.outcome = outcome
    }
}

package enum FinishAnswer: Hashable, Sendable {
    /// Applied; the run is now in this status, and due again then if it is RETRYING.
    case applied(RunStatus, dueAt: Instant?)
    /// The same outcome had been applied before: its answer was lost.
    case repeated
    /// The run was taken away meanwhile: kept as the attempt's late outcome, never applied.
    case superseded
}

package struct RepairAnswer: Hashable, Sendable {
    package var handedBack = 0
    package var unparked = 0

    package init(handedBack: Int = 0, unparked: Int = 0) {
        self.handedBack = handedBack
        self.unparked = unparked
    }
}

package struct ReapAnswer: Hashable, Sendable {
    package var queued = 0
    package var running = 0

    package init(queued: Int = 0, running: Int = 0) {
        self.queued = queued
        self.running = running
    }
}

package struct RunQuery: Sendable {
    package var owner: UserID
    package var ids: [RunID]?
    package var jobID: JobID?
    /// Of the run's job, while that is not deleted.
    package var tag: String?
    /// Of the run's job, while that is not deleted.
    package var type: String?
    /// Empty selects all. FAILED selects runs whose last attempt failed: RETRYING and DEAD.
    package var statuses: Set<RunStatus> = []
    /// Empty selects all.
    package var origins: Set<RunOrigin> = []
    /// On `scheduledFor`, inclusive; skip ranges that reach into the window are included.
    package var from: Instant?
    /// On `scheduledFor`, exclusive.
    package var to: Instant?
    package var limit = PageLimit.standard
    package var after: PageCursor?
    package var descending = false

    package init(owner: UserID) {
        self.owner = owner
    }

    /// Whether runs are chosen by what their jobs are like.
    package var asksJobs: Bool { tag != nil || type != nil }
}
