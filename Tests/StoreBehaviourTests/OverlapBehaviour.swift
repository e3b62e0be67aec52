import CronModel
import CronSchedule
import CronTesting
import Testing

@Suite struct OverlapBehaviour {
    private func twoDue(_ world: World, _ overlap: OverlapPolicy) async throws -> (Job, [Claim]) {
        let job = try await world.create("* * * * * *") { $0.overlap = overlap }
        let claims = try await world.plan().claims
        world.clock.advance(by: .seconds(2))
        return (job, Array(claims.prefix(2)))
    }

    @Test(arguments: Driver.allCases)
    func allowStartsBoth(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await twoDue(world, .allow)
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "started"])
        }
    }

    @Test(arguments: Driver.allCases)
    func skipStartsTheOldestAndSkipsTheOtherWhateverTheOrderAsked(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await twoDue(world, .skip)
            #expect(try await world.start([claims[1], claims[0]]).map(\.verdictName) == ["skipped", "started"])
            #expect(try await world.ledger(job).prefix(2) == ["1 RUNNING", "2 SKIPPED(overlap)"])
        }
    }

    @Test(arguments: Driver.allCases)
    func skipIsNotDecidedAheadOfTheDueTime(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("* * * * * *")
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(1))
            _ = try await world.start([claims[0]])
            world.clock.advance(by: .milliseconds(980))
            #expect(try await world.start([claims[1]], early: .milliseconds(50))[0].verdictName == "put_back")
            try await world.finish(claims[0])
            #expect(try await world.start([claims[1]], early: .milliseconds(50))[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func aWaitingRetryBlocksNobodyAndABlockedRetryIsParked(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await twoDue(world, .skip)
            _ = try await world.start([claims[0]])
            try await world.finish(claims[0], World.transient)
            #expect(try await world.start([claims[1]])[0].verdictName == "started")
            world.clock.advance(by: .seconds(1))
            let retry = try #require(try await world.claim().first { $0.token.runID == claims[0].token.runID })
            #expect(try await world.start([retry])[0].verdictName == "parked")
            #expect(try await world.run(retry.token.runID).blockedOn != nil)
            #expect(try await world.claim().allSatisfy { $0.token.runID != retry.token.runID }, "parked: not claimable")
            try await world.finish(claims[1])
            let again = try #require(try await world.claim().first { $0.token.runID == retry.token.runID })
            #expect(try await world.start([again])[0].verdictName == "started")
            _ = job
        }
    }

    @Test(arguments: Driver.allCases)
    func queueParksUpToItsLimitAndRunsThemInOrder(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.overlap = .queue(2) }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(4))
            let verdicts = try await world.start(Array(claims.prefix(4))).map(\.verdictName)
            #expect(verdicts == ["started", "parked", "parked", "skipped"])
            try await world.finish(claims[0])
            let second = try await world.claim().filter { $0.dueAt <= world.clock.now }
            #expect(second.map(\.token.runID) == [claims[1].token.runID], "one place is free: one run comes back")
            #expect(try await world.start(second)[0].verdictName == "started")
            _ = job
        }
    }

    @Test(arguments: Driver.allCases)
    func cancelOtherAsksTheRunningOneToStop(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await twoDue(world, .cancelOther)
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "parked"])
            let beat = try await world.store.heartbeat(node: world.node, lease: .seconds(15))
            #expect(beat.cancelRequests == [claims[0].token.runID])
            try await world.finish(claims[0], Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent))
            let ended = try await world.run(claims[0].token.runID)
            #expect(ended.status == .cancelled)
            #expect(ended.reason == .overlap, "nobody asked for it: a newer run took over")
            let next = try #require(try await world.claim().first { $0.token.runID == claims[1].token.runID })
            #expect(try await world.start([next])[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func anEditOfTheRuleAsksParkedRunsAgain(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await twoDue(world, .queue(5))
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "parked"])
            try await world.edit(job) { $0.overlap = .allow }
            let parked = try #require(try await world.claim().first { $0.token.runID == claims[1].token.runID })
            #expect(try await world.start([parked])[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func maxConcurrentParksTheRest(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("* * * * * *") {
                $0.overlap = .allow
                $0.maxConcurrent = 2
            }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(3))
            #expect(
                try await world.start(Array(claims.prefix(3))).map(\.verdictName) == ["started", "started", "parked"])
            try await world.finish(claims[0])
            #expect(try await world.claim().contains { $0.token.runID == claims[2].token.runID })
        }
    }

    @Test(arguments: Driver.allCases)
    func repairFreesAParkedRunWhoseKeyIsFree(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("* * * * * *") { $0.overlap = .queue(5) }
            let claims = Array(try await world.plan().claims.prefix(3))
            world.clock.advance(by: .seconds(3))
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "parked", "parked"])
            #expect(try await world.store.repair(held: [], node: world.node).unparked == 0, "one of it runs")
            try await world.finish(claims[0])
            let parked = claims.dropFirst().map(\.token.runID)
            #expect(try await world.run(parked[0]).blockedOn == nil)
            // It never starts, so no end of it frees the key for the next one.
            _ = try await world.store.cancelRun(parked[0], owner: world.owner, audit: nil)
            #expect(try await world.run(parked[1]).blockedOn != nil)
            #expect(try await world.store.repair(held: [], node: world.node).unparked == 1)
            let next = try #require(try await world.claim().first { $0.token.runID == parked[1] })
            #expect(try await world.start([next])[0].verdictName == "started")
        }
    }
}
