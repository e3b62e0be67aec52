package import CronModel
import CronSchedule
import HashTreeCollections

/// T3.
extension MemoryVerb {
    package static func start(_ request: StartRequest) -> MemoryVerb where Answer == [StartAnswer] {
        MemoryVerb("start") { transaction in
            let runs = request.tokens.compactMap { transaction.tables.runs[$0.runID] }
            try transaction.lockForStart(runs)
            var answers = [StartAnswer](repeating: .stale, count: request.tokens.count)
            guard transaction.mayStart(request.node) else { return answers }
            for index in transaction.oldestFirst(request.tokens) {
                answers[index] = try transaction.start(request.tokens[index], request)
            }
            return answers
        }
    }
}

extension MemoryTransaction {
    /// Jobs, then the keys of those that limit their starts, then the runs and those that they may ask to cancel.
    fileprivate func lockForStart(_ runs: [Run]) throws {
        var names: [LockName: LockMode] = [:]
        for run in runs {
            let job = try job(run.jobID)
            names[.job(job.id)] = job.runLockMode
            names[.run(run.id)] = .update
            guard job.limitsStarts else { continue }
            names[.key(run.overlapKey)] = .update
            if let rateKey = job.rateKey(of: run) { names[.key(rateKey.of)] = .update }
            guard job.definition.overlap == .cancelOther else { continue }
            for other in tables.runningByKey[run.overlapKey] ?? [] { names[.run(other)] = .update }
        }
        try lock(names.map { ($0.key, $0.value) })
    }

    fileprivate func mayStart(_ id: NodeID) -> Bool {
        guard let node = tables.nodes[id] else { return false }
        return kind == .embedded ? node.node.deadAt == nil : node.isLive(at: now)
    }

    /// Of several runs of a job or key in one batch the oldest is asked first: it is the one that starts.
    fileprivate func oldestFirst(_ tokens: [ClaimToken]) -> [Int] {
        tokens.enumerated().compactMap { index, token in tables.runs[token.runID].map { (index, $0) } }.sorted {
            left, right in
            (left.1.dueAt, left.1.scheduledFor, left.1.id) < (right.1.dueAt, right.1.scheduledFor, right.1.id)
        }.map(\.0)
    }

    fileprivate func start(_ token: ClaimToken, _ request: StartRequest) throws -> StartAnswer {
        guard let found = tables.runs[token.runID] else { return .stale }
        var run = found
        let job = try job(run.jobID)
        let rateKey = job.rateKey(of: run)
        let paidUntil = rateKey.flatMap { tables.paidUntil[$0] }
        var around = StartRule.Surroundings(
            running: tables.runningByKey[run.overlapKey]?.count ?? 0,
            parked: tables.parkedByKey[run.overlapKey]?.count ?? 0, paidUntil: paidUntil)
        let verdict = try StartRule.start(
            &run, job: job, node: request.node, fence: token.fence, around: &around, early: request.early,
            postponed: request.postponed[token], now: now)
        if let rateKey, around.paidUntil != paidUntil { pay(rateKey, until: around.paidUntil) }
        switch verdict {
        case .started:
            if let earlier = found.current, earlier.number != run.attempt { archive(earlier, of: run.id) }
            put(run)
            return .started(AttemptContext(run, job: job), dueAt: run.dueAt)
        case .putBack(let until):
            return .putBack(until: until)
        case .parked:
            put(run)
            if around.cancelsOthers { try requestCancels(of: run.overlapKey) }
            return .parked
        case .delayed(let until):
            put(run)
            return .delayed(until: until)
        case .skipped:
            put(run)
            try finishIfDone(job.id)
            return .skipped
        case .stale:
            return .stale
        }
    }

    private func requestCancels(of key: OverlapKey) throws {
        for id in (tables.runningByKey[key] ?? []).sorted() {
            guard var other = tables.runs[id], !other.cancelRequested else { continue }
            try PersonRule.cancel(&other, reason: .overlap, now: now)
            put(other)
        }
    }

    /// Keeps what a late outcome has put there already.
    private func archive(_ attempt: Attempt, of id: RunID) {
        let known = tables.attempts[id] ?? []
        if !known.contains(where: { $0.number == attempt.number }) { setAttempts(known + [attempt], of: id) }
    }
}
