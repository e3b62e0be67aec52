package import CronModel
package import CronSchedule
import PostgresClient

/// The verbs of the pipeline, in its order.
extension PostgresStore {
    package func look(forLost: Bool) async throws(StoreError) -> LookAnswer {
        let row = try await ask(Session.look(moment, head: Session.head(clock), forLost: forLost)) { try $0.instant(0) }
        do {
            return LookAnswer(
                nextSlot: try row.instantOrNil(1), nextDueAt: try row.instantOrNil(2), mayBeLost: try row.bool(3),
                watchAt: try row.instantOrNil(4))
        } catch {
            throw StoreError(postgres: error, .askedAgain)
        }
    }

    package func plan(_ request: PlanRequest) async throws(StoreError) -> PlanAnswer {
        try await step { try $0.plan(request) }
    }

    package func claim(_ request: ClaimRequest) async throws(StoreError) -> ClaimAnswer {
        let hold = await claimLocks.take()
        let result: Result<ClaimAnswer, StoreError>
        do {
            result = .success(try await step { try $0.claim(request, shards: hold.shards) })
        } catch {
            result = .failure(error)
        }
        await claimLocks.release(hold)
        var answer = try result.get()
        // What is due in the others' shards would be looked for again at once.
        if !hold.isWhole {
            let pause = clock.now + request.lead + ClaimLocks.pause
            answer.nextDueAt = answer.nextDueAt.map { max($0, pause) }
        }
        return answer
    }

    /// After a lost answer the node asks again, and must not take what it remembers for what is stored.
    package func start(_ request: StartRequest) async throws(StoreError) -> [StartAnswer] {
        do {
            return try await startAroundLocks(request)
        } catch {
            memory.forget(request.tokens.map(\.runID))
            throw error
        }
    }

    /// A job or a run that somebody has locked for long holds up itself and nothing else.
    private func startAroundLocks(_ request: StartRequest) async throws(StoreError) -> [StartAnswer] {
        let begun = system.uptime
        let lockWait = patience.lockWait
        let isLate: @Sendable () -> Bool = { [system, patience] in system.uptime - begun > patience.startLimit }
        if memory.mayWaitForLocks(at: begun) {
            do {
                return try await attempt(urgent: true) { try $0.start(request, lockWait: lockWait, isLate: isLate) }
            } catch let error as PostgresError where error.isLockTimeout {
                memory.waitForNoLock(until: system.uptime + LockPatience.pause)
            } catch {
                throw StoreError(postgres: error, .askedAgain)
            }
        }
        return try await step { try $0.start(request, lockWait: lockWait, skipsLocked: true, isLate: isLate) }
    }

    package func finish(_ finishes: [Finish], node: NodeID) async throws(StoreError) -> [FinishAnswer] {
        let work: FinishWork
        do {
            work = try await finishAroundLocks(finishes)
        } catch {
            memory.forget(finishes.map(\.token.runID))
            throw error
        }
        var answers: [ClaimToken: FinishAnswer] = [:]
        for (finish, change) in work.ended {
            let run = change.after
            answers[finish.token] = .applied(run.status, dueAt: run.status == .retrying ? run.dueAt : nil)
        }
        if !work.late.isEmpty {
            let late = work.late
            answers.merge(try await step { try $0.late(late) }) { _, last in last }
        }
        for (job, outcome) in work.disabled {
            // A transaction of its own: it locks all waiting runs of the job, of which the batch's own come in between by
            // id, under a stronger lock of the job than others of the batch may wait with, and it waits for starts that
            // are ahead of their time. The next 410 says it again if this one cannot be written.
            _ = try? await changeJob(
                job, owner: nil, version: nil, .disable(outcome.error ?? "the receiver answered 410 Gone"))
        }
        return finishes.map { answers[$0.token] ?? .superseded }
    }

    /// What somebody has locked for long is waited for apart, with no other locks in hand.
    private func finishAroundLocks(_ finishes: [Finish]) async throws(StoreError) -> FinishWork {
        let lockWait = patience.lockWait
        do {
            return try await attempt(urgent: true) { try $0.finish(finishes, lockWait: lockWait) }
        } catch let error as PostgresError where error.isLockTimeout {
            var work = try await step { try $0.finish(finishes, skipsLocked: true) }
            let left = work.left
            if !left.isEmpty { work.add(try await step { try $0.finish(left) }) }
            return work
        } catch {
            throw StoreError(postgres: error, .askedAgain)
        }
    }

    package func watch() async throws(StoreError) -> WatchAnswer { try await perform { try $0.watch() } }

    package func settle(_ results: [NoticeResult]) async throws(StoreError) {
        try await perform { try $0.settle(results) }
    }

    package func handBack(_ tokens: [ClaimToken], node: NodeID) async throws(StoreError) {
        let fences = Dictionary(tokens.map { ($0.runID, $0.fence) }, uniquingKeysWith: max)
        memory.forget(fences.keys)
        _ = try await step { session in
            try session.takeAway(Array(fences.keys), reason: .handedBack) { run in
                run.owner == node && run.fence == fences[run.id]
            }
        }
    }

