import CronModel
import CronSchedule
import PostgresClient

/// T3: what may start, starts. The jobs are locked and read under the lock; the runs are those that this node holds, and
/// the write proves by fence, owner and lease that they still are.
extension Session {
    /// How soon a run is asked about again that somebody else has locked.
    private static let lockedRetry = Span.milliseconds(50)

    /// - Parameters:
    ///   - skipsLocked: runs behind locks that others hold are put back; otherwise those locks are waited for.
    ///   - isLate: whether nothing may start any more.
    func start(
        _ request: StartRequest, lockWait: Span, skipsLocked: Bool = false, isLate: () -> Bool
    ) throws -> [StartAnswer] {
        limitLocks(lockWait)
        var held = skipsLocked ? [:] : memory.runs(request.tokens)
        var unknown = request.tokens.map(\.runID).filter { held[$0] == nil }
        var places = try self.places(of: unknown)
        let rivals = rivals(held.values, beside: places)
        for id in rivals { held[id] = nil }
        unknown += rivals
        places += try held.values.map(RunPlace.init) + self.places(of: rivals)
        if skipsLocked {
            let free = try tryLocks(places)
            places = places.filter(free.cover)
        }
        let owners = Set(places.map(\.job))
        let ids = Array(owners)
        let limited = limited(ids)
        let shared = Set(places.compactMap(\.shared))
        let rated = rateKeys(places.filter { limited.contains($0.job) })
        var trip = RoundTrip()
        if !skipsLocked {
            trip.add(locks(owners))
            trip.add(Self.lockKeys(shared))
        }
        let clock = trip.add(clock(node: request.node))
        let moving = trip.add(Self.moving(ids))
        let running = trip.add(Self.running(limited))
        let parked = trip.add(Self.parked(limited))
        let sharedRunning = shared.isEmpty ? nil : trip.add(self.running(shared))
        let sharedParked = shared.isEmpty ? nil : trip.add(Self.parked(shared))
        let paid = rated.isEmpty ? nil : trip.add(Self.paid(rated))
        let read =
            unknown.isEmpty
            ? nil : trip.add(skipsLocked ? Self.tryLockRuns(unknown, of: ids) : Self.lockRuns(unknown))
        let answers = try send(trip)
        guard try readClock(answers[clock]) else {
            throw StoreError.unavailable("this node's lease has run out")
        }
        let jobs = try jobs(answers[moving], among: ids)
        var batch = StartBatch(counted: Set(limited), shared: shared, rated: rated)
        if let read {
            for run in try answers[read].all(RunRow.read) {
                held[run.id] = run
                batch.locked.insert(run.id)
            }
        }
        batch.running = try Self.counts(answers[running])
        batch.parked = try Self.counts(answers[parked])
        if let sharedRunning { batch.running.merge(try Self.sharedCounts(answers[sharedRunning]), uniquingKeysWith: +) }
        if let sharedParked {
            batch.parked.merge(try Self.parkedCounts(answers[sharedParked], of: shared), uniquingKeysWith: +)
        }
        if let paid { batch.paid = try Self.paid(answers[paid], of: rated) }
        batch.isHeld = request.postponed.isEmpty && isLate()
        try decide(request, held, jobs, &batch)
        if skipsLocked {
            for token in request.tokens where batch.verdicts[token] == nil {
                batch.verdicts[token] = .putBack(until: now + Self.lockedRetry)
            }
        }
        return try commit(batch, request, jobs)
    }

    /// Runs whose start changes others: if one starts, others of its job or key are skipped or parked for it, and it may ask
    /// others to stop or pay for its turn. So it is not enough to prove by its write that it was still this node's.
    /// - Parameter beside: where the batch's other runs stand, which this node does not remember.
    private func rivals(_ held: some Collection<Run>, beside others: [RunPlace]) -> [RunID] {
        let places = held.map(RunPlace.init) + others
        let ofJob = Dictionary(grouping: places, by: \.job)
        let ofKey = Dictionary(grouping: places.filter { $0.shared != nil }, by: \.shared)
        let known = memory.jobs(Set(held.map(\.jobID)))
        return held.filter { run in
            guard let job = known[run.jobID] else { return true }
            guard job.limitsStarts else { return false }
            let place = RunPlace(run)
            return job.definition.startChangesOthers || ofJob[place.job, default: []].count > 1
                || ofKey[place.shared, default: []].count > 1
        }.map(\.id)
    }

