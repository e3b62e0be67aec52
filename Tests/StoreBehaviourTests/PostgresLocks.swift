import CronEngine
import CronModel
import CronSchedule
import CronTesting
import PostgresClient
import Synchronization
import Testing

@testable import CronStorePostgres

/// A node that freezes in a transaction keeps its locks until the server ends it. What it has locked waits that long, and
/// nothing else does.
@Suite(.timeLimit(.minutes(2))) struct PostgresLocks {
    private static let patience = LockPatience(
        lockWait: LockPatience.standard.lockWait, startLimit: RaceNode.longPatience.startLimit)
    private static let kinds: [(OverlapPolicy, String)] = [(.allow, "FOR UPDATE"), (.skip, "FOR NO KEY UPDATE")]

    @Test(arguments: kinds)
    func aStartPassesOverAJobThatIsLocked(_ overlap: OverlapPolicy, _ lock: String) async throws {
        try await RaceNode.together(patience: Self.patience) { nodes in
            let node = nodes[0]
            let claims = try await node.dueClaims(count: 3) { $0.overlap = overlap }
            let held = "SELECT FROM jobs WHERE id = '\(claims[0].jobID)' \(lock)"
            try await node.whileLocked(held) {
                #expect(try await node.start(Array(claims[...1])).map(\.verdictName) == ["put_back", "started"])
                #expect(!node.store.memory.mayWaitForLocks(at: .zero))
                #expect(try await node.start([claims[0], claims[2]]).map(\.verdictName) == ["put_back", "started"])
                let run = try await node.run(claims[0])
                #expect(run.status == .queued && run.attempt == 0 && run.fence == claims[0].token.fence)
            }
            #expect(try await node.start([claims[0]]).map(\.verdictName) == ["started"])
        }
    }

    @Test func aStartPassesOverAKeyAndARunThatAreLocked() async throws {
        try await RaceNode.together(patience: Self.patience) { nodes in
            let node = nodes[0]
            let claims = try await node.dueClaims(count: 4) { $0.concurrencyKey = $0.name == "job-0" ? "one" : nil }
            let key = "SELECT pg_advisory_xact_lock(\(Session.keyLock), hashtext('\(claims[0].key.text)'))"
            let keyed = try await node.whileLocked(key) { try await node.start(Array(claims[...1])) }
            #expect(keyed.map(\.verdictName) == ["put_back", "started"])
            let run = "SELECT FROM live_runs WHERE id = '\(claims[2].token.runID)' FOR UPDATE"
            let others = try await node.whileLocked(run) { try await node.start(Array(claims[2...])) }
            #expect(others.map(\.verdictName) == ["put_back", "started"])
            #expect(try await node.start([claims[0], claims[2]]).map(\.verdictName) == ["started", "started"])
        }
    }

    /// An attempt that could not be sent any more would be lost, and under at-most-once the run with it.
    @Test func aStartThatTookTooLongIsPutBack() async throws {
        let clock = JumpingClock()
        try await RaceNode.together(system: clock) { nodes in
            let node = nodes[0]
            let claims = try await node.dueClaims(count: 1)
            clock.jumpsAtEachReading(by: RaceNode.longPatience.startLimit + .milliseconds(1))
            #expect(try await node.start(claims).map(\.verdictName) == ["put_back"])
            #expect(try await node.run(claims[0]).attempt == 0)
            clock.jumpsAtEachReading(by: .zero)
            #expect(try await node.start(claims).map(\.verdictName) == ["started"])
        }
    }

    @Test func whatAStartMayTakeLeavesTimeToSend() {
        #expect(LockPatience.standard.lockWait < LockPatience.standard.startLimit)
        #expect(LockPatience.standard.startLimit < EngineSettings.sendWindow)
    }

    @Test func noLockIsWaitedForUntilThePauseIsOver() {
        let memory = Memory(random: RandomSource(seed: 1), isRepeatable: true)
        #expect(memory.mayWaitForLocks(at: .zero))
        memory.waitForNoLock(until: .seconds(2))
        memory.waitForNoLock(until: .seconds(1))
        #expect(!memory.mayWaitForLocks(at: .milliseconds(1_999)))
        #expect(memory.mayWaitForLocks(at: .seconds(2)))
    }

    /// The others' ends are stored meanwhile, and their locks are free again.
    @Test func anEndWaitsForALockedJobApart() async throws {
        try await RaceNode.together(patience: Self.patience) { nodes in
            let node = nodes[0]
            let claims = try await node.dueClaims(count: 2) { $0.overlap = .skip }
            #expect(try await node.start(claims).map(\.verdictName) == ["started", "started"])
            let finishing = try await node.whileLocked("SELECT FROM jobs WHERE id = '\(claims[0].jobID)' FOR UPDATE") {
                let finishing = Task {
                    try await node.store.finish(
                        claims.map { Finish(token: $0.token, outcome: .success) }, node: node.id)
                }
                while try await nodes[1].run(claims[1]).status != .success { try Task.checkCancellation() }
                #expect(try await nodes[1].run(claims[0]).status == .running)
                return finishing
            }
            #expect(try await finishing.value == Array(repeating: .applied(.success, dueAt: nil), count: 2))
        }
    }

    @Test(arguments: kinds)
    func reapingPassesOverAJobThatIsLocked(_ overlap: OverlapPolicy, _ lock: String) async throws {
        try await RaceNode.together { nodes in
            let (reaper, gone) = (nodes[0], nodes[1])
            let claims = try await gone.dueClaims(count: 2) { $0.overlap = overlap }
            try await gone.leave()
            try await reaper.settle()
            let held = "SELECT FROM jobs WHERE id = '\(claims[0].jobID)' \(lock)"
            try await reaper.whileLocked(held) {
                let first = try await reaper.store.reap(node: reaper.id)
                #expect(first == ReapAnswer(queued: 1))
                #expect(try await reaper.run(claims[1]).status == .pending)
            }
            #expect(try await reaper.store.reap(node: reaper.id) == ReapAnswer(queued: 1))
        }
    }

    @Test func reapingPassesOverAKeyThatIsLocked() async throws {
        try await RaceNode.together { nodes in
            let (reaper, gone) = (nodes[0], nodes[1])
            let claims = try await gone.dueClaims(count: 2) { $0.concurrencyKey = $0.name }
            try await gone.leave()
            try await reaper.settle()
            let key = "SELECT pg_advisory_xact_lock(\(Session.keyLock), hashtext('\(claims[0].key.text)'))"
            let first = try await reaper.whileLocked(key) { try await reaper.store.reap(node: reaper.id) }
            #expect(first == ReapAnswer(queued: 1))
            #expect(try await reaper.store.reap(node: reaper.id) == ReapAnswer(queued: 1))
        }
    }

    /// It stays parked until the repair pass, which waits for nobody either.
    @Test func reapingDoesNotWaitForAParkedRun() async throws {
        try await RaceNode.together { nodes in
            let (reaper, gone) = (nodes[0], nodes[1])
            _ = try await gone.createJobs(count: 1) { $0.overlap = .queue(3) }
            let claims = try await gone.plannedClaims().prefix(2)
            await gone.store.clock.wait(until: claims[1].dueAt + .milliseconds(10))
            #expect(try await gone.start(Array(claims)).map(\.verdictName) == ["started", "parked"])
            try await gone.leave()
            try await reaper.settle()
            let parked = "SELECT FROM live_runs WHERE id = '\(claims[1].token.runID)' FOR UPDATE"
            try await reaper.whileLocked(parked) {
                let reaped = try await reaper.store.reap(node: reaper.id)
                #expect(reaped.running == 1)
                let repaired = try await reaper.store.repair(held: [], node: reaper.id)
                #expect(repaired.unparked == 0)
            }
            #expect(try await reaper.run(claims[1]).blockedOn != nil)
            #expect(try await reaper.store.repair(held: [], node: reaper.id).unparked == 1)
        }
    }

    @Test func repairPassesOverAJobThatIsLocked() async throws {
        try await RaceNode.together { nodes in
            let node = nodes[0]
            let jobs = try await node.createJobs(count: 2) { $0.overlap = .queue(3) }
            let claims = try await node.plannedClaims()
            let last = try #require(claims.last)
            await node.store.clock.wait(until: last.dueAt + .milliseconds(10))
            _ = try await node.start(claims)
            try await node.administer("DELETE FROM live_runs WHERE status = 2")
            let parked = try await node.parked(jobs[0])
            #expect(parked > 0)
            try await node.whileLocked("SELECT FROM jobs WHERE id = '\(jobs[0].id)' FOR UPDATE") {
                let repaired = try await node.store.repair(held: [], node: node.id)
                #expect(repaired.unparked == 1)
                #expect(try await node.parked(jobs[0]) == parked)
            }
            #expect(try await node.store.repair(held: [], node: node.id).unparked > 0)
            #expect(try await node.parked(jobs[0]) == parked - 1)
        }
    }

    /// People's edits of a job that is locked wait in connections of their own.
    @Test func whatPeopleWaitForKeepsNoConnectionFromThePipeline() async throws {
        try await RaceNode.together { nodes in
            let job = try await nodes[0].createJobs(count: 1)[0]
            let store = try await RaceNode.open(nodes[0].url, reserved: 1)
            try await nodes[0].whileLocked("SELECT FROM jobs WHERE id = '\(job.id)' FOR UPDATE") {
                let edits = (0..<2).map { _ in
                    Task { try await store.changeJob(job.id, owner: job.userID, version: nil, .pause) }
                }
                while case let pool = store.pool.metrics, pool.borrowed + pool.waiting < edits.count || pool.opening > 0 {
                    await Task.yield()
                }
                let look = try await store.look(forLost: false)
                #expect(look.nextSlot != nil)
                for edit in edits { edit.cancel() }
            }
            await store.close()
        }
    }

    /// After an outage there may be more runs that were claimed late than one reaping takes.
    @Test func whatIsLostGoesBeforeWhatWasClaimedLate() async throws {
        try await RaceNode.together { nodes in
            let (reaper, gone, live) = (nodes[0], nodes[1], nodes[2])
            let claims = try await gone.dueClaims(count: 1)
            try await reaper.administer(
                """
                CREATE TEMP TABLE one AS SELECT * FROM live_runs WHERE id = '\(claims[0].token.runID)';
                INSERT INTO live_runs SELECT (jsonb_populate_record(o, jsonb_build_object(
                    'id', gen_random_uuid(), 'scheduled_for', o.scheduled_for - n, 'owner', '\(live.id)',
                    'due_at', o.due_at - 3600000000))).*
                FROM one o, generate_series(1, \(Session.reapLimit)) n;
                """)
            try await gone.leave()
            try await reaper.settle()
            #expect(try await reaper.store.reap(node: reaper.id) == ReapAnswer(queued: 1))
        }
    }
}

