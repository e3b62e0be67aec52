package import CronModel
package import CronSchedule
import Synchronization

/// Any store behind a line that fails when a test says so.
package final class FaultyStore: Store {
    package enum Verb: String, Sendable, CaseIterable {
        case createJobs, changeJob, readJobs
        case look, plan, claim, start, finish, handBack, repair, reap, prune
        case cancelRun, redriveRun, discardRun, readRuns
        case watch, settle, readWatches
        case register, heartbeat, retire, readNodes
        case accounts, resources, audit, check
    }

    package enum Fault: Hashable, Sendable {
        /// The verb does not happen: `unavailable`.
        case beforeCommit
        /// It happens and its answer is lost: `outcomeUnknown`.
        case afterCommit
        /// It happens later by the store's clock.
        case delay(Span)
    }

    let store: any Store
    private let state = Mutex(State())

    private struct State {
        var next: [Verb: [Fault?]] = [:]
        var isDown = false
        var counts: [Verb: Int] = [:]
        var observers: [Verb: @Sendable () -> Void] = [:]
    }

    package init(_ store: any Store) { self.store = store }

    package var clock: any EngineClock { store.clock }
    package var description: String { "faulty \(store.description)" }

    /// Fails the next calls of a verb, one fault each; nil lets that call pass.
    package func fail(_ verb: Verb, _ faults: Fault?...) {
        state.withLock { $0.next[verb, default: []] += faults }
    }

    /// While true, nothing happens.
    package func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    /// Called before each call of a verb.
    package func whenCalled(_ verb: Verb, _ observer: @escaping @Sendable () -> Void) {
        state.withLock { $0.observers[verb] = observer }
    }

    package func count(_ verb: Verb) -> Int { state.withLock { $0.counts[verb, default: 0] } }

    func call<Answer>(
        _ verb: Verb, _ body: () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        state.withLock { $0.observers[verb] }?()
        let fault: Fault? = state.withLock { state in
            state.counts[verb, default: 0] += 1
            if state.isDown { return .beforeCommit }
            guard let first = state.next[verb]?.first else { return nil }
            state.next[verb]?.removeFirst()
            return first
        }
        if case .delay(let span) = fault { await store.clock.wait(until: store.clock.now + span) }
        if fault == .beforeCommit { throw .unavailable("\(verb.rawValue) was made to fail") }
        let answer = try await body()
        if fault == .afterCommit { throw .outcomeUnknown("the answer of \(verb.rawValue) was lost") }
        return answer
    }
}

extension FaultyStore {
    package func check() async throws(StoreError) {
        try await call(.check) { () throws(StoreError) in try await store.check() }
    }

    package func close() async { await store.close() }

    package func createJobs(
        _ drafts: [JobDraft], audit: Auditing<[Result<CreatedJob, StoreError>]>?
    ) async throws(StoreError) -> [Result<CreatedJob, StoreError>] {
        try await call(.createJobs) { () throws(StoreError) in try await store.createJobs(drafts, audit: audit) }
    }

