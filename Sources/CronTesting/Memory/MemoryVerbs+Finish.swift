package import CronModel
import CronSchedule
import HashTreeCollections

/// T5.
extension MemoryVerb {
    package static func finish(_ finishes: [Finish]) -> MemoryVerb where Answer == [FinishAnswer] {
        MemoryVerb("finish") { transaction in
            let runs = finishes.compactMap { transaction.tables.runs[$0.token.runID] }
            let disabling = Set(
                finishes.filter(\.outcome.disablesJob).compactMap { transaction.tables.runs[$0.token.runID]?.jobID })
            try transaction.lock(transaction.locksForEnds(of: runs, disabling: disabling))
            return try finishes.map { try transaction.finish($0) }
        }
    }

    package static func handBack(_ tokens: [ClaimToken], node: NodeID) -> MemoryVerb where Answer == Void {
        MemoryVerb("hand back") { transaction in
            let held = tokens.filter { transaction.holds($0, node) }
            let runs = held.compactMap { transaction.tables.runs[$0.runID] }
            try transaction.lock(transaction.locksForEnds(of: runs))
            for token in held { try transaction.takeAway(token.runID, reason: .handedBack) }
        }
    }
}

extension MemoryTransaction {
    /// What must be locked to end these runs' attempts: their jobs, the keys that become free, the runs, and the parked
    /// ones that come next. A job that is disabled is locked as an edit locks it.
    func locksForEnds(of runs: [Run], disabling: Set<JobID> = []) throws -> [(LockName, LockMode)] {
        var names: [LockName: LockMode] = [:]
        for run in runs {
            let job = try job(run.jobID)
            names[.job(job.id)] = disabling.contains(job.id) ? .update : job.runLockMode
            names[.run(run.id)] = .update
            guard job.limitsStarts || run.concurrencyKey != nil, names.updateValue(.update, forKey: .key(run.overlapKey)) == nil else { continue }
            let ending = runs.count { $0.overlapKey == run.overlapKey }
            for next in nextParked(run.overlapKey, ending: ending) { names[.run(next.id)] = .update }
        }
        for id in disabling { for run in liveRuns(of: id) { names[.run(run.id)] = .update } }
        return names.map { ($0.key, $0.value) }
    }

    fileprivate func holds(_ token: ClaimToken, _ node: NodeID) -> Bool {
        guard let run = tables.runs[token.runID] else { return false }
        return run.status.isClaimed && run.fence == token.fence && run.owner == node
    }

    fileprivate func finish(_ finish: Finish) throws -> FinishAnswer {
        guard var run = tables.runs[finish.token.runID] else { return .superseded }
        guard run.status == .running, run.fence == finish.token.fence else { return late(finish, run) }
        let key = run.overlapKey
        let job = try job(run.jobID)
        let now = now
        try withRandom { random in
            try FinishRule.finish(&run, job: job, outcome: finish.outcome, now: now, random: random.fraction())
        }
        try ended(run, of: key, job: job)
        if finish.outcome.disablesJob, case let job = try self.job(job.id), job.state == .active, job.deletedAt == nil {
            try apply(.disable(finish.outcome.error ?? "the receiver answered 410 Gone"), to: job)
        }
        return .applied(run.status, dueAt: run.status == .retrying ? run.dueAt : nil)
    }

    /// An outcome whose fence is not the run's any more.
    private func late(_ finish: Finish, _ run: Run) -> FinishAnswer {
        let kept = tables.attempts[run.id] ?? []
        let all =
            kept + (run.current.map { current in kept.contains { $0.number == current.number } ? [] : [current] } ?? [])
        guard var attempt = all.first(where: { $0.fence == finish.token.fence }) else { return .superseded }
        if attempt.outcome == finish.outcome || attempt.lateOutcome == finish.outcome { return .repeated }
        attempt.lateOutcome = finish.outcome
        let others = kept.filter { $0.number != attempt.number }
        setAttempts((others + [attempt]).sorted { $0.number < $1.number }, of: run.id)
        return .superseded
    }

    /// Writes a run whose attempt has ended, and frees what waited for it.
    private func ended(_ run: Run, of key: OverlapKey, job: Job) throws {
        put(run)
        if job.limitsStarts || key.isShared { try unpark(key) }
        try finishIfDone(job.id)
    }

    /// Makes the oldest run parked on a key claimable for which the key is free.
    @discardableResult
    func unpark(_ key: OverlapKey) throws -> Bool {
        let running = tables.runningByKey[key]?.count ?? 0
        let next = try nextParked(key).first { running < (try job($0.jobID).runningLimit) }
        guard var next else { return false }
        try StartRule.unpark(&next, now: now)
        put(next)
        return true
    }

    /// Those that may be next when so many runs of the key end.
    func nextParked(_ key: OverlapKey, ending: Int = 1) -> ArraySlice<Run> {
        parked(key).prefix(key.isShared ? ending - 1 + StartRule.parkedLook : ending)
    }

    /// Oldest first.
    func parked(_ key: OverlapKey) -> [Run] {
        (tables.parkedByKey[key] ?? []).compactMap { tables.runs[$0] }
            .sorted { ($0.scheduledFor, $0.id) < ($1.scheduledFor, $1.id) }
    }

    /// Takes a claimed run, locked, from its node.
    func takeAway(_ id: RunID, reason: RunReason) throws {
        guard var run = tables.runs[id], run.status.isClaimed else { return }
        let job = try job(run.jobID)
        let wasRunning = run.status == .running
        let key = run.overlapKey
        let now = now
        try withRandom { random in
            try FinishRule.takeAway(&run, job: job, reason: reason, now: now, random: random.fraction())
        }
        if wasRunning { try ended(run, of: key, job: job) } else { put(run) }
    }
}
