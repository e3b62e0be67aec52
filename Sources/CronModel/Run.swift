package import CronSchedule

/// One firing of a job. Unique by job, `scheduledFor` and `zone`.
package struct Run: Hashable, Sendable {
    package let id: RunID
    package let jobID: JobID
    package let userID: UserID
    package let origin: RunOrigin
    /// The slot (for a triggered run: the moment of the trigger). Never changes.
    package let scheduledFor: Instant
    /// Empty unless the job has several time zones.
    package let zone: String
    /// The job's, as it was when the run was planned or the job edited last.
    package var concurrencyKey: String?
    /// When it may start; moves with jitter and retries.
    package var dueAt: Instant
    package private(set) var status: RunStatus
    package private(set) var reason: RunReason?
    /// Raised at every claim, requeue, reap and edit; a write that does not name it changes nothing.
    package private(set) var fence: Int64
    /// Attempts started so far.
    package var attempt: Int
    /// The node that holds it while QUEUED or RUNNING.
    package var owner: NodeID?
    /// The key that must become free first, for a parked run.
    package var blockedOn: String?
    /// The misfire decision was taken when it was planned late; a later claim does not take it again.
    package var catchUp: Bool
    /// While RUNNING: why it was asked to stop, if it was: `user`, or `overlap` when a newer run of its job took over.
    package var cancelReason: RunReason?
    /// `attempt` at the last redrive: the retry budget counts from here.
    package var budgetBase: Int
    package var firstStartedAt: Instant?
    /// While RUNNING: the moment after which the run counts as lost even if its node lives.
    package var runDeadline: Instant?
    /// The newest attempt; earlier ones are kept beside the run.
    package var current: Attempt?
    /// Replaces the job's payload for this run (trigger, redrive).
    package var payload: JSONValue?
    package var redriveOf: RunID?
    /// How far its attempts before `current` have got, in the words of its action.
    package var progress: String?
    /// Its next start is counted in the rate limit already: it was moved to when it may be.
    package var hasTurn = false
    /// An attempt was lost when it may have taken effect. Told only of actions whose target keeps a ledger.
    package var isInDoubt = false
    /// Its next attempt only asks the target's ledger whether an earlier one took effect.
    package var isVerifying = false
    /// For a range of equal skips: its last slot and how many it holds.
    package var lastScheduledFor: Instant?
    package var skippedCount: Int?
    package private(set) var log: RunEventLog

    /// A new run, PENDING.
    package init(
        id: RunID, job: Job, origin: RunOrigin, scheduledFor: Instant, zone: String = "", dueAt: Instant, at: Instant,
        catchUp: Bool = false
    ) {
        self.id = id
        jobID = job.id
        userID = job.userID
        self.origin = origin
        self.scheduledFor = scheduledFor
        self.zone = zone
        concurrencyKey = job.definition.concurrencyKey
        self.dueAt = dueAt
        status = .pending
        fence = 0
        attempt = 0
        self.catchUp = catchUp
        budgetBase = 0
        log = RunEventLog()
        let reason: RunReason =
            switch origin {
            case .schedule: .planned
            case .trigger: .triggered
            case .redrive: .redriven
            }
        log.append(
            RunEvent(at: at, from: nil, to: .pending, reason: reason, fence: 0, attempt: 0, node: nil, dueAt: dueAt))
    }

    /// A run as a store kept it.
    package init(
        stored id: RunID, jobID: JobID, userID: UserID, origin: RunOrigin, scheduledFor: Instant, zone: String,
        dueAt: Instant, status: RunStatus, reason: RunReason?, fence: Int64, attempt: Int, log: RunEventLog
    ) {
        self.id = id
        self.jobID = jobID
        self.userID = userID
        self.origin = origin
        self.scheduledFor = scheduledFor
        self.zone = zone
        self.dueAt = dueAt
        self.status = status
        self.reason = reason
        self.fence = fence
        self.attempt = attempt
        self.log = log
        catchUp = false
        budgetBase = 0
    }

    /// Takes one edge and records it.
    /// - Parameter raisesFence: whether whoever held the run so far loses it.
    /// - Throws: `IllegalTransition` for an edge that the lifecycle does not have; the run is then unchanged.
    package mutating func move(
        to target: RunStatus, reason: RunReason, at: Instant, node: NodeID? = nil, raisesFence: Bool = false
    ) throws(IllegalTransition) {
        guard RunStateMachine.allows(status, to: target) else {
            throw IllegalTransition(run: id, from: status, to: target)
        }
        if raisesFence { fence += 1 }
        log.append(
            RunEvent(
                at: at, from: status, to: target, reason: reason, fence: fence, attempt: attempt, node: node,
                dueAt: target.isWaiting ? dueAt : nil))
        status = target
        self.reason = reason
        if !target.isClaimed { owner = nil }
        if target != .running { runDeadline = nil }
    }

    /// Keeps what its newest attempt has reported for the next one. Of an attempt that reported nothing, because its node
    /// was lost or because nothing was sent, what was known before stays.
    package mutating func keepProgress() { progress = current?.outcome?.progress ?? progress }

    package var events: [RunEvent] { log.events }

    package var cancelRequested: Bool { cancelReason != nil }

    /// What the overlap rule counts: all runs with the concurrency key, or the job's, per zone.
    package var overlapKey: OverlapKey { concurrencyKey.map { .shared(userID, $0) } ?? .job(jobID, zone: zone) }

    /// Where a waiting run stands that has given up its owner: PENDING before its first attempt, RETRYING after.
    package var waitingStatus: RunStatus { attempt == 0 || attempt == budgetBase ? .pending : .retrying }

    /// Whether pausing the job stops it: true of what the schedule planned, false of what a person asked for, and of what
    /// only asks whether something took effect.
    package var needsActiveJob: Bool { origin == .schedule && budgetBase == 0 && !isVerifying }

    /// Whether a limit moved it to when it is due. Its reason tells this only until the next move, such as a claim or an
    /// edit, which leaves the instant as it is.
    package func isDue(by limit: RunReason) -> Bool { events.last { $0.reason == limit }?.dueAt == dueAt }

    /// The last slot that the row stands for.
    package var lastSlot: Instant { lastScheduledFor ?? scheduledFor }
}

/// Runs with an equal key may not overlap unless their job allows it.
package enum OverlapKey: Hashable, Comparable, Sendable {
    case job(JobID, zone: String)
    /// Jobs of a space that name an equal concurrency key.
    case shared(UserID, String)

    package var isShared: Bool { if case .shared = self { true } else { false } }

    /// What a parked run is blocked on.
    package var text: String {
        switch self {
        case .job(let job, let zone): zone.isEmpty ? "\(job)" : "\(job):\(zone)"
        case .shared(let user, let key): "\(user)/\(key)"
        }
    }
}