    /// Of several runs of a job in one batch the oldest is asked first: it is the one that starts.
    private func decide(
        _ request: StartRequest, _ held: [RunID: Run], _ jobs: [JobID: Job], _ batch: inout StartBatch
    ) throws {
        let order = request.tokens.compactMap { token in held[token.runID].map { (token, $0) } }.sorted { left, right in
            (left.1.dueAt, left.1.scheduledFor, left.1.id) < (right.1.dueAt, right.1.scheduledFor, right.1.id)
        }
        for (token, run) in order {
            guard let job = jobs[run.jobID] else { continue }
            guard batch.isReady(for: run, job) else {
                // Its rule was another when it was locked: ask again, now that the node knows.
                batch.verdicts[token] = .putBack(until: now)
                continue
            }
            var after = run
            let key = run.overlapKey
            var around = StartRule.Surroundings(
                running: job.limitsStarts ? batch.running[key] ?? 0 : 0, parked: batch.parked[key] ?? 0,
                isHeld: batch.isHeld, paidUntil: job.rateKey(of: run).flatMap { batch.paid[$0] })
            let verdict = try StartRule.start(
                &after, job: job, node: request.node, fence: token.fence, around: &around, early: request.early,
                postponed: request.postponed[token], now: now)
            batch.verdicts[token] = verdict
            batch.pay(job.rateKey(of: run), until: around.paidUntil)
            switch verdict {
            case .started:
                batch.started.append(RunChange(before: run, after: after))
                if run.status != .running { batch.running[key, default: 0] += 1 }
                if let earlier = run.current, earlier.number != after.attempt {
                    batch.archived.append((run.id, earlier))
                }
            case .parked, .delayed, .skipped:
                batch.saved.append(RunChange(before: run, after: after))
                if verdict == .parked { batch.parked[key, default: 0] += 1 }
                if around.cancelsOthers { batch.cancelled.insert(key) }
            case .putBack, .stale:
                break
            }
        }
    }

    private func commit(
        _ batch: StartBatch, _ request: StartRequest, _ jobs: [JobID: Job]
    ) throws -> [StartAnswer] {
        let lease = own(request.node)
        let starts = batch.started.isEmpty ? [] : [RunWrites.start(batch.started, lease)]
        let saves = writes(batch.saved, lease)
        let others = others(batch, jobs)
        let results = try transaction.commit(starts + saves + others)
        let written = try results.prefix(starts.count + saves.count).reduce(into: Set<RunID>()) {
            $0.formUnion(try $1.ids())
        }
        let after = Dictionary(
            (batch.started + batch.saved).map { ($0.after.id, $0.after) }, uniquingKeysWith: { _, last in last })
        memory.follow(after.values.filter { written.contains($0.id) })
        return request.tokens.map { token in
            switch batch.verdicts[token] {
            case .started:
                guard written.contains(token.runID), let run = after[token.runID], let job = jobs[run.jobID] else {
                    break
                }
                return .started(AttemptContext(run, job: job), dueAt: run.dueAt)
            case .putBack(let until): return .putBack(until: until)
            case .parked where written.contains(token.runID): return .parked
            case .delayed(let until) where written.contains(token.runID): return .delayed(until: until)
            case .skipped where written.contains(token.runID): return .skipped
            case .parked, .delayed, .skipped, .stale, nil: break
            }
            memory.forget([token.runID])
            return .stale
        }
    }

    private func others(_ batch: StartBatch, _ jobs: [JobID: Job]) -> [PostgresQuery] {
        let done = Set(batch.saved.filter { !$0.after.status.isLive }.map(\.after.jobID)).filter {
            jobs[$0]?.nextSlot == nil
        }
        return (batch.archived.isEmpty ? [] : [RunWrites.archive(batch.archived)])
            + batch.cancelled.sorted().map(Self.cancelRunning) + Self.pay(batch.payments)
            + Self.save(batch.saved.compactMap { change in
                jobs[change.after.jobID].flatMap { WatchSignal(change.after, of: $0) }
            })
            + (done.isEmpty ? [] : [Self.finishJobs(done.sorted())])
    }
}

/// What one start batch found and decided.
private struct StartBatch {
    /// Jobs whose runs were counted.
    let counted: Set<JobID>
    /// Concurrency keys that were locked and whose runs were counted.
    let shared: Set<OverlapKey>
    /// Keys whose rates were asked.
    let rated: Set<RateKey>
    /// Runs that were read under their lock.
    var locked: Set<RunID> = []
    /// Nothing may start any more.
    var isHeld = false
    var running: [OverlapKey: Int] = [:]
    var parked: [OverlapKey: Int] = [:]
    var paid: [RateKey: Instant] = [:]
    private(set) var payments: [RateKey: Instant] = [:]
    var verdicts: [ClaimToken: StartVerdict] = [:]
    var started: [RunChange] = []
    var saved: [RunChange] = []
    var archived: [(run: RunID, attempt: Attempt)] = []
    var cancelled: Set<OverlapKey> = []

    init(counted: Set<JobID>, shared: Set<OverlapKey>, rated: Set<RateKey>) {
        self.counted = counted
        self.shared = shared
        self.rated = rated
    }

    /// Whether all was asked, and locked, that the run's start depends on.
    func isReady(for run: Run, _ job: Job) -> Bool {
        guard job.limitsStarts else { return true }
        return counted.contains(job.id) && (run.concurrencyKey == nil || shared.contains(run.overlapKey))
            && (!job.definition.startChangesOthers || locked.contains(run.id))
            && job.rateKey(of: run).map { rated.contains($0) } ?? true
    }

    mutating func pay(_ key: RateKey?, until instant: Instant?) {
        guard let key, let instant, instant != paid[key] else { return }
        paid[key] = instant
        payments[key] = instant
    }
}

// MARK: - What it asks

extension Session {
    /// Jobs whose runs must be counted before one starts or after one ends.
    func limited(_ ids: [JobID]) -> [JobID] {
        let known = memory.jobs(ids)
        return ids.filter { known[$0]?.limitsStarts ?? true }
    }
}

extension JobDefinition {
    /// Whether a start, or the wait for it, writes more than its own run.
    fileprivate var startChangesOthers: Bool { overlap == .cancelOther || rateLimit != nil }
}
