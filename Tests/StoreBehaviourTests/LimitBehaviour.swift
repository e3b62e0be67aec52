import CronModel
import CronSchedule
import CronTesting
import Testing

/// Concurrency keys, by which jobs are counted together, and rate limits.
@Suite struct LimitBehaviour {
    /// One due claim of each of some jobs, in the order of the jobs.
    private func due(
        _ world: World, jobs count: Int, _ change: (inout JobDefinition) -> Void
    ) async throws -> (jobs: [Job], claims: [Claim]) {
        var jobs: [Job] = []
        for _ in 0..<count { jobs.append(try await world.create("* * * * * *", change)) }
        let claims = try await world.plan().claims
        world.clock.advance(by: .seconds(1))
        return (jobs, try jobs.map { job in try #require(claims.first { $0.jobID == job.id }) })
    }

    /// A job of every second that overlaps itself, and claims of all its slots in so many seconds, all of them due.
    private func late(
        _ world: World, seconds: Int64, _ rate: StartRate, _ change: (inout JobDefinition) -> Void = { _ in }
    ) async throws -> (job: Job, claims: [Claim]) {
        let job = try await world.create("* * * * * *") {
            $0.overlap = .allow
            $0.rateLimit = rate
            change(&$0)
        }
        let claims = try await world.plan().claims
        world.clock.advance(by: .seconds(seconds))
        return (job, claims)
    }

    private func expectFirstStartsAndOthersPark(_ claims: [Claim], _ world: World) async throws {
        let verdicts = try await claims.mapInOrder { try await world.start([$0])[0].verdictName }
        #expect(verdicts == ["started"] + Array(repeating: "parked", count: claims.count - 1))
    }

    private func claim(of run: RunID, _ world: World) async throws -> Claim? {
        try await world.claim().first { $0.token.runID == run }
    }

    // MARK: Concurrency keys

    @Test(arguments: Driver.allCases)
    func jobsWithOneKeySkipForEachOther(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await due(world, jobs: 2) { $0.concurrencyKey = "warehouse" }
            let verdicts = try await world.start(claims).map(\.verdictName).sorted()
            #expect(verdicts == ["skipped", "started"])
        }
    }

    @Test(arguments: Driver.allCases)
    func anEndLetsTheOldestOfAnyJobWithTheKeyGoOn(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await due(world, jobs: 3) {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .queue(5)
            }
            try await expectFirstStartsAndOthersPark(claims, world)
            let first = [claims[1], claims[2]].map(\.token.runID).min()
            try await world.finish(claims[0], World.transient)
            let next = try await world.claim().filter { $0.dueAt <= world.clock.now }
            #expect(next.map(\.token.runID) == [first].compactMap { $0 }, "one place is free: one run comes back")
            #expect(try await world.start(next)[0].verdictName == "started")
            #expect(try await world.run(next[0].token.runID).blockedOn == nil)
        }
    }