    package func repair(held: Set<ClaimToken>, node: NodeID) async throws(StoreError) -> RepairAnswer {
        let found = try await step { try $0.anythingToRepair(node) }
        var answer = RepairAnswer()
        if found.hasQueued {
            let unheld = try await step { try $0.unheld(held, node: node) }
            answer.handedBack = try await takeBack(unheld, node: node)
        }
        if found.hasParked { answer.unparked = try await step { try $0.repairParked() } }
        if found.hasEnded { try await step { try $0.repairFinished() } }
        return answer
    }

    private func takeBack(_ unheld: [ClaimToken], node: NodeID) async throws(StoreError) -> Int {
        guard !unheld.isEmpty else { return 0 }
        let fences = Dictionary(unheld.map { ($0.runID, $0.fence) }, uniquingKeysWith: max)
        return try await step { session in
            try session.takeAway(Array(fences.keys), reason: .handedBack) { run in
                run.status == .queued && run.owner == node && run.fence == fences[run.id]
            }
        }.queued
    }

    package func reap(node: NodeID) async throws(StoreError) -> ReapAnswer {
        try await step { try $0.markDead(by: node) }
        return try await step { try $0.reap(node) }
    }

    package func prune(_ request: PruneRequest) async throws(StoreError) -> Int {
        let pruned = try await perform { try $0.prune(request) }
        guard let keep = request.keep, pruned < request.limit else { return pruned }
        // Apart: counting what a space has may take its time, and must not take back what was removed.
        return pruned + (try await perform { try $0.pruneSurplus(keep, atMost: request.limit - pruned) })
    }

    package func register(_ node: Node) async throws(StoreError) -> ReapAnswer {
        try await step { session in
            try session.register(node)
            try session.planReboots(node.id)
        }
        memory.newIncarnation(now: clock.now)
        return ReapAnswer()
    }

    package func retire(node: NodeID) async throws(StoreError) { try await step { try $0.retire(node) } }
}

private enum ChangeAttempt: Sendable {
    case made(ChangedJob)
    case wait(until: Instant)
}

/// The verbs of people.
extension PostgresStore {
    package func createJobs(
        _ drafts: [JobDraft], audit: Auditing<[Result<CreatedJob, StoreError>]>?
    ) async throws(StoreError) -> [Result<CreatedJob, StoreError>] {
        let spaces = Set(drafts.map(\.userID))
        return try await perform(.told, in: spaces.count == 1 ? spaces.first : nil) { session in
            try session.audited(audit) { try session.create(drafts) }
        }
    }

    package func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, idempotency: IdempotencyKey?,
        audit: Auditing<ChangedJob>?
    ) async throws(StoreError) -> ChangedJob {
        while true {
            let attempt: ChangeAttempt = try await perform(.told, in: owner) { session in
                if let idempotency, let owner, let run = try session.started(by: idempotency, of: id, owner: owner) {
                    guard let job = try session.jobs([id]).first else { throw StoreError.notFound }
                    return .made(ChangedJob(replayed: run, of: try session.view([job])[0]))
                }
                let live = try session.lockForChange(id, owner: owner)
                let future = live.filter { $0.status == .running && $0.dueAt > session.now }.map(\.dueAt).max()
                if change.dividesTime, let future {
                    // A clock that only a test moves is not waited for with locks in hand.
                    guard session.fixedClock == nil else { return .wait(until: future) }
                    try session.wait(until: future)
                }
                return .made(
                    try session.audited(audit) {
                        let changed = try session.change(id, live: live, version: version, change)
                        if let run = changed.triggered { try session.keep(idempotency, for: run) }
                        return changed
                    })
            }
            switch attempt {
            case .made(let changed): return changed
            case .wait(let instant): await clock.wait(until: instant)
            }
        }
    }

    package func cancelRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run {
        try await perform(.told, in: owner) { session in
            try session.audited(audit) { try session.cancelRun(id, owner: owner) }
        }
    }

    package func redriveRun(
        _ id: RunID, owner: UserID, payload: JSONValue?, idempotency: IdempotencyKey?, audit: Auditing<Run>?
    ) async throws(StoreError) -> RedrivenRun {
        try await perform(.told, in: owner) { session in
            if let idempotency, let run = try session.started(by: idempotency, redriving: id, owner: owner) {
                return RedrivenRun(run: run, isReplay: true)
            }
            let run = try session.audited(audit) {
                let run = try session.redriveRun(id, owner: owner, payload: payload)
                try session.keep(idempotency, for: run)
                return run
            }
            return RedrivenRun(run: run, isReplay: false)
        }
    }

    package func discardRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run {
        try await perform(.told, in: owner) { session in
            try session.audited(audit) { try session.discardRun(id, owner: owner) }
        }
    }
}
