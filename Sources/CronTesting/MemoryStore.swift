package import CronModel
package import CronSchedule

/// The specification as a store: each verb stages its transaction and commits it at once.
package actor MemoryStore: Store {
    package nonisolated let clock: any EngineClock
    package nonisolated let description = "memory"
    let database: MemoryDatabase

    package init(clock: any EngineClock, seed: UInt64) {
        self.clock = clock
        database = MemoryDatabase(clock: clock, random: RandomSource(seed: seed))
    }

    package func check() {}
    package func close() {}

    /// Runs a verb to its commit, waiting for the clock where the verb asks for it.
    func perform<Value: Sendable>(
        _ verb: @Sendable (MemoryTransaction) throws -> Value
    ) async throws(StoreError) -> Value {
        while true {
            switch database.stage(verb) {
            case .open(let staged):
                staged.commit()
                return staged.value
            case .refused(let error):
                throw error
            case .notBefore(let instant):
                await clock.wait(until: instant)
            case .blocked(let holder):
                throw .unavailable("transaction \(holder) is open")
            }
        }
    }
}

extension MemoryStore {
    package func createJobs(_ drafts: [JobDraft]) async throws(StoreError) -> [Result<CreatedJob, StoreError>] {
        var results: [Result<CreatedJob, StoreError>] = []
        for draft in drafts {
            do throws(StoreError) {
                results.append(.success(try await perform { try $0.create(draft) }))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    package func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange
    ) async throws(StoreError) -> ChangedJob {
        try await perform { try $0.change(id, owner: owner, version: version, change) }
    }

    package func plan(_ request: PlanRequest) async throws(StoreError) -> PlanAnswer {
        try await perform { try $0.plan(request) }
    }

    package func claim(_ request: ClaimRequest) async throws(StoreError) -> ClaimAnswer {
        try await perform { try $0.claim(request) }
    }

    package func start(_ request: StartRequest) async throws(StoreError) -> [StartAnswer] {
        try await perform { try $0.start(request) }
    }

    package func finish(_ finishes: [Finish], node: NodeID) async throws(StoreError) -> [FinishAnswer] {
        try await perform { try $0.finish(finishes) }
    }

    package func handBack(_ tokens: [ClaimToken], node: NodeID) async throws(StoreError) {
        try await perform { try $0.handBack(tokens, node: node) }
    }

    package func repair(held: Set<ClaimToken>, node: NodeID) async throws(StoreError) -> RepairAnswer {
        try await perform { try $0.repair(held: held, node: node) }
    }

    package func reap(node: NodeID) async throws(StoreError) -> ReapAnswer { try await perform { try $0.reap() } }

    package func prune(endedBefore instant: Instant, limit: Int) async throws(StoreError) -> Int {
        try await perform { $0.prune(endedBefore: instant, limit: limit) }
    }

    package func cancelRun(_ id: RunID, owner: UserID) async throws(StoreError) -> Run {
        try await perform { try $0.cancelRun(id, owner: owner) }
    }

    package func redriveRun(_ id: RunID, owner: UserID, payload: JSONValue?) async throws(StoreError) -> Run {
        try await perform { try $0.redriveRun(id, owner: owner, payload: payload) }
    }

    package func discardRun(_ id: RunID, owner: UserID) async throws(StoreError) -> Run {
        try await perform { try $0.discardRun(id, owner: owner) }
    }

    package func register(_ node: Node) async throws(StoreError) -> ReapAnswer {
        try await perform { try $0.register(node) }
    }

    package func heartbeat(node: NodeID, lease: Span) async throws(StoreError) -> HeartbeatAnswer {
        try await perform { $0.heartbeat(node, lease: lease) }
    }

    package func retire(node: NodeID) async throws(StoreError) {
        try await perform { transaction in
            let now = transaction.now
            transaction.write { tables in
                tables.nodes[node]?.leaseUntil = now
                tables.nodes[node]?.deadAt = now
            }
        }
    }
}
