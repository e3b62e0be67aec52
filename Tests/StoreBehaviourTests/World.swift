import CronModel
import CronSchedule
import CronStoreSQLite
import CronTesting
import Foundation
import Testing

/// The stores that the suite holds to one behaviour: a new driver is one more case.
enum Driver: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case memory
    case sqlite

    var testDescription: String { rawValue }
}

/// A store with a clock that a test moves, one user and one node.
final class World {
    let store: any Store
    let clock: TestClock
    let owner = UserID(high: 9, low: 9)
    var node = NodeID(high: 1, low: 1)
    private var random = RandomSource(seed: 3)
    private var jobCount = 0
    private var wheel: [Claim] = []

    static func with(_ driver: Driver, seed: UInt64 = 42, _ body: (World) async throws -> Void) async throws {
        let clock = TestClock()
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let store: any Store =
            switch driver {
            case .memory: MemoryStore(clock: clock, seed: seed)
            case .sqlite:
                try SQLiteStore.open(path: directory.appending(path: "s.sqlite").path, clock: clock, seed: seed)
            }
        let world = World(store: store, clock: clock)
        try await world.register(1)
        do { try await body(world) } catch {
            await store.close()
            throw error
        }
        try await world.checkInvariants()
        await store.close()
    }

    init(store: any Store, clock: TestClock) {
        self.store = store
        self.clock = clock
    }

    /// A new incarnation takes over, as after a crash.
    @discardableResult
    func register(_ number: UInt64) async throws -> ReapAnswer {
        node = NodeID(high: number, low: number)
        return try await store.register(
            Node(id: node, pid: 1, host: "h", version: "v", startedAt: clock.now, leaseUntil: clock.now + .seconds(15)))
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
        try await store.plan(
            PlanRequest(node: node, lead: .seconds(5), threshold: .milliseconds(2_500), claimLimit: claims))
    }

    func claim(_ limit: Int = 1_000) async throws -> [Claim] {
        try await store.claim(ClaimRequest(node: node, lead: .seconds(5), limit: limit)).claims
    }

    /// Plans, and claims what was waiting too.
    func claims() async throws -> [Claim] {
        let planned = try await plan().claims
        return planned + (try await claim())
    }

    func start(_ claims: [Claim], early: Span = .zero) async throws -> [StartAnswer] {
        try await store.start(StartRequest(node: node, tokens: claims.map(\.token), early: early))
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

// MARK: - Invariants

extension World {
    /// What holds after every transaction, whatever happened.
    func checkInvariants() async throws {
        var query = JobQuery(owner: owner)
        query.limit = 1_000
        for view in try await store.jobs(query).items {
            let runs = try await runs(view.job)
            for run in runs { checkPath(run) }
            checkSlots(view.job, runs)
        }
    }

    private func checkPath(_ run: Run) {
        let events = run.events
        #expect(events.first?.from == nil && events.first?.to == .pending)
        var fence: Int64 = 0
        for (before, after) in zip(events, events.dropFirst()) {
            #expect(after.from == before.to, "run \(run.id)")
            #expect(RunStateMachine.allows(before.to, to: after.to), "\(before.to) → \(after.to)")
            #expect(after.fence >= fence, "fences never go down")
            fence = after.fence
        }
        #expect(events.last?.to == run.status)
        #expect((run.owner != nil) == run.status.isClaimed)
    }

    /// No run of the schedule lies beyond the cursor; no two rows hold one slot.
    private func checkSlots(_ job: Job, _ runs: [Run]) {
        var lastEnd = Instant(microseconds: .min)
        for run in runs where run.origin == .schedule {
            #expect(run.lastSlot <= job.cursor, "\(job.definition.name): slot \(run.lastSlot) beyond \(job.cursor)")
            #expect(run.scheduledFor > lastEnd, "\(job.definition.name): slot \(run.scheduledFor) is held twice")
            lastEnd = run.lastSlot
        }
    }
}
