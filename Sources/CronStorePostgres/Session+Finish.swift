import CronModel
import CronSchedule
import PostgresClient

/// T5 and the other ends of attempts. What succeeds under a job that limits nothing needs no lock besides its own row:
/// its fence says it all. Whatever else happens to a run is decided on its locked row under its locked job.
extension Session {
    /// - Parameters:
    ///   - lockWait: how long each lock is waited for, if not as long as by every other verb.
    ///   - skipsLocked: what others have locked is left out.
    func finish(_ finishes: [Finish], lockWait: Span? = nil, skipsLocked: Bool = false) throws -> FinishWork {
        let held = memory.runs(finishes.map(\.token))
        let known = memory.jobs(held.values.map(\.jobID))
        var simple: [(finish: Finish, run: Run, job: Job)] = []
        var others: [Finish] = []
        for finish in finishes {
            if finish.outcome.verdict == .success, let run = held[finish.token.runID], run.status == .running,
                run.fence == finish.token.fence, run.concurrencyKey == nil, let job = known[run.jobID], !job.isStrict
            {
                simple.append((finish, run, job))
            } else {
                others.append(finish)
            }
        }
        if let lockWait, !others.isEmpty { limitLocks(lockWait) }
        var ends = try lockEnds(others.map(\.token.runID), skipsLocked: skipsLocked)
        if others.isEmpty { try readClock() }
        var work = FinishWork()
        for (finish, run, job) in simple {
            var after = run
            try FinishRule.finish(&after, job: job, outcome: finish.outcome, now: now, random: random.fraction())
            work.ended.append((finish, RunChange(before: run, after: after)))
            work.note(after, of: job)
            if job.definition.alerts == nil { work.unsure.insert(after.id) }
        }
        for finish in others {
            if skipsLocked, ends.runs[finish.token.runID] == nil {
                work.left.append(finish)
                continue
            }
            guard let run = ends.runs[finish.token.runID], run.status == .running, run.fence == finish.token.fence,
                let job = ends.jobs[run.jobID]
            else {
                work.late.append(finish)
                continue
            }
            var after = run
            try FinishRule.finish(&after, job: job, outcome: finish.outcome, now: now, random: random.fraction())
            work.ended.append((finish, RunChange(before: run, after: after)))
            work.note(after, of: job)
            try ends.free(run, job: job, now: now)
            if finish.outcome.disablesJob { work.disabled.append((job.id, finish.outcome)) }
        }
        try commit(&work, ends)
        return work
    }

    private func commit(_ work: inout FinishWork, _ ends: Ends) throws {
        let writes = writes(work.ended.map(\.change), unsure: work.unsure)
        let results = try transaction.commit(writes + ends.rest + Self.save(work.signals))
        let written = try results.prefix(writes.count).reduce(into: Set<RunID>()) { $0.formUnion(try $1.ids()) }
        memory.forget(work.ended.map(\.change.after.id))
        work.late += work.ended.filter { !written.contains($0.change.after.id) }.map(\.finish)
        work.ended.removeAll { !written.contains($0.change.after.id) }
    }

    /// Takes claimed runs from their node, as far as `matches` still says so of their locked rows.
    func takeAway(
        _ ids: [RunID], reason: RunReason, lease: LeaseGuard = .none, matches: (Run) throws -> Bool
    ) throws -> ReapAnswer {
        var answer = ReapAnswer()
        var ends = try lockEnds(ids, skipsLocked: reason == .leaseLost)
        var changes: [RunChange] = []
        var signals: [WatchSignal] = []
        for run in ends.runs.values.sorted(by: { $0.id < $1.id }) {
            guard run.status.isClaimed, try matches(run) else { continue }
            guard let job = ends.jobs[run.jobID] else { continue }
            var after = run
            try FinishRule.takeAway(&after, job: job, reason: reason, now: now, random: random.fraction())
            changes.append(RunChange(before: run, after: after))
            if let signal = WatchSignal(after, of: job) { signals.append(signal) }
            if run.status == .running { try ends.free(run, job: job, now: now) }
            if run.status == .queued { answer.queued += 1 } else { answer.running += 1 }
        }
        guard !changes.isEmpty else { return ReapAnswer() }
        let writes = writes(changes, lease)
        let results = try transaction.commit(writes + ends.rest + Self.save(signals))
        memory.forget(changes.map(\.after.id))
        let written = results.prefix(writes.count).reduce(0) { $0 + $1.rowCount }
        return written == changes.count ? answer : ReapAnswer()
    }
}

/// What a finish did, and what is still to be done about it.
struct FinishWork {
    var ended: [(finish: Finish, change: RunChange)] = []
    /// Their run was not RUNNING under their fence.
    var late: [Finish] = []
    var disabled: [(job: JobID, outcome: Outcome)] = []
    /// Somebody else may have locked their run or its job.
    var left: [Finish] = []
    /// Ended without a look at their job, which had no alerts when this node read it.
    fileprivate var unsure: Set<RunID> = []
    /// Of runs whose jobs have alerts. One whose row had changed meanwhile is looked at for nothing.
    fileprivate private(set) var signals: [WatchSignal] = []

    mutating func add(_ other: FinishWork) {
        ended += other.ended
        late += other.late
        disabled += other.disabled
    }

    fileprivate mutating func note(_ run: Run, of job: Job) {
        if let signal = WatchSignal(run, of: job) { signals.append(signal) }
    }
}

