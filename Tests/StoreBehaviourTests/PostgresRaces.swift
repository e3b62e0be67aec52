import CronModel
import CronSchedule
import CronTesting
import Foundation
import PostgresClient
import PostgresServer
import Testing

@testable import CronStorePostgres

/// Several nodes at once on one database, each with connections of its own.
@Suite struct PostgresRaces {
    @Test func nodesThatStartAtOnceMakeOneSchema() async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<RaceNode.count {
                group.addTask {
                    let store = try await RaceNode.open(url)
                    #expect(try await store.nodes().isEmpty)
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func everySlotIsPlannedOnceAndClaimedByOneNode() async throws {
        try await RaceNode.together { nodes in
            let owner = UserID(high: 1, low: 1)
            let jobs = try await nodes[0].createJobs(count: 60, owner: owner)
            try await nodes[0].waitForSlots()
            let claims = try await RaceNode.atOnce(nodes) { node in
                var claims: [Claim] = []
                for _ in 0..<12 {
                    claims += try await node.store.plan(node.planRequest).claims
                    claims += try await node.store.claim(node.claimRequest).claims
                }
                return claims
            }
            #expect(Set(claims.flatMap { $0 }.map(\.token.runID)).count == claims.joined().count, "one node a run")
            for job in jobs {
                let slots = try await nodes[0].runs(of: job, owner).map(\.scheduledFor)
                #expect(Set(slots).count == slots.count)
                #expect(zip(slots, slots.dropFirst()).allSatisfy { $1 - $0 == .seconds(1) }, "no slot is left out")
            }
        }
    }

    /// A node asks for two runs of a key: of one it does not know that it was edited elsewhere, the other it has forgotten, as
    /// after a lost answer. The first may not start, so the second must not be skipped for it.
    @Test func nothingIsSkippedForARunThatDoesNotStart() async throws {
        try await Self.withTwoStores { world, here, elsewhere in
            let jobs = [
                try await world.create("in 1s") { $0.concurrencyKey = "one" },
                try await world.create("in 2s") { $0.concurrencyKey = "one" },
            ]
            let claims = try await world.claims()
            #expect(claims.count == 2)
            var definition = jobs[0].definition
            definition.tags = ["edited"]
            _ = try await elsewhere.changeJob(
                jobs[0].id, owner: world.owner, version: nil, .edit(definition, rearm: false))
            here.memory.forget(claims.filter { $0.jobID == jobs[1].id }.map(\.token.runID))
            world.clock.advance(by: .seconds(2))
            let inOrder = claims.sorted { left, _ in left.jobID == jobs[0].id }
            #expect(try await world.start(inOrder).map(\.verdictName) == ["stale", "started"])
        }
    }

    /// Of starts and an edit at once: what starts after the edit has answered carries its version, or does not start.
    @Test func nothingStartsUnderAnOldDefinitionAfterAnEdit() async throws {
        try await RaceNode.together { nodes in
            let owner = UserID(high: 1, low: 1)
            for job in try await nodes[0].createJobs(count: 12, owner: owner) {
                try await nodes[0].waitForSlots()
                var claims: [Claim] = []
                for node in nodes { claims += try await node.store.plan(node.planRequest).claims }
                let due = claims
                let edited = Task { [nodes] in
                    var definition = job.definition
                    definition.payload = .string("new")
                    let changed = try await nodes[0].store.changeJob(
                        job.id, owner: owner, version: nil, .edit(definition, rearm: false))
                    return changed.job.job.updatedAt
                }
                let answers = try await RaceNode.atOnce(nodes) { node in
                    try await node.store.start(
                        StartRequest(node: node.id, tokens: due.map(\.token), early: .seconds(5)))
                }
                // Both by the database's clock, read under the job's lock.
                let editedAt = try await edited.value
                for case .started(let context, _) in answers.joined()
                where context.jobID == job.id && context.payload != .string("new") {
                    let run = try #require(try await nodes[0].store.run(context.runID, owner: owner))
                    let start = try #require(run.events.last { $0.to == .running })
                    #expect(start.at <= editedAt, "an edit waits for starts ahead of their due time")
                }
                _ = try await nodes[0].store.changeJob(job.id, owner: owner, version: nil, .delete)
            }
        }
    }

    /// A lock service that says "held" for ever, or answers nothing, costs a second or nothing, never a firing.
    @Test(arguments: [LockAnswer.heldByOther, .unknown])
    func aLockServiceThatLiesCostsTime(_ answer: LockAnswer) async throws {
        try await RaceNode.together(locks: StubbornLocks(answer: answer)) { nodes in
            let owner = UserID(high: 1, low: 1)
            let node = nodes[0]
            let jobs = try await node.createJobs(count: 20, owner: owner)
            _ = try await nodes[0].store.plan(
                PlanRequest(node: node.id, lead: .seconds(3), threshold: .seconds(2), claimLimit: 0))
            let asked = node.store.clock.now
            let first = try await node.store.claim(node.claimRequest)
            guard answer == .heldByOther else {
                #expect(first.claims.count >= jobs.count)
                return
            }
            let next = try #require(first.nextDueAt)
            #expect(next - node.claimRequest.lead >= asked + ClaimLocks.pause, "not asked again at once")
            await node.store.clock.wait(until: asked + .seconds(3))
            let late = try await node.store.claim(node.claimRequest)
            let dueBefore = node.store.clock.now - ClaimLocks.patience
            let claims = first.claims + late.claims
            #expect(claims.count >= jobs.count)
            #expect(claims.allSatisfy { $0.dueAt <= dueBefore })
        }
    }

    /// Who holds a part of the shards claims there; the rest waits for the others.
    @Test func shardsDivideWhatIsWaiting() async throws {
        let table = LockTable()
        let other = StoreLocks(owner: "other", clock: SteadyClock(), table: table)
        try await RaceNode.together(locks: StoreLocks(owner: "this", clock: SteadyClock(), table: table)) { nodes in
            let node = nodes[0]
            _ = try await node.createJobs(count: 50, owner: UserID(high: 1, low: 1))
            let planned = try await node.store.plan(
                PlanRequest(node: node.id, lead: .seconds(3), threshold: .seconds(2), claimLimit: 0)
            ).planned
            guard case .heldByMe(let token) = await other.acquire("claim:2", ttl: .minutes(1)) else {
                Issue.record("the lock is free")
                return
            }
            let mine = try await node.store.claim(ClaimRequest(node: node.id, lead: .seconds(3), limit: 1_000)).claims
            #expect(mine.count < planned && mine.count > planned / 2)
            await other.release(token)
            let rest = try await node.store.claim(ClaimRequest(node: node.id, lead: .seconds(3), limit: 1_000)).claims
            #expect(mine.count + rest.count == planned)
        }
    }

    /// A change that could not be committed leaves nothing behind, not even in what the node remembers: the next version has
    /// the same number, and may be another node's.
    @Test func aChangeThatWasNotCommittedIsForgotten() async throws {
        try await RaceNode.together { nodes in
            let owner = UserID(high: 1, low: 1)
            let job = try await nodes[0].createJobs(count: 1, owner: owner)[0]
            let planned = try await nodes[0].store.plan(nodes[0].planRequest)
            func edit(_ node: RaceNode, _ payload: String) async throws {
                var definition = job.definition
                definition.payload = .string(payload)
                _ = try await node.store.changeJob(
                    job.id, owner: owner, version: nil, .edit(definition, rearm: false))
            }
            try await nodes[0].administer(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
                CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON jobs DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION refuse();
                """)
            await #expect(throws: StoreError.self) { try await edit(nodes[0], "never") }
            try await nodes[0].administer("DROP TRIGGER refuse ON jobs")
            try await edit(nodes[1], "other")
            #expect(!planned.claims.isEmpty)
            let claims = try await nodes[0].store.claim(nodes[0].claimRequest).claims
            await nodes[0].store.clock.wait(until: claims.map(\.dueAt).max() ?? nodes[0].store.clock.now)
            let answers = try await nodes[0].store.start(
                StartRequest(node: nodes[0].id, tokens: claims.map(\.token), early: .zero))
            let payloads = answers.compactMap { if case .started(let context, _) = $0 { context.payload } else { nil } }
            #expect(!payloads.isEmpty)
            #expect(payloads.allSatisfy { $0 == .string("other") })
        }
    }

    /// Of two runs of a job that skips, the first was taken away without the node hearing of it: the second starts.
    @Test func aRunThatWasTakenAwayIsNoReasonToSkipAnother() async throws {
        try await RaceNode.together { nodes in
            let (node, owner) = (nodes[0], UserID(high: 1, low: 1))
            _ = try await node.createJobs(count: 1, owner: owner) { $0.overlap = .skip }
            let claims = try await node.store.plan(node.planRequest).claims.sorted { $0.dueAt < $1.dueAt }.prefix(2)
            try #require(claims.count == 2)
            await node.store.clock.wait(until: claims[1].dueAt + .milliseconds(100))
            try await node.takeAway(claims[0])
            let answers = try await node.store.start(
                StartRequest(node: node.id, tokens: claims.map(\.token), early: .zero))
            #expect(answers.map(\.verdictName) == ["stale", "started"])
        }
    }

    /// A claim was taken away without the node hearing of it: its start asks no other run to stop.
    @Test func aRunThatWasTakenAwayStopsNoOther() async throws {
        try await RaceNode.together { nodes in
            let (node, owner) = (nodes[0], UserID(high: 1, low: 1))
            _ = try await node.createJobs(count: 1, owner: owner) { $0.overlap = .cancelOther }
            let claims = try await node.store.plan(node.planRequest).claims.sorted { $0.dueAt < $1.dueAt }.prefix(2)
            try #require(claims.count == 2)
            await node.store.clock.wait(until: claims[1].dueAt + .milliseconds(100))
            #expect(try await node.start([claims[0]]).map(\.verdictName) == ["started"])
            try await node.takeAway(claims[1])
            #expect(try await node.start([claims[1]]).map(\.verdictName) == ["stale"])
            #expect(try await node.run(claims[0]).cancelRequested == false)
        }
    }

    /// Nor does it pay for a turn that it does not take.
    @Test func aRunThatWasTakenAwayPaysForNoTurn() async throws {
        try await RaceNode.together { nodes in
            let (node, owner) = (nodes[0], UserID(high: 1, low: 1))
            _ = try await node.createJobs(count: 1, owner: owner) {
                $0.overlap = .allow
                $0.rateLimit = StartRate(count: 1, per: .hours(1))
            }
            let claims = try await node.store.plan(node.planRequest).claims.sorted { $0.dueAt < $1.dueAt }.prefix(2)
            try #require(claims.count == 2)
            await node.store.clock.wait(until: claims[1].dueAt + .milliseconds(100))
            try await node.takeAway(claims[0])
            #expect(try await node.start([claims[0]]).map(\.verdictName) == ["stale"])
            #expect(try await node.start([claims[1]]).map(\.verdictName) == ["started"])
        }
    }

    /// Jobs that share a key share no lock but the key's.
    @Test func concurrencyKeysAreJudgedAcrossNodes() async throws {
        try await RaceNode.together { nodes in
            let owner = UserID(high: 1, low: 1)
            let jobs = try await nodes[0].createJobs(count: 8, owner: owner) {
                $0.overlap = .allow
                $0.concurrencyKey = "warehouse"
                $0.maxConcurrent = 2
            }
            try await nodes[0].waitForSlots()
            let started = try await RaceNode.atOnce(nodes) { node in
                var tokens: [ClaimToken] = []
                for _ in 0..<6 {
                    let claims = try await node.store.plan(node.planRequest).claims
                    let answers = try await node.store.start(
                        StartRequest(node: node.id, tokens: claims.map(\.token), early: .zero))
                    for case (let claim, .started) in zip(claims, answers) { tokens.append(claim.token) }
                }
                return tokens
            }.flatMap { $0 }
            #expect(started.count == 2, "as many as may run at once, though nothing has ended")
            var parked = 0
            for job in jobs { parked += try await nodes[0].runs(of: job, owner).count { $0.blockedOn != nil } }
            #expect(parked > 0)
            // Each end lets one go on, whichever node reports it.
            _ = try await RaceNode.atOnce(nodes) { node in
                for _ in 0..<3 {
                    _ = try await node.store.finish(
                        started.map { Finish(token: $0, outcome: .success) }, node: node.id)
                    let claims = try await node.store.claim(node.claimRequest).claims
                    _ = try await node.store.start(
                        StartRequest(node: node.id, tokens: claims.map(\.token), early: .zero))
                }
            }
            var running = 0
            for job in jobs { running += try await nodes[0].runs(of: job, owner).count { $0.status == .running } }
            #expect(running == 2)
        }
    }

    @Test func aRateIsKeptAcrossNodes() async throws {
        try await RaceNode.together { nodes in
            let owner = UserID(high: 1, low: 1)
            _ = try await nodes[0].createJobs(count: 8, owner: owner) {
                $0.overlap = .allow
                $0.concurrencyKey = "mail"
                $0.rateLimit = StartRate(count: 3, per: .hours(1))
            }
            try await nodes[0].waitForSlots()
            let started = try await RaceNode.atOnce(nodes) { node in
                var count = 0
                for _ in 0..<6 {
                    let claims = try await node.store.plan(node.planRequest).claims
                    count += try await node.store.start(
                        StartRequest(node: node.id, tokens: claims.map(\.token), early: .zero)
                    ).count { if case .started = $0 { true } else { false } }
                }
                return count
            }
            #expect(started.reduce(0, +) == 3)
        }
    }

    /// One start of several at once, whoever asks.
    @Test func overlapIsJudgedAcrossNodes() async throws {
        try await RaceNode.together { nodes in
            let owner = UserID(high: 1, low: 1)
            let jobs = try await nodes[0].createJobs(count: 8, owner: owner) { $0.overlap = .skip }
            try await nodes[0].waitForSlots()
            _ = try await RaceNode.atOnce(nodes) { node in
                for _ in 0..<6 {
                    let claims = try await node.store.plan(node.planRequest).claims
                    _ = try await node.store.start(
                        StartRequest(node: node.id, tokens: claims.map(\.token), early: .zero))
                }
            }
            for job in jobs {
                let running = try await nodes[0].runs(of: job, owner).filter { $0.status == .running }
                #expect(running.count <= 1)
            }
        }
    }
}

// MARK: - Two stores whose clock a test moves

extension PostgresRaces {
    /// Another node has given a job an alert; this one, which has run it before, does not know and reads nothing to end it.
    @Test func aSuccessIsToldThoughTheNodeKnowsOfNoAlert() async throws {
        try await Self.withTwoStores { world, _, elsewhere in
            let job = try await world.create("0 * * * *") { $0.overlap = .allow }
            try await world.change(job, .trigger(payload: nil))
            let claims = try await world.claims()
            _ = try await world.start(claims)
            var definition = job.definition
            definition.alerts = AlertPolicy(channels: ["ops"])
            definition.alerts?.maxSilence = .hours(2)
            _ = try await elsewhere.changeJob(
                job.id, owner: world.owner, version: nil, .edit(definition, rearm: false))
            #expect(try await elsewhere.watch().notices.isEmpty)
            world.clock.advance(by: .minutes(90))
            try await world.finish(try #require(claims.first))
            #expect(try await elsewhere.watch().notices.isEmpty)
            world.clock.advance(by: .minutes(60))
            #expect(try await elsewhere.watch().notices.isEmpty, "it succeeded an hour ago")
            world.clock.advance(by: .minutes(60))
            #expect(try await elsewhere.watch().notices.map(\.rule) == [.maxSilence])
        }
    }

    @Test func aNewIncarnationForgetsWhatTheLastOneHeld() async throws {
        try await Self.withTwoStores { world, here, _ in
            for _ in 0..<2 { try await world.create("in 1s") }
            let claims = try await world.claims()
            world.clock.advance(by: .seconds(1))
            _ = try await world.start([claims[0]])
            #expect(Set(here.memory.runs(claims.map(\.token)).keys) == Set(claims.map(\.token.runID)))
            try await world.enlistAgain(2)
            #expect(Set(here.memory.runs(claims.map(\.token)).keys) == [claims[0].token.runID], "it still runs")
            world.clock.advance(by: .hours(1))
            try await world.enlistAgain(3)
            #expect(here.memory.runs(claims.map(\.token)).isEmpty, "its time is over")
        }
    }

    private static func withTwoStores(
        _ body: (World, _ here: PostgresStore, _ elsewhere: PostgresStore) async throws -> Void
    ) async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        let clock = TestClock()
        func open() async throws -> PostgresStore {
            try await PostgresStore.open(
                PostgresConfig(url: url, pooling: .session), poolSize: 2, system: clock, fixedClock: clock,
                isDurable: false)
        }
        let (here, elsewhere) = (try await open(), try await open())
        let world = World(store: here, clock: clock, isCluster: true)
        do {
            try await world.register(1)
            try await body(world, here, elsewhere)
        } catch {
            for store in [here, elsewhere] { await store.close() }
            throw error
        }
        for store in [here, elsewhere] { await store.close() }
    }
}

extension World {
    /// As a node does that has lost its lease.
    fileprivate func enlistAgain(_ number: UInt64) async throws {
        let now = clock.now
        _ = try await store.register(
            Node(
                id: NodeID(high: number, low: number), pid: 1, host: "h", version: "v", startedAt: now,
                leaseUntil: now + Self.lease))
    }
}

/// Always gives the same answer.
private struct StubbornLocks: LockProvider {
    let description = "stubborn"
    let answer: LockAnswer

    func acquire(_ name: String, ttl: Span) async -> LockAnswer { answer }
    func extend(_ token: LockToken, ttl: Span) async -> LockAnswer { answer }
    func release(_ token: LockToken) async {}
}
