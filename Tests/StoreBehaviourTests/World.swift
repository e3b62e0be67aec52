import CronModel
import CronSchedule
import CronTesting
import Testing

/// A store with a clock that a test moves, one user and one node.
final class World {
    let store: any Store
    let clock: TestClock
    let owner = UserID(high: 9, low: 9)
    var node = NodeID(high: 1, low: 1)
    private var random = RandomSource(seed: 3)
    private var jobCount = 0
    private var wheel: [Claim] = []
    var invariants = Invariants()
    /// Nodes that share the store: leases count, and a dead node's runs are taken by another one.
    private let isCluster: Bool
    private var reapers: UInt64 = 0

    static func with(_ driver: Driver, seed: UInt64 = 42, _ body: (World) async throws -> Void) async throws {
        let clock = TestClock()
        let opened = try await driver.open(clock: clock, seed: seed)
        defer { opened.remove() }
        let world = World(store: opened.store, clock: clock, isCluster: opened.isCluster)
        do {
            try await world.register(1)
            try await body(world)
            try await world.checkInvariants()
        } catch {
            await world.store.close()
            throw error
        }
        await world.store.close()
    }

    init(store: any Store, clock: TestClock, isCluster: Bool = false) {
        self.store = store
        self.clock = clock
        self.isCluster = isCluster
    }

    /// A new incarnation takes over, as after a crash.
    @discardableResult
    func register(_ number: UInt64) async throws -> ReapAnswer {
        if isCluster, number > 1 { try await store.retire(node: node) }
        node = NodeID(high: number, low: number)
        let taken = try await enter(node, pid: 1)
        return isCluster && number > 1 ? try await reapByAnother() : taken
    }

    private func enter(_ id: NodeID, pid: Int32) async throws -> ReapAnswer {
        try await store.register(
            Node(id: id, pid: pid, host: "h", version: "v", startedAt: clock.now, leaseUntil: clock.now + Self.lease))
    }

    func reap() async throws -> ReapAnswer {
        guard isCluster else { return try await store.reap(node: node) }
        try await renewLease()
        return try await reapByAnother()
    }

    /// Reaps at this moment by a node that has held its lease for long enough; its process id is `reaperPID`.
    private func reapByAnother() async throws -> ReapAnswer {
        let now = clock.now
        reapers += 1
        let reaper = NodeID(high: 1 << 32, low: reapers)
        clock.set(now - .seconds(20))
        _ = try await enter(reaper, pid: Self.reaperPID)
        for moment in [now - .seconds(10), now] {
            clock.set(moment)
            _ = try await store.heartbeat(node: reaper, lease: Self.lease)
        }
        let taken = try await store.reap(node: reaper)
        try await store.retire(node: reaper)
        return taken
    }

    static let lease = Span.seconds(15)
    static let reaperPID: Int32 = 99

    /// A test moves the clock by minutes; a node would have renewed its lease meanwhile.
    private func renewLease() async throws {
        if isCluster { _ = try await store.heartbeat(node: node, lease: Self.lease) }
    }

    // MARK: Jobs

    func definition(_ schedule: String, _ change: (inout JobDefinition) -> Void = { _ in }) -> JobDefinition {
        jobCount += 1
        var definition = JobDefinition(
            name: "job-\(jobCount)", schedule: schedule, action: ActionDefinition(type: "test", fields: [:]))
        definition.retry.jitter = RetryPolicy.Jitter.none
        change(&definition)
        return definition
    }

    @discardableResult
    func create(_ schedule: String, _ change: (inout JobDefinition) -> Void = { _ in }) async throws -> Job {
        let draft = JobDraft(
            id: JobID(at: clock.now, using: &random), userID: owner, definition: definition(schedule, change))
        return try await store.createJobs([draft])[0].get().job.job
    }

    @discardableResult
    func change(_ job: Job, _ change: JobChange) async throws -> ChangedJob {
        try await store.changeJob(job.id, owner: owner, version: nil, change)
    }

    @discardableResult
    func edit(_ job: Job, rearm: Bool = false, _ change: (inout JobDefinition) -> Void) async throws -> ChangedJob {
        let current = try #require(try await store.job(job.id, owner: owner))
        var definition = current.job.definition
        change(&definition)
        return try await self.change(job, .edit(definition, rearm: rearm))
    }

    func view(_ job: Job) async throws -> JobView { try #require(try await store.job(job.id, owner: owner)) }

    // MARK: The pipeline

    @discardableResult
    func plan(claims: Int = 1_000) async throws -> PlanAnswer {
        try await renewLease()
        return try await store.plan(
            PlanRequest(node: node, lead: .seconds(5), threshold: .milliseconds(2_500), claimLimit: claims))
    }

    func claim(_ limit: Int = 1_000) async throws -> [Claim] {
        try await renewLease()
        return try await store.claim(ClaimRequest(node: node, lead: .seconds(5), limit: limit)).claims
    }

    /// Plans, and claims what was waiting too.
    func claims() async throws -> [Claim] {
        let planned = try await plan().claims
        return planned + (try await claim())
    }

    func start(_ claims: [Claim], early: Span = .zero) async throws -> [StartAnswer] {
        try await renewLease()
        return try await store.start(StartRequest(node: node, tokens: claims.map(\.token), early: early))
    }

    @discardableResult
    func finish(_ claim: Claim, _ outcome: Outcome = .success) async throws -> FinishAnswer {
        try await store.finish([Finish(token: claim.token, outcome: outcome)], node: node)[0]
    }

    /// Runs whatever is due to an outcome, keeping claims of the future as a timer wheel does; answers how many started.
    @discardableResult
    func runDue(_ outcome: Outcome = .success) async throws -> Int {
        wheel += try await claims()
        let due = wheel.filter { $0.dueAt <= clock.now }.sorted { $0.dueAt < $1.dueAt }
        wheel.removeAll { $0.dueAt <= clock.now }
        var started = 0
        for claim in due {
            if case .started = try await start([claim])[0] {
                started += 1
                try await finish(claim, outcome)
            }
        }
        return started
    }

    // MARK: Looking

    func runs(_ job: Job) async throws -> [Run] {
        var query = RunQuery(owner: owner)
        query.jobID = job.id
        query.limit = 1_000
        return try await store.runs(query).items
    }

    func run(_ id: RunID) async throws -> Run { try #require(try await store.run(id, owner: owner)) }

    /// Slots by status, as seconds after the clock's start, ranges as first...last.
    func ledger(_ job: Job) async throws -> [String] {
        try await runs(job).map { run in
            let second = (run.scheduledFor - TestClock.start).microseconds / 1_000_000
            let last = run.lastScheduledFor.map { "...\(($0 - TestClock.start).microseconds / 1_000_000)" } ?? ""
            let ending = run.status == .skipped || run.status == .cancelled ? "(\(run.reason?.name ?? ""))" : ""
            return "\(second)\(last) \(run.status.name)\(ending)"
        }
    }

    static let transient = Outcome(
        kind: .httpError, verdict: .transient, reach: .answered, httpStatus: 503, error: "503")
    static let permanent = Outcome(
        kind: .httpError, verdict: .permanent, reach: .answered, httpStatus: 404, error: "404")
}
