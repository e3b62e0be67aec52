package import CronSchedule

/// What a person may do to one run.
package enum PersonRule {
    /// Cancels a waiting run at once; a RUNNING one is asked to stop and its owner decides by its outcome.
    package static func cancel(
        _ run: inout Run, reason: RunReason = .user, now: Instant
    ) throws(IllegalTransition) {
        if run.status == .running {
            run.cancelReason = run.cancelReason ?? reason
        } else {
            run.blockedOn = nil
            try run.move(to: .cancelled, reason: reason, at: now, raisesFence: true)
        }
    }

    /// Puts a DEAD run back with a fresh retry budget, or returns a new run where a second request under the old id
    /// could break at-most-once.
    /// - Parameter taken: `scheduledFor` of the job's rows from `now` on.
    package static func redrive(
        _ run: inout Run, job: Job, payload: JSONValue?, taken: Set<Instant> = [], now: Instant,
        random: inout RandomSource
    ) throws(IllegalTransition) -> Run? {
        run.keepProgress()
        let mayHaveLeft = run.current?.outcome.map { $0.reach != .nothingSent } ?? (run.attempt > 0)
        if job.definition.delivery == .atMostOnce, mayHaveLeft, !job.definition.action.keepsLedger {
            var fresh = Run(
                id: RunID(at: now, using: &random), job: job, origin: .redrive,
                scheduledFor: job.momentBesideSlots(now, taken: taken), dueAt: now, at: now)
            fresh.redriveOf = run.id
            fresh.payload = payload ?? run.payload
            fresh.progress = run.progress
            try run.move(to: .cancelled, reason: .redriven, at: now, raisesFence: true)
            return fresh
        }
        run.concurrencyKey = job.definition.concurrencyKey
        run.budgetBase = run.attempt
        run.firstStartedAt = nil
        run.dueAt = now
        run.catchUp = true
        run.payload = payload ?? run.payload
        run.cancelReason = nil
        run.isVerifying = false
        try run.move(to: .pending, reason: .redriven, at: now, raisesFence: true)
        return nil
    }

    package static func discard(_ run: inout Run, now: Instant) throws(IllegalTransition) {
        try run.move(to: .cancelled, reason: .discarded, at: now, raisesFence: true)
    }
}
