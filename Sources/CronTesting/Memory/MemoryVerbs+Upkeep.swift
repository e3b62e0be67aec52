package import CronModel
package import CronSchedule
import HashTreeCollections

/// T4 and T6, and what keeps the tables in order.
extension MemoryVerb {
    package static func register(_ node: Node) -> MemoryVerb where Answer == ReapAnswer {
        MemoryVerb("register") { transaction in
            guard transaction.kind == .embedded else {
                try transaction.lock([.node(node.id)])
                transaction.add(node)
                return ReapAnswer()
            }
            let others = transaction.tables.nodes.values.map(\.node).filter { $0.deadAt == nil }.map(\.id)
            let taken = transaction.claimedRuns { _ in true }
            let reboots = transaction.rebootJobs.map { (LockName.job($0), LockMode.noKeyUpdate) }
            let ends = try transaction.locksForEnds(of: taken)
            try transaction.lock((others + [node.id]).uniqued().map { (.node($0), .update) })
            try transaction.lock((ends + reboots).strongest)
            for id in others { transaction.markDead(id) }
            transaction.add(node)
            let answer = try transaction.take(taken)
            try transaction.planReboots()
            return answer
        }
    }

    package static func heartbeat(_ node: NodeID, lease: Span) -> MemoryVerb where Answer == HeartbeatAnswer {
        MemoryVerb("heartbeat") { transaction in
            try transaction.lock([.node(node)])
            guard var row = transaction.tables.nodes[node], row.node.deadAt == nil else {
                return HeartbeatAnswer(isAlive: false, cancelRequests: [])
            }
            // An elapsed lease that nobody acted on revives, and counts from now.
            if row.node.leaseUntil <= transaction.now { row.heldSince = transaction.now }
            row.node.leaseUntil = transaction.now + lease
            row.lease = lease
            transaction.put(row)
            let running = transaction.claimedRuns { $0.owner == node && $0.status == .running && $0.cancelRequested }
            return HeartbeatAnswer(isAlive: true, cancelRequests: running.map(\.id))
        }
    }

    package static func retire(_ node: NodeID) -> MemoryVerb where Answer == Void {
        MemoryVerb("retire") { transaction in
            try transaction.lock([.node(node)])
            transaction.markDead(node)
        }
    }

    package static func look(forLost: Bool) -> MemoryVerb where Answer == LookAnswer {
        MemoryVerb("look") { transaction in
            let tables = transaction.tables
            return LookAnswer(
                nextSlot: tables.jobsBySlot.first?.at, nextDueAt: tables.runsByDueTime.first?.at,
                mayBeLost: forLost && transaction.mayBeLost, watchAt: transaction.watchAt)
        }
    }

    package static func reap(node: NodeID) -> MemoryVerb where Answer == ReapAnswer {
        MemoryVerb("reap") { transaction in
            let rough = transaction.roughNow
            guard transaction.mayReap(node, at: rough) else { return ReapAnswer() }
            let dead = transaction.elapsedNodes(at: rough).filter { transaction.tryLock(.node($0)) }
            let lost = transaction.claimedRuns { transaction.isLost($0, at: rough) }
            // Nothing is waited for: who holds a lock may have frozen, and the rest would wait with this verb.
            let locked = Set(
                try transaction.locksForEnds(of: lost).sorted { $0.0 < $1.0 }.filter { transaction.tryLock($0.0, $0.1) }
                    .map(\.0))
            for id in dead { transaction.markDead(id) }
            return try transaction.take(lost.filter { transaction.canEnd($0, locked) })
        }
    }

    package static func repair(held: Set<ClaimToken>, node: NodeID) -> MemoryVerb where Answer == RepairAnswer {
        MemoryVerb("repair") { transaction in
            let unknown = transaction.claimedRuns { run in
                run.owner == node && run.status == .queued
                    && !held.contains(ClaimToken(runID: run.id, fence: run.fence))
            }.filter { transaction.tryLock(.run($0.id)) }
            let keys = transaction.tables.parkedByKey.filter { !$0.value.isEmpty }.keys
                .sorted { LockName.key($0) < LockName.key($1) }.filter { transaction.tryLock(.key($0)) }
            let next = keys.filter { key in
                transaction.nextParked(key).allSatisfy { transaction.tryLock(.run($0.id)) }
            }
            var answer = RepairAnswer()
            for run in unknown {
                try transaction.takeAway(run.id, reason: .handedBack)
                answer.handedBack += 1
            }
            for key in next where try transaction.unpark(key) { answer.unparked += 1 }
            return answer
        }
    }

