import CronModel
import CronSchedule

/// Something done again and again, never twice at once.
struct Periodic: Sendable {
    let interval: Span
    private(set) var nextAt: Instant?

    init(every interval: Span, first: Instant) {
        self.interval = interval
        nextAt = first
    }

    /// Whether it is to be begun now; the next time is set when it has ended.
    mutating func begin(now: Instant) -> Bool {
        guard let due = nextAt, due <= now else { return false }
        nextAt = nil
        return true
    }

    mutating func ended(now: Instant, next: Span? = nil) { nextAt = now + (next ?? interval) }
    /// Not while it is under way.
    mutating func bring(to instant: Instant) { nextAt = nextAt.map { min($0, instant) } }
}

/// Keeps this node's lease: when to renew it and until when it may be trusted.
struct LeaseKeeper: Sendable {
    private let settings: EngineSettings
    private var beat: Periodic
    private(set) var trustedUntil: Instant
    /// When the heartbeat was sent that renewed it last.
    private var renewedBy: Instant
    /// Since when it has been renewed in time, again and again.
    private var steadySince: Instant

    init(settings: EngineSettings, now: Instant) {
        self.settings = settings
        beat = Periodic(every: settings.heartbeat, first: now + settings.heartbeat)
        trustedUntil = now + settings.lease - settings.safetyMargin
        renewedBy = now
        steadySince = now
    }

    var nextAt: Instant? { beat.nextAt }
    func isTrusted(at now: Instant) -> Bool { now < trustedUntil }

    /// Hold-off: what kept this node from the store may have kept the others from it too. For a lease length after it they
    /// are given the time to renew theirs, or a database that was away for two seconds would cost live nodes their runs:
    /// those whose leases ran out meanwhile, while this node's, a little younger, had not.
    func isSteady(at now: Instant) -> Bool { !isOverdue(now) && now >= steadySince + settings.lease }

    /// It has not been renewed for so long that another's may have run out: one that was kept from its next heartbeat as long.
    private func isOverdue(_ now: Instant) -> Bool { now - renewedBy >= settings.longestRenewal }

    mutating func tick(now: Instant) -> Bool { beat.begin(now: now) }

    /// The answer brings requests to cancel.
    mutating func hurry(now: Instant) { beat.bring(to: now) }

    /// A renewed lease counts from when the heartbeat was sent, not from its answer.
    mutating func renewed(sentAt: Instant, now: Instant) {
        trustedUntil = sentAt + settings.lease - settings.safetyMargin
        let isLate = isOverdue(now)
        if isLate { steadySince = now }
        // What kept it away is held against it once.
        renewedBy = isLate ? now : sentAt
        beat.ended(now: now)
    }

    /// The others have taken its runs: nothing may be sent any more.
    mutating func lost() { trustedUntil = Instant(microseconds: .min) }

    mutating func failed(now: Instant) {
        beat.ended(now: now, next: EngineSettings.storeRetry)
    }
}

/// Reaper and repair: takes runs from nodes that are gone, and puts right what a lost answer left behind.
struct Reaper: Sendable {
    private var reaping: Periodic
    private var repairing: Periodic

    init(settings: EngineSettings, now: Instant) {
        reaping = Periodic(every: settings.reapInterval, first: now + settings.reapInterval)
        repairing = Periodic(every: settings.lease, first: now + settings.lease)
    }

    var reapAt: Instant? { reaping.nextAt }
    var repairAt: Instant? { repairing.nextAt }
    func isReapDue(now: Instant) -> Bool { reapAt.map { $0 <= now } ?? false }
    /// Whether the look that is made now is to ask for what is lost: it does if that is due by `instant`.
    mutating func beginReap(by instant: Instant) -> Bool { reaping.begin(now: instant) }
    mutating func beginRepair(now: Instant) -> Bool { repairing.begin(now: now) }
    /// The answer to a claim was lost: the store may hold claims for this node that it does not know.
    mutating func repairSoon(now: Instant) { repairing.bring(to: now + EngineSettings.storeRetry) }
    mutating func reaped(now: Instant, next: Span? = nil) { reaping.ended(now: now, next: next) }
    mutating func repaired(now: Instant) { repairing.ended(now: now) }
}

/// Pruner: old history goes, in chunks with a pause between them.
struct Pruner: Sendable {
    /// Between two chunks, so that the pipeline's transactions come in between.
    static let chunkPause = Span.milliseconds(100)

    private let settings: EngineSettings
    private var pruning: Periodic

    init(settings: EngineSettings, now: Instant) {
        self.settings = settings
        pruning = Periodic(every: settings.pruneInterval, first: now + settings.pruneInterval)
    }

    var nextAt: Instant? { pruning.nextAt }

    mutating func tick(now: Instant) -> EngineEffect? {
        guard pruning.begin(now: now) else { return nil }
        return .prune(
            PruneRequest(
                endedBefore: now - settings.retention, keep: settings.spaceHistory, limit: settings.pruneLimit))
    }

    mutating func pruned(_ result: Result<Int, StoreError>, now: Instant) {
        let isFull = (try? result.get()) == settings.pruneLimit
        pruning.ended(now: now, next: isFull ? Self.chunkPause : nil)
    }
}
