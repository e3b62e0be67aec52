package import CronSchedule

/// What T3 found for one claimed run. Nothing is just dropped: every verdict but `stale` moves the run on.
package enum StartVerdict: Hashable, Sendable {
    /// RUNNING is written; the effect may happen once the transaction is committed.
    case started
    /// Stays QUEUED; ask again at this instant.
    case putBack(until: Instant)
    /// Waits, without an owner, until its overlap key is free.
    case parked
    /// Waits, without an owner, until its rate limit lets it start or its host may have room.
    case delayed(until: Instant)
    /// Ended without being sent.
    case skipped
    /// No longer this node's claim: forget it.
    case stale
}

/// T3: whether a claimed run may start now. The caller holds the job's lock and has read `now` after taking it.
package enum StartRule {
    /// What the job's other runs are doing, and what comes of this one's start.
    package struct Surroundings {
        /// RUNNING runs with the same overlap key.
        package var running: Int
        /// Runs parked on the same key.
        package var parked: Int
        /// An edit of the job is waiting for the clock; nothing of it starts meanwhile.
        package var isHeld: Bool
        /// Until when the starts of the rate limit's key are paid for; moved on by one that is counted.
        package var paidUntil: Instant?
        /// Set when the running ones are to be asked to cancel.
        package private(set) var cancelsOthers = false

        package init(running: Int, parked: Int, isHeld: Bool = false, paidUntil: Instant? = nil) {
            self.running = running
            self.parked = parked
            self.isHeld = isHeld
            self.paidUntil = paidUntil
        }

        fileprivate mutating func cancelOthers() { cancelsOthers = true }
    }

    /// How soon a run is asked about again that could not start because an edit held its job.
    package static let heldRetry = Span.milliseconds(5)

    /// - Parameters:
    ///   - early: how far ahead of `dueAt` a start may be committed, at most 50 ms; the effect waits for `dueAt`.
    ///   - postponed: the run is not to start yet but to wait until then, because its host has no room.
    package static func start(
        _ run: inout Run, job: Job, node: NodeID, fence: Int64, around: inout Surroundings, early: Span,
        postponed: Instant?, now: Instant
    ) throws(IllegalTransition) -> StartVerdict {
        guard run.fence == fence, run.owner == node else { return .stale }
        if run.status == .running { return try startedBefore(&run, job: job, now: now) }
        guard run.status == .queued else { return .stale }
        if let reason = ending(run, job: job, now: now) {
            try run.move(to: .skipped, reason: reason, at: now, raisesFence: true)
            return .skipped
        }
        if around.isHeld { return .putBack(until: now + heldRetry) }
        if let postponed {
            // A turn that its rate limit has given stays its own.
            try wait(&run, until: max(postponed, now), reason: .hostBusy, now: now)
            return .delayed(until: run.dueAt)
        }
        guard run.dueAt <= now + early else { return .putBack(until: run.dueAt) }
        switch job.definition.overlap.decide(
            running: around.running, parked: around.parked, maxConcurrent: job.definition.maxConcurrent,
            isRetry: run.attempt > 0, isDue: run.dueAt <= now)
        {
        case .start:
            switch turn(of: run, job: job, &around, now: now) {
            case .now:
                try begin(&run, job: job, node: node, now: now)
                return .started
            case .later(let instant, let isGiven):
                run.hasTurn = isGiven
                try wait(&run, until: instant, reason: .rateLimited, now: now)
                return .delayed(until: instant)
            case .never:
                try run.move(to: .skipped, reason: .expired, at: now, raisesFence: true)
                return .skipped
            }
        case .putBack:
            return .putBack(until: run.dueAt)
        case .skip:
            try run.move(to: .skipped, reason: .overlap, at: now, raisesFence: true)
            return .skipped
        case .cancelOtherAndPark:
            around.cancelOthers()
            try park(&run, now: now)
            return .parked
        case .park:
            try park(&run, now: now)
            return .parked
        }
    }

    /// Jobs that share a key may have limits of their own. When the key has room, so many of its oldest parked runs are asked
    /// whether it is enough for them: one that needs more must not keep the others waiting.
    package static let parkedLook = 20

    /// Lets a parked run of a freed key be claimed again.
    package static func unpark(_ run: inout Run, now: Instant) throws(IllegalTransition) {
        run.blockedOn = nil
        run.catchUp = true
        try run.move(to: run.status, reason: .unblocked, at: now, raisesFence: true)
    }

    /// RUNNING under this very claim: the start's answer was lost, so nothing has been sent. It is given again, unless the
    /// run was stopped meanwhile.
    private static func startedBefore(
        _ run: inout Run, job: Job, now: Instant
    ) throws(IllegalTransition) -> StartVerdict {
        guard run.cancelRequested || ending(run, job: job, now: now) != nil else {
            let moment = max(now, run.dueAt)
            run.runDeadline = job.definition.timeout.runDeadline(startedAt: moment)
            run.current?.startedAt = moment
            return .started
        }
        var outcome = Outcome(kind: .notSent, verdict: .transient, reach: .nothingSent)
        outcome.error = "stopped before the start's lost answer was asked for again"
        try FinishRule.finish(&run, job: job, outcome: outcome, now: now, random: 0)
        return .skipped
    }

    private static func ending(_ run: Run, job: Job, now: Instant) -> RunReason? {
        if job.deletedAt != nil { return .deleted }
        guard run.needsActiveJob else { return nil }
        if job.state == .paused || job.state == .disabled { return .paused }
        if run.attempt == 0, let expiry = job.definition.expiry.expiry(ofSlot: run.scheduledFor), now >= expiry {
            return .expired
        }
        return nil
    }

    private static func begin(_ run: inout Run, job: Job, node: NodeID, now: Instant) throws(IllegalTransition) {
        let moment = max(now, run.dueAt)
        run.hasTurn = false
        run.attempt += 1
        try run.move(to: .running, reason: .started, at: moment, node: node)
        run.owner = node
        run.runDeadline = job.definition.timeout.runDeadline(startedAt: moment)
        run.firstStartedAt = run.firstStartedAt ?? moment
        run.current = Attempt(number: run.attempt, fence: run.fence, node: node, startedAt: moment)
    }

    private enum Turn {
        case now
        /// - isGiven: counted then; otherwise it is looked at again.
        case later(Instant, isGiven: Bool)
        /// The run will not be worth starting any more.
        case never
    }

    /// Counts the start where it may be. A run that comes too early is moved there: runs that wait for their rate limit
    /// would otherwise be claimed and refused again and again. One that is late by more than a period has lost its turn;
    /// what an outage has made late would else start at once after it.
    private static func turn(of run: Run, job: Job, _ around: inout Surroundings, now: Instant) -> Turn {
        guard let rate = job.definition.rateLimit else { return .now }
        let moment = max(now, run.dueAt)
        if run.hasTurn, moment <= run.dueAt + rate.period { return .now }
        let next = rate.nextStart(paidUntil: around.paidUntil, now: moment)
        if next > moment, run.attempt == 0, run.needsActiveJob,
            let expiry = job.definition.expiry.expiry(ofSlot: run.scheduledFor), next >= expiry
        {
            return .never
        }
        guard next <= moment + rate.horizon else { return .later(moment + rate.horizon, isGiven: false) }
        around.paidUntil = rate.pay(around.paidUntil, at: moment)
        return next > moment ? .later(next, isGiven: true) : .now
    }

    private static func wait(
        _ run: inout Run, until instant: Instant, reason: RunReason, now: Instant
    ) throws(IllegalTransition) {
        run.dueAt = instant
        run.catchUp = true
        try run.move(to: run.waitingStatus, reason: reason, at: now, raisesFence: true)
    }

    private static func park(_ run: inout Run, now: Instant) throws(IllegalTransition) {
        run.blockedOn = run.overlapKey.text
        try run.move(to: run.waitingStatus, reason: .blocked, at: now, raisesFence: true)
    }
}
