package import CronModel
import CronSchedule

/// T1, T2, T3, T5 and T6.
extension MemoryTransaction {
    package func plan(_ request: PlanRequest) throws -> PlanAnswer {
        var answer = PlanAnswer()
        let due = allJobs { $0.nextSlot.map { $0 <= now + request.threshold } ?? false }
            .sorted { ($0.nextSlot ?? now, $0.id) < ($1.nextSlot ?? now, $1.id) }.prefix(request.jobLimit)
        for candidate in due where answer.planned < PlanRequest.rowLimit && lockIfFree(.job(candidate.id)) {
            guard var job = job(candidate.id) else { continue }
            let now = now
            let rows = try PlanRule.plan(
                &job, through: now + request.lead, now: now, limit: PlanRequest.rowLimit - answer.planned,
                random: &database.random)
            for var run in rows {
                if run.status == .pending, run.dueAt <= now + request.lead {
                    if answer.claims.count < request.claimLimit {
                        try ClaimRule.claim(&run, job: job, node: request.node, now: now)
                        if run.status == .queued { answer.claims.append(Claim(run, priority: job.definition.priority)) }
                    } else {
                        answer.leftUnclaimed = true
                    }
                }
                save(run)
            }
            answer.planned += rows.count
            save(job)
            finishIfDone(job)
        }
        answer.nextSlot = allJobs { $0.nextSlot != nil }.compactMap(\.nextSlot).min()
        return answer
    }

    package func claim(_ request: ClaimRequest) throws -> ClaimAnswer {
        var answer = ClaimAnswer()
        let limit = now + request.lead
        let due = allRuns { RunRowState.isClaimable($0) && $0.dueAt <= limit }
            .sorted { ($0.dueAt, $0.id) < ($1.dueAt, $1.id) }
        var taken = 0
        for var run in due where taken < request.limit && lockIfFree(.run(run.id)) {
            taken += 1
            let job = try job(of: run)
            try ClaimRule.claim(&run, job: job, node: request.node, now: now)
            save(run)
            if run.status == .queued {
                answer.claims.append(Claim(run, priority: job.definition.priority))
            } else {
                finishIfDone(job)
            }
        }
        answer.nextDueAt = allRuns(RunRowState.isClaimable).map(\.dueAt).min()
        return answer
    }

    package func start(_ request: StartRequest) throws -> [StartAnswer] {
        let found = request.tokens.enumerated().compactMap { index, token in run(token.runID).map { (index, $0) } }
        for id in Set(found.map(\.1.jobID)).sorted() { try lock(.job(id)) }
        for run in found.map(\.1).sorted(by: { $0.id < $1.id }) { try lock(.run(run.id)) }
        let now = now
        var answers = [StartAnswer](repeating: .stale, count: request.tokens.count)
        let oldestFirst = found.sorted { left, right in
            (left.1.dueAt, left.1.scheduledFor, left.1.id) < (right.1.dueAt, right.1.scheduledFor, right.1.id)
        }
        for (index, _) in oldestFirst {
            answers[index] = try start(request.tokens[index], request, now: now)
        }
        return answers
    }

    private func start(_ token: ClaimToken, _ request: StartRequest, now: Instant) throws -> StartAnswer {
        guard var run = run(token.runID) else { return .stale }
        let earlier = run.current
        let job = try job(of: run)
        var cancelOther = false
        let around = StartRule.Surroundings(
            running: running(run.overlapKey).count, parked: allRuns { $0.blockedOn == run.overlapKey.text }.count)
        switch try StartRule.start(
            &run, job: job, node: request.node, fence: token.fence, around: around, early: request.early, now: now,
            cancelOther: &cancelOther)
        {
        case .started:
            if let earlier { archive(earlier, of: run.id) }
            save(run)
            return .started(AttemptContext(run, job: job), dueAt: run.dueAt)
        case .putBack(let until):
            return .putBack(until: until)
        case .parked:
            save(run)
            if cancelOther {
                for var other in running(run.overlapKey) where !other.cancelRequested {
                    try PersonRule.cancel(&other, reason: .overlap, now: now)
                    save(other)
                }
            }
            return .parked
        case .skipped:
            save(run)
            finishIfDone(job)
            return .skipped
        case .stale:
            return .stale
        }
    }

