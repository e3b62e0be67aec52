import CronModel
import CronSchedule
import CronTesting
import HashTreeCollections
import Testing

/// The memory store's locks behave as PostgreSQL's do.
@Suite struct LockTests {
    @Test func planningAndStartingDoNotWaitForEachOther() throws {
        let bench = try Bench()
        _ = try bench.create("* * * * * *") { $0.overlap = .allow }
        let claims = try bench.plan()
        bench.clock.advance(by: .seconds(4))
        let planning = try bench.open(
            .plan(PlanRequest(node: Bench.node(1), lead: .seconds(5), threshold: .seconds(5), claimLimit: 9)))
        #expect(planning.answer.planned > 0)
        #expect(try bench.done(Bench.starting(1, [claims[0]]))[0].verdictName == "started")
        _ = try planning.commit()
    }

    @Test func startsOfALimitedJobWaitForEachOther() throws {
        let bench = try Bench()
        _ = try bench.create("* * * * * *") { $0.overlap = .skip }
        let claims = try bench.plan()
        bench.clock.advance(by: .seconds(2))
        let first = try bench.open(Bench.starting(1, [claims[0]]))
        let verb = Bench.starting(1, [claims[1]])
        let second = try bench.blocked(verb)
        _ = try first.commit()
        #expect(!bench.database.isBlocked(second.id))
        #expect(try bench.resume(verb, second).commit()[0].verdictName == "skipped", "it sees the first one RUNNING")
    }

    @Test func lockedRowsArePassedOver() throws {
        let bench = try Bench()
        try bench.register(2)
        _ = try bench.create("in 1s")
        _ = try bench.create("in 2s")
        let first = try bench.open(Bench.claiming(1))
        #expect(first.answer.claims.count == 2)
        #expect(try bench.claim(2).isEmpty)
        first.rollback()
        #expect(try bench.claim(2).count == 2)
    }

    @Test func anEditMeetsBothAndOthersQueueBehindIt() throws {
        let bench = try Bench()
        let job = try bench.create("* * * * * *")
        let claims = try bench.plan()
        bench.clock.advance(by: .seconds(1))
        let starting = try bench.open(Bench.starting(1, [claims[0]]))
        let edit = MemoryVerb.changeJob(job.id, owner: bench.owner, version: nil, .pause)
        let editing = try bench.blocked(edit)
        #expect(try bench.plan().isEmpty, "the job is not locked yet, but it has no slot to plan")
        _ = try starting.commit()
        let later = Bench.starting(1, [claims[1]])
        let waiting = try bench.blocked(later)
        #expect(try bench.resume(edit, editing).commit().job.job.state == .paused)
        #expect(try bench.resume(later, waiting).commit()[0].verdictName == "stale", "its run was withdrawn")
        #expect(bench.database.isQuiet)
    }

    @Test func aChangeKeepsItsLocksWhileItWaitsForTheClock() throws {
        let bench = try Bench()
        let job = try bench.create("* * * * * *")
        let claims = try bench.plan()
        bench.clock.advance(by: .milliseconds(970))
        let early = Bench.starting(1, [claims[0]], early: .milliseconds(50))
        #expect(try bench.done(early)[0].verdictName == "started")
        let pause = MemoryVerb.changeJob(job.id, owner: bench.owner, version: nil, .pause)
        guard case .waiting(let until, let pausing) = try bench.database.stage(pause) else {
            Issue.record("it must wait until the start's due time has passed")
            return
        }
        #expect(until == claims[0].dueAt)
        let start = Bench.starting(1, [claims[1]])
        let starting = try bench.blocked(start)
        bench.clock.advance(by: .milliseconds(30))
        #expect(try bench.resume(pause, pausing).commit().job.job.state == .paused)
        #expect(try bench.resume(start, starting).commit()[0].verdictName == "stale")
    }