    package func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, idempotency: IdempotencyKey?,
        audit: Auditing<ChangedJob>?
    ) async throws(StoreError) -> ChangedJob {
        try await call(.changeJob) { () throws(StoreError) in
            try await store.changeJob(
                id, owner: owner, version: version, change, idempotency: idempotency, audit: audit)
        }
    }

    package func job(_ id: JobID, owner: UserID) async throws(StoreError) -> JobView? {
        try await call(.readJobs) { () throws(StoreError) in try await store.job(id, owner: owner) }
    }

    package func job(named name: String, owner: UserID) async throws(StoreError) -> JobView? {
        try await call(.readJobs) { () throws(StoreError) in try await store.job(named: name, owner: owner) }
    }

    package func jobs(_ query: JobQuery) async throws(StoreError) -> Page<JobView> {
        try await call(.readJobs) { () throws(StoreError) in try await store.jobs(query) }
    }

    package func selectJobs(_ query: JobQuery) async throws(StoreError) -> JobSelection {
        try await call(.readJobs) { () throws(StoreError) in try await store.selectJobs(query) }
    }

    package func watch() async throws(StoreError) -> WatchAnswer {
        try await call(.watch) { () throws(StoreError) in try await store.watch() }
    }

    package func settle(_ results: [NoticeResult]) async throws(StoreError) {
        try await call(.settle) { () throws(StoreError) in try await store.settle(results) }
    }

    package func watch(of job: JobID, owner: UserID) async throws(StoreError) -> Watch? {
        try await call(.readWatches) { () throws(StoreError) in try await store.watch(of: job, owner: owner) }
    }

    package func look(forLost: Bool) async throws(StoreError) -> LookAnswer {
        try await call(.look) { () throws(StoreError) in try await store.look(forLost: forLost) }
    }

    package func plan(_ request: PlanRequest) async throws(StoreError) -> PlanAnswer {
        try await call(.plan) { () throws(StoreError) in try await store.plan(request) }
    }

    package func claim(_ request: ClaimRequest) async throws(StoreError) -> ClaimAnswer {
        try await call(.claim) { () throws(StoreError) in try await store.claim(request) }
    }

    package func start(_ request: StartRequest) async throws(StoreError) -> [StartAnswer] {
        try await call(.start) { () throws(StoreError) in try await store.start(request) }
    }

    package func finish(_ finishes: [Finish], node: NodeID) async throws(StoreError) -> [FinishAnswer] {
        try await call(.finish) { () throws(StoreError) in try await store.finish(finishes, node: node) }
    }

    package func handBack(_ tokens: [ClaimToken], node: NodeID) async throws(StoreError) {
        try await call(.handBack) { () throws(StoreError) in try await store.handBack(tokens, node: node) }
    }

    package func repair(held: Set<ClaimToken>, node: NodeID) async throws(StoreError) -> RepairAnswer {
        try await call(.repair) { () throws(StoreError) in try await store.repair(held: held, node: node) }
    }

    package func reap(node: NodeID) async throws(StoreError) -> ReapAnswer {
        try await call(.reap) { () throws(StoreError) in try await store.reap(node: node) }
    }

    package func prune(_ request: PruneRequest) async throws(StoreError) -> Int {
        try await call(.prune) { () throws(StoreError) in try await store.prune(request) }
    }

    package func cancelRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run {
        try await call(.cancelRun) { () throws(StoreError) in
            try await store.cancelRun(id, owner: owner, audit: audit)
        }
    }

    package func redriveRun(
        _ id: RunID, owner: UserID, payload: JSONValue?, idempotency: IdempotencyKey?, audit: Auditing<Run>?
    ) async throws(StoreError) -> RedrivenRun {
        try await call(.redriveRun) { () throws(StoreError) in
            try await store.redriveRun(id, owner: owner, payload: payload, idempotency: idempotency, audit: audit)
        }
    }

    package func discardRun(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(StoreError) -> Run {
        try await call(.discardRun) { () throws(StoreError) in
            try await store.discardRun(id, owner: owner, audit: audit)
        }
    }

    package func run(_ id: RunID, owner: UserID) async throws(StoreError) -> Run? {
        try await call(.readRuns) { () throws(StoreError) in try await store.run(id, owner: owner) }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> Page<Run> {
        try await call(.readRuns) { () throws(StoreError) in try await store.runs(query) }
    }

    package func deadLetterCount(_ query: RunQuery, upTo most: Int) async throws(StoreError) -> Int {
        try await call(.readRuns) { () throws(StoreError) in try await store.deadLetterCount(query, upTo: most) }
    }

    package func attempts(of ids: [RunID], owner: UserID) async throws(StoreError) -> [RunID: [Attempt]] {
        try await call(.readRuns) { () throws(StoreError) in try await store.attempts(of: ids, owner: owner) }
    }

    package func runCounts() async throws(StoreError) -> [RunStatus: Int] {
        try await call(.readRuns) { () throws(StoreError) in try await store.runCounts() }
    }

    package func register(_ node: Node) async throws(StoreError) -> ReapAnswer {
        try await call(.register) { () throws(StoreError) in try await store.register(node) }
    }

    package func heartbeat(node: NodeID, lease: Span) async throws(StoreError) -> HeartbeatAnswer {
        try await call(.heartbeat) { () throws(StoreError) in try await store.heartbeat(node: node, lease: lease) }
    }

    package func retire(node: NodeID) async throws(StoreError) {
        try await call(.retire) { () throws(StoreError) in try await store.retire(node: node) }
    }

    package func nodes() async throws(StoreError) -> [Node] {
        try await call(.readNodes) { () throws(StoreError) in try await store.nodes() }
    }

    package func createUser(_ user: User, onlyFirst: Bool, audit: AuditEntry?) async throws(StoreError) {
        try await call(.accounts) { () throws(StoreError) in
            try await store.createUser(user, onlyFirst: onlyFirst, audit: audit)
        }
    }

    package func user(email: String) async throws(StoreError) -> User? {
        try await call(.accounts) { () throws(StoreError) in try await store.user(email: email) }
    }

    package func user(_ id: UserID) async throws(StoreError) -> User? {
        try await call(.accounts) { () throws(StoreError) in try await store.user(id) }
    }

    package func user(session: RefreshToken.UserFamily) async throws(StoreError) -> User? {
        try await call(.accounts) { () throws(StoreError) in try await store.user(session: session) }
    }

    package func users(_ query: UserQuery) async throws(StoreError) -> Page<User> {
        try await call(.accounts) { () throws(StoreError) in try await store.users(query) }
    }

    package func firstUser() async throws(StoreError) -> User? {
        try await call(.accounts) { () throws(StoreError) in try await store.firstUser() }
    }

    package func changeUser(
        _ id: UserID, space: UserID?, _ change: UserChange, audit: AuditEntry?
    ) async throws(StoreError) -> User {
        try await call(.accounts) { () throws(StoreError) in
            try await store.changeUser(id, space: space, change, audit: audit)
        }
    }

    package func addRefreshToken(
        _ token: RefreshToken, proven: String?, audit: AuditEntry?
    ) async throws(StoreError) {
        try await call(.accounts) { () throws(StoreError) in
            try await store.addRefreshToken(token, proven: proven, audit: audit)
        }
    }

    package func rotateRefreshToken(hash: [UInt8], next: RefreshToken) async throws(StoreError) -> RefreshRotation {
        try await call(.accounts) { () throws(StoreError) in
            try await store.rotateRefreshToken(hash: hash, next: next)
        }
    }

    package func revokeRefreshFamily(hash: [UInt8]) async throws(StoreError) {
        try await call(.accounts) { () throws(StoreError) in try await store.revokeRefreshFamily(hash: hash) }
    }
}