    @Test(arguments: Driver.allCases)
    func maxConcurrentCountsAllJobsWithTheKeyEachByItsOwnLimit(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await due(world, jobs: 3) {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .allow
                $0.maxConcurrent = 2
            }
            let strict = try await world.create("in 1s") {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .allow
                $0.maxConcurrent = 1
            }
            #expect(
                try await claims.mapInOrder { try await world.start([$0])[0].verdictName }
                    == ["started", "started", "parked"])
            world.clock.advance(by: .seconds(1))
            let run = try #require(try await world.runs(strict).first)
            let late = try #require(try await claim(of: run.id, world))
            #expect(try await world.start([late])[0].verdictName == "parked")
            try await world.finish(claims[0])
            #expect(try await claim(of: claims[2].token.runID, world) != nil, "the oldest comes first")
            try await world.finish(claims[1])
            #expect(try await claim(of: late.token.runID, world) != nil, "nothing runs, so one may")
        }
    }

    @Test(arguments: Driver.allCases)
    func oneThatNeedsMoreKeepsNobodyElseWaiting(driver: Driver) async throws {
        try await World.with(driver) { world in
            let strict = try await world.create("* * * * * *") {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .queue(5)
            }
            let loose = try await world.create("* * * * * *") {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .allow
                $0.maxConcurrent = 2
            }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(3))
            let strictOnes = claims.filter { $0.jobID == strict.id }
            let looseOnes = claims.filter { $0.jobID == loose.id }
            #expect(try await world.start(Array(looseOnes.prefix(2))).map(\.verdictName) == ["started", "started"])
            #expect(try await world.start([strictOnes[0]])[0].verdictName == "parked")
            #expect(try await world.start([looseOnes[2]])[0].verdictName == "parked")
            try await world.finish(looseOnes[0])
            #expect(try await claim(of: looseOnes[2].token.runID, world) != nil)
            #expect(try await world.run(strictOnes[0].token.runID).blockedOn != nil)
        }
    }

    @Test(arguments: Driver.allCases)
    func theSameKeyOfAnotherSpaceIsAnotherKey(driver: Driver) async throws {
        try await World.with(driver) { world in
            let definition = world.definition("* * * * * *") { $0.concurrencyKey = "warehouse" }
            let foreign = JobDraft(
                id: JobID(high: 7, low: 7), userID: UserID(high: 8, low: 8), definition: definition)
            _ = try await world.store.createJobs([foreign])
            let job = try await world.create("* * * * * *") { $0.concurrencyKey = "warehouse" }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(1))
            let two = try [job.id, foreign.id].map { id in try #require(claims.first { $0.jobID == id }) }
            #expect(try await world.start(two).map(\.verdictName) == ["started", "started"])
        }
    }

    @Test(arguments: Driver.allCases)
    func cancelOtherAsksTheRunOfTheOtherJobToStop(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await due(world, jobs: 2) {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .cancelOther
            }
            try await expectFirstStartsAndOthersPark(claims, world)
            let beat = try await world.store.heartbeat(node: world.node, lease: .seconds(15))
            #expect(beat.cancelRequests == [claims[0].token.runID])
            try await world.finish(claims[0], Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent))
            let next = try #require(try await claim(of: claims[1].token.runID, world))
            #expect(try await world.start([next])[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func anEditOfTheKeyAsksParkedRunsAgainUnderTheNewOne(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (jobs, claims) = try await due(world, jobs: 2) {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .queue(5)
            }
            try await expectFirstStartsAndOthersPark(claims, world)
            try await world.edit(jobs[1]) { $0.concurrencyKey = "office" }
            let again = try #require(try await claim(of: claims[1].token.runID, world))
            #expect(try await world.start([again])[0].verdictName == "started")
            #expect(try await world.run(again.token.runID).concurrencyKey == "office")
            try await world.finish(again)
            #expect(try await world.run(again.token.runID).concurrencyKey == "office", "its history says so")
        }
    }

    @Test(arguments: Driver.allCases)
    func repairFreesWhatWaitsForAKeyThatNobodyHolds(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (jobs, claims) = try await due(world, jobs: 3) {
                $0.concurrencyKey = "warehouse"
                $0.overlap = .queue(5)
            }
            try await expectFirstStartsAndOthersPark(claims, world)
            // What runs keeps the key that it started with, and frees that one.
            try await world.edit(jobs[0]) { $0.concurrencyKey = nil }
            let held = Set(claims.map(\.token))
            #expect(try await world.store.repair(held: held, node: world.node).unparked == 0, "one of it runs")
            try await world.finish(claims[0])
            let parked = claims.dropFirst().map(\.token.runID).sorted()
            #expect(try await world.run(parked[0]).blockedOn == nil)
            // It never starts, so no end of it frees the key for the next one.
            _ = try await world.store.cancelRun(parked[0], owner: world.owner, audit: nil)
            #expect(try await world.run(parked[1]).blockedOn != nil)
            #expect(try await world.store.repair(held: held, node: world.node).unparked == 1)
            let next = try #require(try await claim(of: parked[1], world))
            #expect(try await world.start([next])[0].verdictName == "started")
        }
    }

    // MARK: Rate limits

    @Test(arguments: Driver.allCases)
    func whatComesTooEarlyWaitsForItsTurnAndUsesNoAttempt(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await late(world, seconds: 4, StartRate(count: 2, per: .seconds(20)))
            let verdicts = try await world.start(Array(claims.prefix(4))).map(\.verdictName)
            #expect(verdicts == ["started", "started", "delayed", "delayed"])
            let third = try await world.run(claims[2].token.runID)
            #expect(third.attempt == 0 && third.reason == .rateLimited && third.owner == nil)
            // Both at once after a rest, at the fourth second; then one each ten seconds.
            let moment = TestClock.start + .seconds(4)
            #expect(third.dueAt == moment + .seconds(10))
            #expect(try await world.run(claims[3].token.runID).dueAt == moment + .seconds(20))
            #expect(try await claim(of: third.id, world) == nil, "not before its turn")
            world.clock.set(third.dueAt)
            let turn = try #require(try await claim(of: third.id, world))
            #expect(try await world.start([turn])[0].verdictName == "started")
            #expect(try await world.run(third.id).hasTurn == false)
            try await world.finish(turn)
            try await world.change(job, .delete)
        }
    }

    /// What an outage has made late does not start at once after it.
    @Test(arguments: Driver.allCases)
    func runsThatAreLateForTheirTurnsGetOthersOneByOne(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await late(world, seconds: 5, StartRate(count: 2, per: .seconds(4))) { $0.maxRuns = 5 }
            let verdicts = try await world.start(claims).map(\.verdictName)
            #expect(verdicts == ["started", "started", "delayed", "delayed", "delayed"])
            // Their turns are at 7, 9 and 11 s; nobody is there until 25 s, when all three are late by more than a period.
            world.clock.set(TestClock.start + .seconds(25))
            try await world.finish(claims[0])
            try await world.finish(claims[1])
            let late = try await world.claim().sorted { $0.dueAt < $1.dueAt }
            #expect(try await world.start(late).map(\.verdictName) == ["started", "started", "delayed"])
            let last = try await world.run(late[2].token.runID)
            #expect(last.dueAt == TestClock.start + .seconds(27) && last.attempt == 0)
            world.clock.set(last.dueAt)
            let turn = try #require(try await claim(of: last.id, world))
            #expect(try await world.start([turn])[0].verdictName == "started")
        }
    }

    /// What lies beyond the horizon owes nothing: cancelled, it keeps nobody waiting.
    @Test(arguments: Driver.allCases)
    func aBacklogThatIsTakenBackLeavesNoDebt(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await late(world, seconds: 4, StartRate(count: 1, per: .minutes(1))) { $0.maxRuns = 4 }
            let moment = world.clock.now
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "delayed", "delayed", "delayed"])
            let dues = try await world.runs(job).map(\.dueAt)
            #expect(dues[1...] == [moment + .minutes(1), moment + .minutes(1), moment + .minutes(1)])
            #expect(try await world.runs(job).map(\.hasTurn) == [false, true, false, false])
            try await world.finish(claims[0])
            try await world.change(job, .cancelRuns)
            world.clock.advance(by: .minutes(2))
            let run = try #require(try await world.change(job, .trigger(payload: nil)).triggered)
            let next = try #require(try await claim(of: run.id, world))
            #expect(try await world.start([next])[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func anotherRateIsAnotherLine(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (jobs, claims) = try await due(world, jobs: 2) {
                $0.overlap = .allow
                $0.rateLimit = StartRate(count: 1, per: .hours(24))
            }
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "started"], "each job its own")
            try await world.finish(claims[0], World.transient)
            world.clock.advance(by: .seconds(2))
            let retry = try #require(try await claim(of: claims[0].token.runID, world))
            #expect(try await world.start([retry])[0].verdictName == "delayed")
            try await world.edit(jobs[0]) { $0.rateLimit = StartRate(count: 100, per: .minutes(1)) }
            let again = try #require(try await claim(of: claims[0].token.runID, world))
            #expect(try await world.start([again])[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func aRateThatIsTakenAwayHoldsNobodyWhateverWasEditedBefore(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await late(world, seconds: 2, StartRate(count: 1, per: .hours(24))) {
                $0.maxRuns = 2
            }
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "delayed"])
            let due = try await world.run(claims[1].token.runID).dueAt
            try await world.edit(job) { $0.tags = ["low"] }
            #expect(try await world.run(claims[1].token.runID).dueAt == due, "its rate is the same")
            try await world.edit(job) { $0.rateLimit = nil }
            let again = try #require(try await claim(of: claims[1].token.runID, world))
            #expect(try await world.start([again])[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func aTurnOfTheOldRateIsNoneOfTheNewOne(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await late(world, seconds: 3, StartRate(count: 1, per: .seconds(10))) {
                $0.maxRuns = 3
            }
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "delayed", "delayed"])
            // Its turn is at 13 s; by then it is in its node's hands.
            world.clock.set(TestClock.start + .seconds(9))
            let held = try #require(try await claim(of: claims[1].token.runID, world))
            #expect(try await world.run(held.token.runID).hasTurn)
            try await world.edit(job) { $0.rateLimit = StartRate(count: 1, per: .seconds(20)) }
            let again = try await world.claim()
            #expect(again.count == 2)
            let verdicts = try await world.start(again).map(\.verdictName).sorted()
            #expect(verdicts == ["delayed", "started"], "the first is counted")
        }
    }

    @Test(arguments: Driver.allCases)
    func whatWouldExpireBeforeItsTurnEndsAndCountsNothing(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claims) = try await late(world, seconds: 4, StartRate(count: 1, per: .seconds(4))) {
                $0.expiry.after = .seconds(5)
                $0.maxRuns = 4
            }
            // The second may start at 8 s, when it and those before it have expired; the fourth not yet.
            #expect(
                try await world.start(claims).map(\.verdictName) == ["started", "skipped", "skipped", "delayed"])
            #expect(try await world.runs(job)[3].dueAt == world.clock.now + .seconds(4))
        }
    }

    @Test(arguments: Driver.allCases)
    func aRetryTakesTheKeyThatTheJobHasByThen(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (jobs, claims) = try await due(world, jobs: 2) { $0.overlap = .queue(5) }
            #expect(try await world.start(claims).map(\.verdictName) == ["started", "started"])
            for job in jobs { try await world.edit(job) { $0.concurrencyKey = "warehouse" } }
            try await world.finish(claims[0], World.transient)
            try await world.finish(claims[1], World.transient)
            world.clock.advance(by: .seconds(2))
            let retries = try await world.claim().filter { claim in
                claims.contains { $0.token.runID == claim.token.runID }
            }
            #expect(try await world.start(retries).map(\.verdictName).sorted() == ["parked", "started"])
        }
    }

    @Test(arguments: Driver.allCases)
    func retriesCountAndWaitToo(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await due(world, jobs: 1) {
                $0.overlap = .allow
                $0.rateLimit = StartRate(count: 1, per: .seconds(60))
            }
            let begun = world.clock.now
            #expect(try await world.start(claims)[0].verdictName == "started")
            try await world.finish(claims[0], World.transient)
            world.clock.advance(by: .seconds(2))
            let retry = try #require(try await claim(of: claims[0].token.runID, world))
            #expect(try await world.start([retry])[0].verdictName == "delayed")
            let run = try await world.run(retry.token.runID)
            #expect(run.status == .retrying && run.attempt == 1)
            #expect(run.dueAt == begun + .seconds(60))
        }
    }

    @Test(arguments: Driver.allCases)
    func jobsWithOneKeyShareOneRate(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await due(world, jobs: 2) {
                $0.overlap = .allow
                $0.concurrencyKey = "mail"
                $0.rateLimit = StartRate(count: 1, per: .seconds(5))
            }
            #expect(try await world.start(claims).map(\.verdictName).sorted() == ["delayed", "started"])
        }
    }

    @Test(arguments: Driver.allCases)
    func aBlockedStartIsNotCounted(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claims) = try await due(world, jobs: 2) {
                $0.concurrencyKey = "mail"
                $0.overlap = .queue(5)
                $0.rateLimit = StartRate(count: 2, per: .seconds(60))
            }
            try await expectFirstStartsAndOthersPark(claims, world)
            try await world.finish(claims[0])
            let next = try #require(try await claim(of: claims[1].token.runID, world))
            #expect(try await world.start([next])[0].verdictName == "started", "the second of two")
        }
    }
}

extension Sequence {
    fileprivate func mapInOrder<Value>(_ body: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