    @Test func aRolledBackTransactionLeavesNothing() throws {
        let bench = try Bench()
        let job = try bench.create("* * * * * *")
        let before = bench.database.tables
        try bench.open(.changeJob(job.id, owner: bench.owner, version: nil, .pause)).rollback()
        let planning = try bench.open(
            .plan(PlanRequest(node: Bench.node(1), lead: .seconds(5), threshold: .seconds(5), claimLimit: 9)))
        #expect(planning.answer.claims.count == 5)
        planning.rollback()
        #expect(bench.database.tables.jobs == before.jobs)
        #expect(bench.database.tables.runs.isEmpty)
        #expect(bench.database.isQuiet)
    }

    @Test func whoeverClosesACircleGivesUp() throws {
        let bench = try Bench()
        let jobs = try [bench.create("in 1s"), bench.create("in 1s")].sorted { $0.id < $1.id }
        let claims = try bench.claim(1).sorted { $0.jobID < $1.jobID }
        bench.clock.advance(by: .seconds(1))
        // Takes the second job first, as no verb does, and then wants the first.
        let second = try bench.open(.changeJob(jobs[1].id, owner: bench.owner, version: nil, .trigger(payload: nil)))
        let both = Bench.starting(1, claims)
        let waiting = try bench.blocked(both)
        #expect(throws: StoreError.self) {
            _ = try bench.database.stage(
                .changeJob(jobs[0].id, owner: bench.owner, version: nil, .pause), continuing: second.transaction)
        }
        #expect(try bench.resume(both, waiting).commit().map(\.verdictName) == ["started", "started"])
        #expect(bench.database.isQuiet)
    }

    @Test func aCancelledChangeLetsGoOfItsLocks() async throws {
        let waiting = try await ChangeAndStart(lease: .seconds(15))
        waiting.pausing.cancel()
        await #expect(throws: StoreError.self) { try await waiting.pausing.value }
        #expect(try await waiting.starting.value[0].verdictName == "put_back")
    }

    @Test func aLockIsWaitedForOnlySoLong() async throws {
        let waiting = try await ChangeAndStart(lease: .milliseconds(15))
        waiting.clock.advance(by: .milliseconds(5))
        await #expect(throws: StoreError.unavailable("a lock was waited for too long")) {
            try await waiting.starting.value
        }
        waiting.clock.advance(by: .milliseconds(5))
        #expect(try await waiting.pausing.value.job.job.state == .paused)
    }
}

/// A pause that waits for the clock with its locks held, and a start that waits for the pause.
private struct ChangeAndStart {
    let clock = TestClock()
    let pausing: Task<ChangedJob, any Error>
    let starting: Task<[StartAnswer], any Error>

    init(lease: Span) async throws {
        let store = MemoryStore(clock: clock, kind: .cluster, lease: lease)
        let node = NodeID(high: 1, low: 1)
        let owner = UserID(high: 1, low: 1)
        let definition = JobDefinition(
            name: "j", schedule: "* * * * * *", action: ActionDefinition(type: "test", fields: [:]))
        let draft = JobDraft(id: JobID(high: 1, low: 1), userID: owner, definition: definition)
        _ = try await store.register(
            Node(id: node, pid: 1, host: "h", version: "v", startedAt: clock.now, leaseUntil: clock.now + .seconds(60)))
        _ = try await store.createJobs([draft])
        let plan = PlanRequest(node: node, lead: .seconds(5), threshold: .seconds(5), claimLimit: 9)
        let tokens = try await store.plan(plan).claims.map(\.token)
        clock.advance(by: .milliseconds(990))
        _ = try await store.start(StartRequest(node: node, tokens: [tokens[0]], early: .milliseconds(50)))
        pausing = Task { try await store.changeJob(draft.id, owner: owner, version: nil, .pause) }
        while clock.waiterCount == 0 { await Task.yield() }
        starting = Task { try await store.start(StartRequest(node: node, tokens: [tokens[1]], early: .zero)) }
        while clock.waiterCount == 1 { await Task.yield() }
    }
}