/// Runs whose attempts end, locked after their jobs, with what their ends set free.
struct Ends {
    var runs: [RunID: Run] = [:]
    var jobs: [JobID: Job] = [:]
    /// Of parked runs that other jobs have parked on the keys that become free.
    fileprivate var others: [JobID: Job] = [:]
    fileprivate var running: [OverlapKey: Int] = [:]
    fileprivate var parked: [OverlapKey: [Run]] = [:]
    fileprivate var freed: [RunChange] = []
    fileprivate var done: Set<JobID> = []
    /// No lock may be waited for.
    fileprivate var skipsLocked = false

    /// A run of the job has ended: the oldest parked run of its key for which that is enough may be claimed again.
    mutating func free(_ run: Run, job: Job, now: Instant) throws {
        if job.nextSlot == nil { done.insert(job.id) }
        let key = run.overlapKey
        guard job.limitsStarts || key.isShared else { return }
        running[key, default: 1] -= 1
        let runningNow = running[key, default: 0]
        let index = (parked[key] ?? []).prefix(StartRule.parkedLook).firstIndex { parked in
            (jobs[parked.jobID] ?? others[parked.jobID]).map { runningNow < $0.runningLimit } ?? false
        }
        guard let index, let before = parked[key]?.remove(at: index) else { return }
        var next = before
        try StartRule.unpark(&next, now: now)
        freed.append(RunChange(before: before, after: next))
    }

    fileprivate var rest: [PostgresQuery] {
        let unparked = freed.isEmpty ? [] : [RunWrites.update(freed)]
        guard !done.isEmpty else { return unparked }
        return unparked
            + (skipsLocked ? Session.finishJobsIfFree(done.sorted()) : [Session.finishJobs(done.sorted())])
    }
}

extension Session {
    /// Locks what ends: jobs by id, then runs by id, then the parked runs that come next. Reads the clock after that.
    /// - Parameter skipsLocked: what others have locked is left out, parked runs too: those the repair pass looks at again.
    func lockEnds(_ ids: [RunID], skipsLocked: Bool = false) throws -> Ends {
        var ends = Ends(skipsLocked: skipsLocked)
        guard !ids.isEmpty else { return ends }
        var places = try places(of: ids)
        let free = skipsLocked ? try tryLocks(places) : nil
        if let free { places = places.filter(free.cover) }
        let jobIDs = Array(Set(places.map(\.job)))
        let limited = limited(jobIDs)
        let ending = Dictionary(grouping: places.compactMap(\.shared), by: \.self).mapValues(\.count)
        let shared = Set(ending.keys)
        var trip = RoundTrip()
        if free == nil {
            trip.add(locks(jobIDs))
            trip.add(Self.lockKeys(shared))
        }
        let locked = trip.add(skipsLocked ? Self.tryLockRuns(ids, of: jobIDs) : Self.lockRuns(ids))
        let clock = trip.add(clock())
        let moving = trip.add(Self.moving(jobIDs))
        let running = trip.add(Self.running(limited))
        let parked = trip.add(Self.nextParked(limited, atMost: ids.count, skipsLocked: skipsLocked))
        let sharedRunning = shared.isEmpty ? nil : trip.add(self.running(shared))
        let sharedParked = shared.isEmpty ? nil : trip.add(Self.nextParked(ending))
        let answers = try send(trip)
        for run in try answers[locked].all(RunRow.read) where free?.cover(RunPlace(run)) ?? true {
            ends.runs[run.id] = run
        }
        try readClock(answers[clock])
        ends.jobs = try jobs(answers[moving], among: jobIDs)
        ends.running = try Self.counts(answers[running])
        var waiting = try answers[parked].all(RunRow.read)
        if let sharedRunning { ends.running.merge(try Self.sharedCounts(answers[sharedRunning]), uniquingKeysWith: +) }
        if let sharedParked { waiting += try answers[sharedParked].all(RunRow.read) }
        for run in waiting { ends.parked[run.overlapKey, default: []].append(run) }
        let others = Set(waiting.map(\.jobID)).subtracting(ends.jobs.keys)
        for job in try jobs(others.sorted()) { ends.others[job.id] = job }
        return ends
    }

    /// The oldest parked runs of each key of these jobs.
    private static func nextParked(_ jobs: [JobID], atMost limit: Int, skipsLocked: Bool) -> PostgresQuery {
        """
        SELECT n.* FROM (
            SELECT DISTINCT blocked_on FROM live_runs
            WHERE job_id = ANY(\(jobs.uuids())) AND blocked_on IS NOT NULL AND concurrency_key IS NULL
        ) k CROSS JOIN LATERAL (
            SELECT \(unescaped: RunRow.columns) FROM live_runs r WHERE r.blocked_on = k.blocked_on
            ORDER BY r.scheduled_for, r.id LIMIT \(Int64(limit)) FOR UPDATE \(unescaped: skipsLocked ? "SKIP LOCKED" : "")
        ) n
        """
    }

    /// Those of each key that may be next when so many end. One that an edit holds is left to the edit, which asks it again itself.
    private static func nextParked(_ ending: [OverlapKey: Int]) -> PostgresQuery {
        let keys = ending.sorted { $0.key < $1.key }
        return """
            SELECT n.* FROM unnest(\(PostgresArray(keys.map(\.key.text))), \(PostgresArray(keys.map { Int64($0.value) })))
                AS k (key, most) CROSS JOIN LATERAL (
                SELECT \(unescaped: RunRow.columns) FROM live_runs r WHERE r.blocked_on = k.key
                ORDER BY r.scheduled_for, r.id LIMIT k.most + \(Int64(StartRule.parkedLook - 1)) FOR UPDATE SKIP LOCKED
            ) n
            """
    }
}
