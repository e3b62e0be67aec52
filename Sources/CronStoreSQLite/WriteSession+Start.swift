import CronModel
import CronSchedule

/// T3.
extension WriteSession {
    func start(_ request: StartRequest) throws -> [StartAnswer] {
        var answers = [StartAnswer](repeating: .stale, count: request.tokens.count)
        for (index, run) in try oldestFirst(request.tokens) {
            answers[index] = try start(run, fence: request.tokens[index].fence, request)
        }
        return answers
    }

    /// Of several runs of a job in one batch the oldest is asked first: it is the one that starts.
    private func oldestFirst(_ tokens: [ClaimToken]) throws -> [(Int, Run)] {
        var runs: [(Int, Run)] = []
        runs.reserveCapacity(tokens.count)
        for (index, token) in tokens.enumerated() {
            if let run = try run(token.runID) { runs.append((index, run)) }
        }
        runs.sort { left, right in
            (left.1.dueAt, left.1.scheduledFor, left.1.id) < (right.1.dueAt, right.1.scheduledFor, right.1.id)
        }
        return runs
    }

    private func start(_ found: Run, fence: Int64, _ request: StartRequest) throws -> StartAnswer {
        var run = found
        let job = try job(of: run)
        var around = try surroundings(of: run, job: job)
        let paidUntil = around.paidUntil
        let verdict = try StartRule.start(
            &run, job: job, node: request.node, fence: fence, around: &around, early: request.early,
            postponed: request.postponed[ClaimToken(runID: run.id, fence: fence)], now: now)
        if let key = job.rateKey(of: found), let until = around.paidUntil, until != paidUntil { try pay(key, until: until) }
        switch verdict {
        case .started:
            if let earlier = found.current, earlier.number != run.attempt {
                try archive(earlier, of: run.id, replacing: false)
            }
            try saveStarted(run)
            return .started(AttemptContext(run, job: job), dueAt: run.dueAt)
        case .putBack(let until):
            return .putBack(until: until)
        case .parked:
            try save(run)
            if around.cancelsOthers { try requestCancel(of: run.overlapKey) }
            return .parked
        case .delayed(let until):
            try save(run)
            return .delayed(until: until)
        case .skipped:
            try save(run)
            try finishIfDone(job)
            return .skipped
        case .stale:
            return .stale
        }
    }

    private func surroundings(of run: Run, job: Job) throws -> StartRule.Surroundings {
        var around = StartRule.Surroundings(running: 0, parked: 0, isHeld: heldJobs.contains(job.id))
        guard job.limitsStarts else { return around }
        if let key = job.rateKey(of: run) { around.paidUntil = try paidUntil(key) }
        around.running = claimed.runningCount(run.overlapKey)
        if case .queue = job.definition.overlap, around.running > 0 {
            around.parked =
                try statement("SELECT count(*) FROM runs WHERE blocked_on = ?").bind(run.overlapKey.text)
                .first { Int($0.int(0)) } ?? 0
        }
        return around
    }

    private func paidUntil(_ key: RateKey) throws -> Instant? {
        try statement("SELECT paid_until FROM start_rates WHERE key = ?").bind(key.text).first { $0.instant(0) }
    }

    private func pay(_ key: RateKey, until instant: Instant) throws {
        try statement("INSERT OR REPLACE INTO start_rates (key, paid_until) VALUES (?,?)")
            .bind(key.text).bind(instant).run()
    }

    private func requestCancel(of key: OverlapKey) throws {
        for var run in claimed.running(key) where !run.cancelRequested {
            try PersonRule.cancel(&run, reason: .overlap, now: now)
            try save(run)
        }
    }
}
