package import CronSchedule

/// T5 and T6: what a run becomes when an attempt has ended or its node has gone.
package enum FinishRule {
    /// Applies an attempt's outcome to a RUNNING run. An outcome already reached wins over a requested cancel.
    package static func finish(
        _ run: inout Run, job: Job, outcome: Outcome, now: Instant, random: Double
    ) throws(IllegalTransition) {
        let startedAt = run.current?.startedAt ?? now
        run.current?.finishedAt = max(now, startedAt)
        run.current?.outcome = outcome
        if job.definition.action.keepsLedger, outcome.reach == .maybeSent { run.isInDoubt = true }
        switch outcome.verdict {
        case .success:
            try run.move(to: .success, reason: .succeeded, at: now)
        case .transient, .permanent:
            if let reason = run.cancelReason {
                try run.move(to: .cancelled, reason: reason, at: now)
            } else {
                try fail(&run, job: job, outcome: outcome, now: now, random: random)
            }
        }
    }

    /// Takes a claimed run from a node that is gone (T6) or hands it back (drain, unknown claim). What is handed back has
    /// not been sent, even if its start was committed and only the answer was lost.
    package static func takeAway(
        _ run: inout Run, job: Job, reason: RunReason, now: Instant, random: Double
    ) throws(IllegalTransition) {
        if run.status == .queued {
            try run.move(to: run.waitingStatus, reason: reason, at: now, raisesFence: true)
        } else {
            let isUnsent = reason == .handedBack
            var outcome = Outcome(
                kind: isUnsent ? .notSent : .leaseLost, verdict: .transient, reach: isUnsent ? .nothingSent : .maybeSent
            )
            outcome.error =
                isUnsent
                ? "handed back before anything was sent" : "the node that ran this attempt was lost before it reported"
            try finish(&run, job: job, outcome: outcome, now: now, random: random)
        }
    }

    private static func fail(
        _ run: inout Run, job: Job, outcome: Outcome, now: Instant, random: Double
    ) throws(IllegalTransition) {
        try run.move(to: .failed, reason: failureReason(outcome), at: now)
        switch next(run, job: job, outcome: outcome, now: now, random: random) {
        case .dead(let reason):
            if run.isInDoubt, !run.isVerifying, !outcome.hasTombstone {
                run.isVerifying = true
                try retry(&run, job: job, at: now, reason: .verifying, now: now)
            } else {
                if outcome.hasTombstone { run.isInDoubt = false }
                try run.move(to: .dead, reason: reason, at: now)
            }
        case .retry(let dueAt):
            try retry(&run, job: job, at: dueAt, reason: failureReason(outcome), now: now)
        }
    }

    private enum Next {
        case dead(RunReason)
        case retry(at: Instant)
    }

    private static func next(_ run: Run, job: Job, outcome: Outcome, now: Instant, random: Double) -> Next {
        if run.isVerifying { return afterVerifying(run, outcome, now: now) }
        if let reason = deadReason(run, job: job, outcome: outcome) { return .dead(reason) }
        guard let wait = wait(run, job: job, outcome: outcome, now: now, random: random) else {
            return .dead(outcome.kind == .leaseLost ? .leaseLost : .retriesExhausted)
        }
        return .retry(at: now + wait)
    }

    /// How long a target that cannot be asked is asked again, each time after as long as it has been already.
    static let longestVerifying = Span.hours(1)
    private static let shortestVerifyingWait = Span.seconds(1)

    private static func afterVerifying(_ run: Run, _ outcome: Outcome, now: Instant) -> Next {
        if outcome.hasTombstone { return .dead(.retriesExhausted) }
        let begun = run.events.last { $0.reason == .verifying }?.at ?? now
        guard outcome.verdict == .transient, now - begun < longestVerifying else { return .dead(.outcomeUnknown) }
        return .retry(at: now + max(now - begun, shortestVerifyingWait))
    }

    private static func retry(
        _ run: inout Run, job: Job, at dueAt: Instant, reason: RunReason, now: Instant
    ) throws(IllegalTransition) {
        run.dueAt = dueAt
        run.concurrencyKey = job.definition.concurrencyKey
        run.keepProgress()
        try run.move(to: .retrying, reason: reason, at: now, raisesFence: true)
        if job.deletedAt != nil {
            try run.move(to: .skipped, reason: .deleted, at: now)
        } else if run.needsActiveJob, job.state == .paused || job.state == .disabled {
            try run.move(to: .skipped, reason: .paused, at: now)
        }
    }

    private static func failureReason(_ outcome: Outcome) -> RunReason {
        switch outcome.kind {
        case .leaseLost: .leaseLost
        case .shutdown: .shutdown
        case .notSent: .notSent
        default: outcome.verdict == .permanent ? .permanent : .attemptFailed
        }
    }

    private static func deadReason(_ run: Run, job: Job, outcome: Outcome) -> RunReason? {
        if job.definition.delivery == .atMostOnce, outcome.reach != .nothingSent {
            return outcome.reach == .answered ? .attemptFailed : .outcomeUnknown
        }
        return outcome.verdict == .permanent ? .permanent : nil
    }

    private static func wait(_ run: Run, job: Job, outcome: Outcome, now: Instant, random: Double) -> Span? {
        let elapsed = now - (run.firstStartedAt ?? now)
        let policy = job.definition.retry
        guard
            var wait = policy.wait(
                afterFailures: run.attempt - run.budgetBase, elapsed: elapsed, asked: outcome.retryAfter, random: random
            )
        else { return nil }
        // The receiver did not refuse these: there is nothing to back off from.
        if outcome.kind == .shutdown || outcome.kind == .leaseLost || outcome.kind == .notSent { wait = .zero }
        if let expiry = job.definition.expiry.expiry(ofSlot: run.scheduledFor), now + wait >= expiry { return nil }
        return wait
    }
}
