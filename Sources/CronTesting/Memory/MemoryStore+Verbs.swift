package import CronModel
package import CronSchedule

extension MemoryStore {
    package func createJobs(
        _ drafts: [JobDraft], audit: Auditing<[Result<CreatedJob, StoreError>]>?
    ) async throws(StoreError) -> [Result<CreatedJob, StoreError>] {
        try await perform(.createJobs(drafts, audit: audit))
    }

    package func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, idempotency: IdempotencyKey?,
        audit: Auditing<ChangedJob>?
    ) async throws(StoreError) -> ChangedJob {
        try await perform(
            .changeJob(id, owner: owner, version: version, change, idempotency: idempotency, audit: audit))
    }

    package func look(forLost: Bool) async throws(StoreError) -> LookAnswer {
        try await perform(.look(forLost: forLost))
    }

    package func plan(_ request: PlanRequest) async throws(StoreError) -> PlanAnswer {
        try await perform(.plan(request))
    }

    package func claim(_ request: ClaimRequest) async throws(StoreError) -> ClaimAnswer {
        try await perform(.claim(request))
    }

    package func start(_ request: StartRequest) async throws(StoreError) -> [StartAnswer] {
        try await perform(.start(request))
    }

    package func finish(_ finishes: [Finish], node: NodeID) async throws(StoreError) -> [FinishAnswer] {
        try await perform(.finish(finishes))
    }

    package func watch() async throws(StoreError) -> WatchAnswer { try await perform(.watch()) }

    package func settle(_ results: [NoticeResult]) async throws(StoreError) { try await perform(.settle(results)) }

    package func handBack(_ tokens: [ClaimToken], node: NodeID) async throws(StoreError) {
        try await perform(.handBack(tokens, node: node))
    }

    package func repair(held: Set<ClaimToken>, node: NodeID) async throws(StoreError) -> RepairAnswer {
        try await perform(.repair(held: held, node: node))
    }

    package func reap(node: NodeID) async throws(StoreError) -> ReapAnswer { try await perform(.reap(node: node)) }

    package func prune(_ request: PruneRequest) async throws(StoreError) -> Int {
        try await perform(.prune(request))
    }

    package func cancelRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run {
        try await perform(.cancelRun(id, owner: owner, audit: audit))
    }

    package func redriveRun(
        _ id: RunID, owner: UserID, payload: JSONValue?, idempotency: IdempotencyKey?, audit: Auditing<Run>?
    ) async throws(StoreError) -> RedrivenRun {
        try await perform(
            .redriveRun(id, owner: owner, payload: payload, idempotency: idempotency, audit: audit))
    }

    package func discardRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run {
        try await perform(.discardRun(id, owner: owner, audit: audit))
    }

    package func register(_ node: Node) async throws(StoreError) -> ReapAnswer { try await perform(.register(node)) }

    package func heartbeat(node: NodeID, lease: Span) async throws(StoreError) -> HeartbeatAnswer {
        try await perform(.heartbeat(node, lease: lease))
    }

    package func retire(node: NodeID) async throws(StoreError) { try await perform(.retire(node)) }

    package func createUser(_ user: User, onlyFirst: Bool, audit: AuditEntry?) async throws(StoreError) {
        try await perform(.createUser(user, onlyFirst: onlyFirst, audit: audit))
    }

    package func changeUser(
        _ id: UserID, space: UserID?, _ change: UserChange, audit: AuditEntry?
    ) async throws(StoreError) -> User {
        try await perform(.changeUser(id, space: space, change, audit: audit))
    }

    package func addRefreshToken(
        _ token: RefreshToken, proven: String?, audit: AuditEntry?
    ) async throws(StoreError) {
        try await perform(.addRefreshToken(token, proven: proven, audit: audit))
    }

    package func rotateRefreshToken(hash: [UInt8], next: RefreshToken) async throws(StoreError) -> RefreshRotation {
        try await perform(.rotateRefreshToken(hash: hash, next: next))
    }

    package func revokeRefreshFamily(hash: [UInt8]) async throws(StoreError) {
        try await perform(.revokeRefreshFamily(hash: hash))
    }

    package func createResource(_ draft: Resource, audit: Auditing<Resource>?) async throws(StoreError) -> Resource {
        try await perform(.createResource(draft, audit: audit))
    }

    package func changeResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange,
        audit: Auditing<ChangedResource>?
    ) async throws(StoreError) -> Resource {
        try await perform(.changeResource(id, kind, space: space, version: version, change, audit: audit))
    }

    package func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, audit: Auditing<Resource>?
    ) async throws(StoreError) {
        try await perform(.deleteResource(id, kind, space: space, version: version, audit: audit))
    }

    package func appendAudit(_ entry: AuditEntry) async throws(StoreError) { try await perform(.appendAudit(entry)) }
}