    package func finish(_ finishes: [Finish]) throws -> [FinishAnswer] {
        for id in Set(finishes.compactMap { run($0.token.runID)?.jobID }).sorted() { try lock(.job(id)) }
        return try finishes.map { finish in
            guard var run = run(finish.token.runID) else { return .superseded }
            try lock(.run(run.id))
            guard run.status == .running, run.fence == finish.token.fence else { return late(finish, run) }
            let job = try job(of: run)
            try FinishRule.finish(
                &run, job: job, outcome: finish.outcome, now: now, random: database.random.fraction())
            try ended(run, job: job)
            if finish.outcome.disablesJob, let job = self.job(job.id), job.state == .active {
                try apply(.disable(finish.outcome.error ?? "the receiver answered 410 Gone"), to: job)
            }
            return .applied(run.status, dueAt: run.status == .retrying ? run.dueAt : nil)
        }
    }

    private func late(_ finish: Finish, _ run: Run) -> FinishAnswer {
        let known = archived(run.id).first { $0.fence == finish.token.fence }
        guard var attempt = known ?? run.current.flatMap({ $0.fence == finish.token.fence ? $0 : nil }) else {
            return .superseded
        }
        if attempt.outcome == finish.outcome || attempt.lateOutcome == finish.outcome { return .repeated }
        attempt.lateOutcome = finish.outcome
        saveArchived(archived(run.id).filter { $0.number != attempt.number } + [attempt], of: run.id)
        return .superseded
    }

    func ended(_ run: Run, job: Job) throws {
        save(run)
        try unpark(run.overlapKey, job: job)
        finishIfDone(job)
    }

    @discardableResult
    func unpark(_ key: OverlapKey, job: Job) throws -> Bool {
        guard var parked = allRuns({ $0.blockedOn == key.text }).first else { return false }
        let limit = job.definition.overlap == .allow ? job.definition.maxConcurrent ?? .max : 1
        guard running(key).count < limit else { return false }
        try StartRule.unpark(&parked, now: now)
        save(parked)
        return true
    }

    package func handBack(_ tokens: [ClaimToken], node: NodeID) throws {
        for token in tokens {
            guard let run = run(token.runID), run.status == .queued, run.fence == token.fence, run.owner == node else {
                continue
            }
            try takeAway(run, reason: .handedBack)
        }
    }

    func takeAway(_ found: Run, reason: RunReason) throws {
        try lock(.run(found.id))
        var run = found
        let job = try job(of: run)
        let wasRunning = run.status == .running
        try FinishRule.takeAway(&run, job: job, reason: reason, now: now, random: database.random.fraction())
        if wasRunning { try ended(run, job: job) } else { save(run) }
    }

    func running(_ key: OverlapKey) -> [Run] { allRuns { $0.status == .running && $0.overlapKey == key } }

    /// Keeps what a late outcome has put there already.
    private func archive(_ attempt: Attempt, of id: RunID) {
        let known = archived(id)
        if !known.contains(where: { $0.number == attempt.number }) { saveArchived(known + [attempt], of: id) }
    }

    func finishIfDone(_ stale: Job) {
        guard var job = job(stale.id), job.state == .active, job.nextSlot == nil, job.deletedAt == nil else { return }
        job.finishIfDone(hasLiveRuns: !allRuns { $0.jobID == job.id && $0.status.isLive }.isEmpty)
        save(job)
    }
}

enum RunRowState {
    static func isClaimable(_ run: Run) -> Bool {
        (run.status == .pending || run.status == .retrying) && run.blockedOn == nil
    }
}
