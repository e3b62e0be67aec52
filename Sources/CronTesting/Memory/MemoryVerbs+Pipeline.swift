package import CronModel
import CronSchedule
import HashTreeCollections

/// T1 and T2.
extension MemoryVerb {
    package static func plan(_ request: PlanRequest) -> MemoryVerb where Answer == PlanAnswer {
        MemoryVerb("plan") { transaction in
            var answer = PlanAnswer()
            if transaction.mayClaim(request.node) {
                let due = transaction.jobsToPlan(request).filter { transaction.tryLock(.job($0), .noKeyUpdate) }
                for id in due where answer.planned < PlanRequest.rowLimit {
                    try transaction.plan(id, request, &answer)
                }
            }
            answer.nextSlot = transaction.tables.jobsBySlot.first?.at
            return answer
        }
    }

    package static func claim(_ request: ClaimRequest) -> MemoryVerb where Answer == ClaimAnswer {
        MemoryVerb("claim") { transaction in
            var answer = ClaimAnswer()
            if transaction.mayClaim(request.node) {
                let due = transaction.runsToClaim(request)
                let now = transaction.now
                for run in due { try transaction.claim(run, node: request.node, now: now, &answer) }
            }
            answer.nextDueAt = transaction.tables.runsByDueTime.first?.at
            return answer
        }
    }
}

extension MemoryTransaction {
    /// Only a node with a live lease takes anything.
    fileprivate func mayClaim(_ id: NodeID) -> Bool {
        guard let node = tables.nodes[id] else { return false }
        return kind == .embedded ? node.node.deadAt == nil : node.isLive(at: roughNow)
    }

    fileprivate func jobsToPlan(_ request: PlanRequest) -> [JobID] {
        let horizon = roughNow + request.threshold
        let due = tables.jobsBySlot.elements.prefix { $0.at <= horizon }.map(\.id)
        return Array(
            due.filter { !request.crowded.contains(tables.jobs[$0]?.userID ?? Resource.everybody) }
                .prefix(request.jobLimit))
    }

    fileprivate func plan(_ id: JobID, _ request: PlanRequest, _ answer: inout PlanAnswer) throws {
        var job = try job(id)
        let now = now
        let horizon = now + request.lead
        let rows = try withRandom { random in
            try PlanRule.plan(
                &job, through: horizon, now: now, limit: PlanRequest.rowLimit - answer.planned, random: &random)
        }
        for var run in rows {
            if run.status == .pending, run.dueAt <= horizon {
                if answer.claims.count < request.claimLimit {
                    try ClaimRule.claim(&run, job: job, node: request.node, now: now)
                    if run.status == .queued { answer.claims.append(Claim(run, of: job)) }
                } else {
                    answer.leftUnclaimed = true
                }
            }
            put(run)
        }
        answer.planned += rows.count
        put(job)
        try finishIfDone(id)
    }

    /// Due runs in the order of their due times, locked; those that somebody else has locked are passed over.
    fileprivate func runsToClaim(_ request: ClaimRequest) -> [Run] {
        let horizon = roughNow + request.lead
        let due = tables.runsByDueTime.elements.prefix { $0.at <= horizon }
        return Array(
            due.lazy.compactMap { self.tables.runs[$0.id] }.filter { !request.crowded.contains($0.userID) }
                .filter(self.tryLockToClaim).prefix(request.limit))
    }

    private func tryLockToClaim(_ run: Run) -> Bool {
        guard let job = tables.jobs[run.jobID] else { return false }
        // A claim may end the run, and with it a job that has no slots left.
        return tryLock(.job(job.id), job.nextSlot == nil ? .noKeyUpdate : .keyShare) && tryLock(.run(run.id))
    }

    fileprivate func claim(_ found: Run, node: NodeID, now: Instant, _ answer: inout ClaimAnswer) throws {
        var run = found
        let job = try job(run.jobID)
        try ClaimRule.claim(&run, job: job, node: node, now: now)
        put(run)
        if run.status == .queued {
            answer.claims.append(Claim(run, of: job))
        } else {
            try finishIfDone(job.id)
        }
    }
}
