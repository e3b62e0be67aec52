import CronModel
import CronSchedule

/// T5 and T6: the ends of attempts.
extension WriteSession {
    func finish(_ finishes: [Finish]) throws -> [FinishAnswer] {
        try finishes.map { try finish($0) }
    }

    private func finish(_ finish: Finish) throws -> FinishAnswer {
        guard var run = try run(finish.token.runID) else { return .superseded }
        guard run.status == .running, run.fence == finish.token.fence else { return try late(finish, run) }
        let key = run.overlapKey
        let job = try job(of: run)
        try FinishRule.finish(&run, job: job, outcome: finish.outcome, now: now, random: random.fraction())
        try ended(run, of: key, job: job)
        if finish.outcome.disablesJob, let job = try self.job(job.id), job.state == .active {
            try change(job, .disable(finish.outcome.error ?? "the receiver answered 410 Gone"))
        }
        return .applied(run.status, dueAt: run.status == .retrying ? run.dueAt : nil)
    }

    /// Writes a run whose attempt has ended, and frees what waited for it.
    func ended(_ run: Run, of key: OverlapKey, job: Job) throws {
        if run.status == .success { try saveSucceeded(run) } else { try save(run) }
        if job.limitsStarts || key.isShared { try unpark(key) }
        if job.nextSlot == nil { try finishIfDone(job) }
    }

    /// Makes the oldest run parked on a key claimable for which the key is free.
    @discardableResult
    func unpark(_ key: OverlapKey) throws -> Bool {
        let parked = try statement(
            "SELECT \(RunRow.columns) FROM runs WHERE blocked_on = ? ORDER BY scheduled_for, id LIMIT ?"
        ).bind(key.text).bind(key.isShared ? StartRule.parkedLook : 1).all(RunRow.read)
        let running = claimed.runningCount(key)
        guard var run = try parked.first(where: { running < (try job(of: $0).runningLimit) }) else { return false }
        try StartRule.unpark(&run, now: now)
        try save(run)
        return true
    }

    /// An outcome whose fence is not the run's any more.
    private func late(_ finish: Finish, _ run: Run) throws -> FinishAnswer {
        if let current = run.current, current.fence == finish.token.fence, let outcome = current.outcome {
            if outcome == finish.outcome { return .repeated }
        }
        let earlier = try attempts(of: run).first { $0.fence == finish.token.fence }
        guard var attempt = earlier else { return .superseded }
        if attempt.outcome == finish.outcome || attempt.lateOutcome == finish.outcome { return .repeated }
        attempt.lateOutcome = finish.outcome
        try archive(attempt, of: run.id, replacing: true)
        return .superseded
    }

    /// All attempts of a run, oldest first. The row beside the run adds the late outcome of the newest.
    func attempts(of run: Run) throws -> [Attempt] {
        try statement(AttemptRow.select).bind(run.id).all(AttemptRow.read).merged(with: run.current)
    }

    func handBack(_ tokens: [ClaimToken], node: NodeID) throws {
        for token in tokens {
            guard var run = try run(token.runID), run.status.isClaimed, run.fence == token.fence, run.owner == node
            else { continue }
            try takeAway(&run, reason: .handedBack)
        }
    }

    /// Takes a claimed run from its node.
    func takeAway(_ run: inout Run, reason: RunReason) throws {
        let job = try job(of: run)
        let wasRunning = run.status == .running
        let key = run.overlapKey
        try FinishRule.takeAway(&run, job: job, reason: reason, now: now, random: random.fraction())
        if wasRunning { try ended(run, of: key, job: job) } else { try save(run) }
    }
}

/// An attempt as a row of `attempts`.
enum AttemptRow {
    static let select = """
        SELECT number, fence, node, started_at, finished_at, outcome, detail, late_outcome, late_detail
        FROM attempts WHERE run_id = ? ORDER BY number
        """

    static func read(_ row: SQLStatement) -> Attempt {
        var attempt = Attempt(number: Int(row.int(0)), fence: row.int(1), node: row.id(2), startedAt: row.instant(3))
        attempt.finishedAt = row.instantOrNil(4)
        attempt.outcome = row.intOrNil(5).map { Outcome(storedCode: $0, detail: row.textOrNil(6)) }
        attempt.lateOutcome = row.intOrNil(7).map { Outcome(storedCode: $0, detail: row.textOrNil(8)) }
        return attempt
    }
}

extension [Attempt] {
    /// Adds the attempt that lies in the run's own row, unless a late outcome has put it here too.
    func merged(with current: Attempt?) -> [Attempt] {
        guard let current, !contains(where: { $0.number == current.number }) else { return self }
        return self + [current]
    }
}