extension RaceNode {
    /// One claim of each of so many new jobs, all of them due; the jobs go on.
    fileprivate func dueClaims(
        count: Int, _ change: (inout JobDefinition) -> Void = { $0.overlap = .allow }
    ) async throws -> [Claim] {
        let jobs = try await createJobs(count: count) {
            $0.schedule = "0 0 29 2 *"
            change(&$0)
        }
        for job in jobs {
            _ = try await store.changeJob(job.id, owner: job.userID, version: nil, .trigger(payload: nil))
        }
        let claims = try await store.claim(claimRequest).claims
        return try jobs.map { job in try #require(claims.first { $0.jobID == job.id }) }
    }

    /// Oldest first.
    fileprivate func plannedClaims() async throws -> [Claim] {
        try await store.plan(planRequest).claims.sorted { $0.dueAt < $1.dueAt }
    }

    fileprivate func parked(_ job: Job) async throws -> Int { try await runs(of: job).count { $0.blockedOn != nil } }
}

/// Time that can be made to pass between any two looks at it.
private final class JumpingClock: EngineClock {
    private let steady = SteadyClock()
    private let state = Mutex<(ahead: Span, step: Span)>((.zero, .zero))

    func jumpsAtEachReading(by step: Span) { state.withLock { $0.step = step } }

    var uptime: Span {
        let ahead = state.withLock { state in
            state.ahead = state.ahead + state.step
            return state.ahead
        }
        return steady.uptime + ahead
    }
    var now: Instant { Instant(microseconds: 0) + uptime }
    func wait(until instant: Instant) async { await steady.wait(until: steady.now + (instant - now)) }
}
