import CronModel
import CronSchedule
import HeapModule

/// How attempts end, and what a node lets go of when it stops or has lost its lease.
extension DispatchState {
    /// An attempt has ended; answers what to report, or nil when it had been reported without its answer.
    mutating func ended(_ token: ClaimToken, _ outcome: Outcome) -> Finish? {
        // Kept beside the run as what came too late.
        if superseded.remove(token) != nil { return Finish(token: token, outcome: outcome) }
        guard let known = held[token.runID], known.fence == token.fence, case .running(let abort) = known.phase else {
            return nil
        }
        return report(token, Self.named(outcome, after: abort))
    }

    /// The store accepted or superseded outcomes; answers whether another run may be waiting for a freed key.
    mutating func finished(_ finishes: [Finish]) -> Bool {
        var mayUnpark = false
        for finish in finishes {
            guard let known = held[finish.token.runID], known.fence == finish.token.fence else { continue }
            if parked[known.key] != nil { mayUnpark = true }
            letGo(finish.token.runID)
        }
        return mayUnpark
    }

    /// Attempts past their time: first they are aborted, later reported without their answer.
    mutating func overdue(now: Instant) -> (aborts: [ClaimToken], finishes: [Finish]) {
        var aborts: [ClaimToken] = []
        var finishes: [Finish] = []
        while let token = deadlines.pop(until: now) {
            guard let known = held[token.runID], known.fence == token.fence, case .running(let abort) = known.phase
            else { continue }
            if let abort {
                var outcome = Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent)
                outcome.error = "the action did not end within \(EngineSettings.abortGrace) of being stopped"
                if let finish = report(token, Self.named(outcome, after: abort)) { finishes.append(finish) }
            } else {
                aborts.append(token)
                self.abort(token, .timeout, now: now)
            }
        }
        return (aborts, finishes)
    }

    /// Stops runs that somebody cancelled; those not yet sent end without being sent.
    mutating func cancel(_ runs: [RunID], now: Instant) -> (aborts: [ClaimToken], finishes: [Finish]) {
        stop(runs, .cancel, now: now)
    }

    /// Stops everything under way: the drain's time is over.
    mutating func stopAll(now: Instant) -> (aborts: [ClaimToken], finishes: [Finish]) {
        stop(held.keys.sorted(), .shutdown, now: now)
    }

    /// The node was declared dead: forgets what has not been sent, and answers the outcomes of starts that were committed.
    /// What runs goes on.
    mutating func lose() -> [Finish] {
        var finishes: [Finish] = []
        lanes = Lanes()
        for (run, known) in held.sorted(by: { $0.key < $1.key }) {
            let token = ClaimToken(runID: run, fence: known.fence)
            switch known.phase {
            case .queued, .leaving: letGo(run)
            case .starting: drop(token)
            case .ready: unsent(token, kind: .notSent, "its node had lost its lease").map { finishes.append($0) }
            case .running, .reporting: break
            }
        }
        queue = TimerWheel()
        putBack = TimerWheel()
        ready = TimerWheel()
        overstays = TimerWheel()
        leavers = []
        return finishes
    }

    mutating func adopt(_ node: NodeID) { self.node = node }

    /// Gives up what has not been started; answers its tokens.
    mutating func releaseQueued() -> [ClaimToken] {
        var tokens: [ClaimToken] = []
        for (run, known) in held {
            guard case .queued = known.phase else { continue }
            tokens.append(ClaimToken(runID: run, fence: known.fence))
        }
        tokens.sort { $0.runID < $1.runID }
        // Entries of runs that are no longer held would be due, with nobody to take them out, until the drain is over.
        lanes = Lanes()
        queue = TimerWheel()
        for token in tokens { letGo(token.runID) }
        putBack = TimerWheel()
        overstays = TimerWheel()
        leavers = []
        return tokens
    }
}

// MARK: - Steps

extension DispatchState {
    private mutating func stop(
        _ runs: [RunID], _ reason: AbortReason, now: Instant
    ) -> (aborts: [ClaimToken], finishes: [Finish]) {
        var aborts: [ClaimToken] = []
        var finishes: [Finish] = []
        for run in runs {
            guard let known = held[run] else { continue }
            let token = ClaimToken(runID: run, fence: known.fence)
            switch known.phase {
            case .running(nil):
                aborts.append(token)
                abort(token, reason, now: now)
            case .ready:
                let kind: Outcome.Kind = reason == .cancel ? .cancelled : .shutdown
                if let finish = unsent(token, kind: kind, "stopped before anything was sent") {
                    finishes.append(finish)
                }
            case .queued, .leaving, .starting, .running, .reporting:
                break
            }
        }
        return (aborts, finishes)
    }

    private mutating func abort(_ token: ClaimToken, _ reason: AbortReason, now: Instant) {
        held[token.runID]?.phase = .running(abort: reason)
        deadlines.add(token, at: now + EngineSettings.abortGrace)
    }

    /// An attempt that was stopped reports why; an answer that it had reached all the same wins.
    private static func named(_ outcome: Outcome, after abort: AbortReason?) -> Outcome {
        guard let abort, outcome.kind == .cancelled else { return outcome }
        var named = outcome
        switch abort {
        case .cancel: named.kind = .cancelled
        case .timeout: named.kind = .timeout
        case .shutdown: named.kind = .shutdown
        }
        named.verdict = .transient
        return named
    }
}