    package static func prune(_ request: PruneRequest) -> MemoryVerb where Answer == Int {
        MemoryVerb("prune") { transaction in
            let instant = request.endedBefore
            let surplus = transaction.surplus(request.keep)
            let ended = transaction.tables.runs.values.filter {
                $0.status.isFinal && ($0.lastMovedAt < instant || surplus.contains($0.id))
            }
            let oldest = ended.map { Timed($0.lastMovedAt, $0.id) }.sorted().prefix(request.limit)
            for entry in oldest { transaction.removeRun(entry.id) }
            let now = transaction.now
            transaction.changePeople { people in
                people.usedKeys = people.usedKeys.filter { $0.value.at >= now - IdempotencyKey.kept }
                people.tokens = people.tokens.filter { $0.value.token.expiresAt >= now }
            }
            for (key, until) in transaction.tables.paidUntil where until < now - StartRate.periods.upperBound {
                transaction.pay(key, until: nil)
            }
            for row in transaction.tables.nodes.values where row.node.deadAt.map({ $0 < instant }) ?? false {
                transaction.removeNode(row.node.id)
            }
            return oldest.count
        }
    }
}

extension MemoryTransaction {
    /// Ended runs beyond those that a space may keep.
    fileprivate func surplus(_ keep: Int?) -> Set<RunID> {
        guard let keep else { return [] }
        let ended = tables.runs.values.filter { !$0.status.isLive }
        let surplus = Dictionary(grouping: ended, by: \.userID).values.flatMap { runs -> ArraySlice<Run> in
            let newestFirst = runs.sorted { ($0.scheduledFor, $0.id) > ($1.scheduledFor, $1.id) }
            return newestFirst.dropFirst(keep)
        }
        return Set(surplus.map(\.id))
    }

    fileprivate func add(_ node: Node) {
        put(NodeRow(node: node, lease: node.leaseUntil - node.startedAt, heldSince: now))
    }

    fileprivate func markDead(_ id: NodeID) {
        guard var row = tables.nodes[id] else { return }
        row.node.deadAt = row.node.deadAt ?? now
        row.node.leaseUntil = min(row.node.leaseUntil, now)
        put(row)
    }

    /// By (scheduledFor, id).
    fileprivate func claimedRuns(_ matches: (Run) -> Bool) -> [Run] {
        tables.claimedBy.values.joined().compactMap { tables.runs[$0] }.filter(matches)
            .sorted { ($0.scheduledFor, $0.id) < ($1.scheduledFor, $1.id) }
    }

    /// Hold-off: after an outage owners renew before anyone is reaped.
    fileprivate func mayReap(_ id: NodeID, at instant: Instant) -> Bool {
        guard let node = tables.nodes[id] else { return kind == .embedded }
        return kind == .embedded || (node.isLive(at: instant) && node.heldSince <= instant - node.lease)
    }

    fileprivate func elapsedNodes(at instant: Instant) -> [NodeID] {
        guard kind == .cluster else { return [] }
        return tables.nodes.values.filter { $0.node.deadAt == nil && $0.node.leaseUntil <= instant }
            .map(\.node.id).sorted()
    }

    /// Its node is gone, its attempt is past its deadline, or nobody started it for a lease length.
    fileprivate func isLost(_ run: Run, at instant: Instant) -> Bool {
        if let deadline = run.runDeadline, deadline < instant { return true }
        guard kind == .cluster else { return false }
        guard let owner = run.owner, tables.nodes[owner]?.isLive(at: instant) == true else { return true }
        // A run that was overdue when it was claimed has its lease length from then.
        return run.status == .queued && max(run.dueAt, run.lastMovedAt) + lease < instant
    }

    fileprivate var mayBeLost: Bool {
        let now = roughNow
        return !elapsedNodes(at: now).isEmpty || !claimedRuns { isLost($0, at: now) }.isEmpty
    }

    /// Whether its job, its key and the parked runs that may come next are locked too.
    fileprivate func canEnd(_ run: Run, _ locked: Set<LockName>) -> Bool {
        guard locked.isSuperset(of: [.run(run.id), .job(run.jobID)]) else { return false }
        guard let job = tables.jobs[run.jobID], job.limitsStarts || run.concurrencyKey != nil else { return true }
        return locked.contains(.key(run.overlapKey))
            && nextParked(run.overlapKey).allSatisfy { locked.contains(.run($0.id)) }
    }

    fileprivate func take(_ runs: [Run]) throws -> ReapAnswer {
        var answer = ReapAnswer()
        for run in runs {
            if run.status == .queued { answer.queued += 1 } else { answer.running += 1 }
            try takeAway(run.id, reason: .leaseLost)
        }
        return answer
    }

    fileprivate var rebootJobs: [JobID] {
        tables.jobs.values.filter { $0.schedule.kind == .reboot && $0.deletedAt == nil }.map(\.id).sorted()
    }

    fileprivate func planReboots() throws {
        let now = now
        for id in rebootJobs {
            var job = try job(id)
            guard let run = withRandom({ PlanRule.reboot(&job, now: now, random: &$0) }) else { continue }
            put(run)
            put(job)
        }
    }
}

extension [NodeID] {
    fileprivate func uniqued() -> [NodeID] { Set(self).sorted() }
}

extension [(LockName, LockMode)] {
    /// Each name once, by the strongest of its modes.
    fileprivate var strongest: [(LockName, LockMode)] {
        Dictionary(self, uniquingKeysWith: { Swift.max($0, $1) }).map { ($0.key, $0.value) }
    }
}
