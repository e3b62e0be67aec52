package import CronModel
package import CronSchedule
import Synchronization

/// The writing verbs: each is one method of the session, in one transaction.
extension SQLiteStore {
    package func createJobs(
        _ drafts: [JobDraft], audit: Auditing<[Result<CreatedJob, StoreError>]>?
    ) async throws(StoreError) -> [Result<CreatedJob, StoreError>] {
        try await writer.perform { session in
            try session.audited(audit) { try drafts.map { try Self.create($0, session) } }
        }
    }

    /// In a savepoint of its own: a refused draft takes back only itself.
    private static func create(_ draft: JobDraft, _ session: WriteSession) throws -> Result<CreatedJob, StoreError> {
        try session.execute("SAVEPOINT draft")
        do {
            let created = try session.create(draft)
            try session.execute("RELEASE draft")
            return .success(created)
        } catch let error as StoreError {
            try session.execute("ROLLBACK TO draft")
            try session.execute("RELEASE draft")
            session.forget()
            return .failure(error)
        }
    }

    package func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, idempotency: IdempotencyKey?,
        audit: Auditing<ChangedJob>?
    ) async throws(StoreError) -> ChangedJob {
        if change.dividesTime { try await hold(id) }
        return try await writer.perform { session in
            session.heldJobs.remove(id)
            if let idempotency, let owner, let run = try session.started(by: idempotency, owner: owner) {
                return ChangedJob(replayed: run, of: try session.view(try session.job(of: run)))
            }
            return try session.audited(audit) {
                let changed = try session.change(id, owner: owner, version: version, change)
                if let run = changed.triggered { try session.keep(idempotency, for: run) }
                return changed
            }
        }
    }

    /// Lets nothing of the job start until the change has been made, and waits until no RUNNING run of it is due in the
    /// future: at most 50 ms, without keeping the writer from others.
    private func hold(_ id: JobID) async throws(StoreError) {
        let until = try await writer.perform { session in
            session.heldJobs.insert(id)
            return session.latestFutureStart(of: id)
        }
        guard let until else { return }
        await clock.wait(until: until)
    }

    package func plan(_ request: PlanRequest) async throws(StoreError) -> PlanAnswer {
        try await writer.perform { try $0.plan(request) }
    }

    package func claim(_ request: ClaimRequest) async throws(StoreError) -> ClaimAnswer {
        try await writer.perform { try $0.claim(request) }
    }

    package func start(_ request: StartRequest) async throws(StoreError) -> [StartAnswer] {
        try await writer.perform { try $0.start(request) }
    }

    package func finish(_ finishes: [Finish], node: NodeID) async throws(StoreError) -> [FinishAnswer] {
        try await writer.perform { try $0.finish(finishes) }
    }

    package func watch() async throws(StoreError) -> WatchAnswer { try await writer.perform { try $0.watch() } }

    package func settle(_ results: [NoticeResult]) async throws(StoreError) {
        try await writer.perform { try $0.settle(results) }
    }

    package func handBack(_ tokens: [ClaimToken], node: NodeID) async throws(StoreError) {
        try await writer.perform { try $0.handBack(tokens, node: node) }
    }

    package func repair(held: Set<ClaimToken>, node: NodeID) async throws(StoreError) -> RepairAnswer {
        try await writer.perform { try $0.repair(held: held, node: node) }
    }

    package func reap(node: NodeID) async throws(StoreError) -> ReapAnswer {
        try await writer.perform { try $0.reap() }
    }

    package func prune(_ request: PruneRequest) async throws(StoreError) -> Int {
        // Counted beside the writer: a space's hundred thousand runs would keep starts waiting.
        let surplus = try await surplus(request)
        let pruned = try await writer.perform { try $0.prune(request, surplus: surplus.runs) }
        if pruned < request.limit { surplusAfter.withLock { $0 = surplus.last } }
        return pruned
    }

    package func cancelRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run {
        try await writer.perform { session in
            try session.audited(audit) { try session.cancelRun(id, owner: owner) }
        }
    }

    package func redriveRun(
        _ id: RunID, owner: UserID, payload: JSONValue?, idempotency: IdempotencyKey?, audit: Auditing<Run>?
    ) async throws(StoreError) -> RedrivenRun {
        try await writer.perform { session in
            if let idempotency, let run = try session.started(by: idempotency, owner: owner) {
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
        try await writer.perform { session in
            try session.audited(audit) { try session.discardRun(id, owner: owner) }
        }
    }

    package func register(_ node: Node) async throws(StoreError) -> ReapAnswer {
        try await writer.perform { try $0.register(node) }
    }

    package func heartbeat(node: NodeID, lease: Span) async throws(StoreError) -> HeartbeatAnswer {
        try await writer.perform { try $0.heartbeat(node: node, lease: lease) }
    }

    package func retire(node: NodeID) async throws(StoreError) {
        try await writer.perform { try $0.retire(node: node) }
    }
}
