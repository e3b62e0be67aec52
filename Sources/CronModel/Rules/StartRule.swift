package import CronSchedule

/// What T3 found for one claimed run. Nothing is just dropped: every verdict but `stale` moves the run on.
package enum StartVerdict: Hashable, Sendable {
    /// RUNNING is written; the effect may happen once the transaction is committed.
    case started
    /// Stays QUEUED; ask again at this instant.
    case putBack(until: Instant)
    /// Waits, without an owner, until its overlap key is free.
    case parked
    /// Waits, without an owner, until its rate limit lets it start.
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
        /// Of the rate limit's key; moved on by a run that is counted.
        package var paid: PaidStarts
        /// Set when the running ones are to be asked to cancel.
        package private(set) var cancelsOthers = false

        package init(running: Int, parked: Int, isHeld: Bool = false, paid: PaidStarts = PaidStarts()) {
            self.running = running
            self.parked = parked
            self.isHeld = isHeld
            self.paid = paid
        }

        fileprivate mutating func cancelOthers() { cancelsOthers = true }
    }

    /// How soon a run is asked about again that could not start because an edit held its job.
    package static let heldRetry = Span.milliseconds(5)

    /// - Parameter early: how far ahead of `dueAt` a start may be committed, at most 50 ms; the effect waits for `dueAt`.
    package static func start(
        _ run: inout Run, job: Job, node: NodeID, fence: Int64, around: inout Surroundings, early: Span,
        now: Instant
    ) throws(IllegalTransition) -> StartVerdict {
        guard run.fence == fence, run.owner == node else { return .stale }
        if run.status == .running { return try startedBefore(&run, job: job, now: now) }
        guard run.status == .queued else { return .stale }
        if let reason = ending(run, job: job, now: now) {
            try run.move(to: .skipped, reason: reason, at: now, raisesFence: true)
            return .skipped
        }
        if around.isHeld { return .putBack(until: now + heldRetry) }
        guard run.dueAt <= now + early else { return .putBack(until: run.dueAt) }
        switch job.definition.overlap.decide(
            running: around.running, parked: around.parked, maxConcurrent: job.definition.maxConcurrent,
            isRetry: run.attempt > 0, isDue: run.dueAt <= now)
        {
        case .start:
            if let until = try delay(&run, job: job, &around, now: now) { return .delayed(until: until) }
            try begin(&run, job: job, node: node, now: now)
            return .started
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

    /// Lets the oldest parked run of a freed key be claimed again.
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
        run.turn = nil
        run.attempt += 1
        try run.move(to: .running, reason: .started, at: moment, node: node)
        run.owner = node
        run.runDeadline = job.definition.timeout.runDeadline(startedAt: moment)
        run.firstStartedAt = run.firstStartedAt ?? moment
        run.current = Attempt(number: run.attempt, fence: run.fence, node: node, startedAt: moment)
    }

    /// Counts the start. One that comes too early is counted where it may be, and moved there: runs that wait for their rate
    /// limit would otherwise be claimed and refused again and again. A run is moved twice at most: when it comes, and, if
    /// others are late when its turn comes, behind those. Without the second what an outage has made late would start at
    /// once after it.
    private static func delay(
        _ run: inout Run, job: Job, _ around: inout Surroundings, now: Instant
    ) throws(IllegalTransition) -> Instant? {
        guard let rate = job.definition.rateLimit else { return nil }
        let moment = max(now, run.dueAt)
        // After more than a period the turn that was given is no longer kept for it.
        if run.turn == .given, moment <= run.dueAt + rate.period { return nil }
        if run.turn == nil {
            let next = rate.nextStart(paidUntil: around.paid.reserved, now: moment)
            around.paid.reserved = rate.pay(around.paid.reserved, at: moment)
            if next > moment { return try wait(&run, for: .reserved, until: next, now: now) }
        }
        let next = rate.nextStart(paidUntil: around.paid.started, now: moment)
        around.paid.started = rate.pay(around.paid.started, at: moment)
        return next > moment ? try wait(&run, for: .given, until: next, now: now) : nil
    }

    private static func wait(
        _ run: inout Run, for turn: StartTurn, until instant: Instant, now: Instant
    ) throws(IllegalTransition) -> Instant {
        run.turn = turn
        run.dueAt = instant
        run.catchUp = true
        try run.move(to: run.waitingStatus, reason: .rateLimited, at: now, raisesFence: true)
        return instant
    }

    private static func park(_ run: inout Run, now: Instant) throws(IllegalTransition) {
        run.blockedOn = run.overlapKey.text
        try run.move(to: run.waitingStatus, reason: .blocked, at: now, raisesFence: true)
    }
}
