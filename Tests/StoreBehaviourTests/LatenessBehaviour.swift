import CronModel
import CronSchedule
import CronTesting
import Testing

/// Misfires, windows, expiry, jitter, limits, and what a crash leaves behind.
@Suite struct LatenessBehaviour {
    @Test(
        arguments: [
            (MisfirePolicy.Mode.skip, ["60...480 SKIPPED(misfire)"]),
            (.fireLast, ["60...420 SKIPPED(coalesced)", "480 QUEUED"]),
            (.fireAll, ["60...360 SKIPPED(out_of_window)", "420 QUEUED", "480 QUEUED"]),
        ], Driver.allCases)
    func anOutageIsSettledByTheMisfirePolicy(
        given: (mode: MisfirePolicy.Mode, ledger: [String]), driver: Driver
    ) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *") {
                $0.misfire.mode = given.mode
                $0.misfire.catchupLimit = 2
            }
            // At minute 9 and 1 µs the slot of minute 8 is late by more than 60 s, that of minute 9 is not.
            world.clock.advance(by: .minutes(9) + .microseconds(1))
            try await world.plan()
            #expect(try await world.ledger(job) == given.ledger + ["540 QUEUED"])
        }
    }

    @Test(arguments: Driver.allCases)
    func lateByExactlyTheLimitIsNotAMisfire(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *") { $0.misfire.mode = .skip }
            world.clock.advance(by: .minutes(2))
            try await world.plan()
            #expect(try await world.ledger(job) == ["60 QUEUED", "120 QUEUED"])
        }
    }

    @Test(arguments: [MisfirePolicy.Mode.skip, .fireLast, .fireAll], Driver.allCases)
    func plannedBeforeAnOutageAndAfterItEndAlike(mode: MisfirePolicy.Mode, driver: Driver) async throws {
        var ledgers: [[String]] = []
        for plansBefore in [true, false] {
            try await World.with(driver) { world in
                let job = try await world.create("*/2 * * * * *") {
                    $0.misfire.mode = mode
                    $0.misfire.after = .seconds(10)
                    $0.misfire.catchupLimit = 3
                    $0.overlap = .allow
                }
                if plansBefore { try await world.plan(claims: 0) }
                world.clock.advance(by: .seconds(31))
                while try await world.runDue() > 0 {}
                // Single rows and ranges tell the same slots.
                ledgers.append(try await Self.slots(world.runs(job)).filter { !$0.contains("QUEUED") })
            }
        }
        #expect(ledgers[0] == ledgers[1])
    }

    private static func slots(_ runs: [Run]) -> [String] {
        runs.flatMap { run -> [String] in
            let first = (run.scheduledFor - TestClock.start).microseconds / 1_000_000
            let last = (run.lastSlot - TestClock.start).microseconds / 1_000_000
            return stride(from: first, through: last, by: 2).map {
                "\($0) \(run.status.name) \(run.reason?.name ?? "")"
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func aLateOneShotRunsUnlessItsPolicySkips(driver: Driver) async throws {
        try await World.with(driver) { world in
            let kept = try await world.create("in 1s")
            let skipped = try await world.create("in 1s") { $0.misfire.mode = .skip }
            world.clock.advance(by: .hours(1))
            #expect(try await world.runDue() == 1)
            #expect(try await world.ledger(kept) == ["1 SUCCESS"])
            #expect(try await world.ledger(skipped) == ["1 SKIPPED(misfire)"])
            #expect(try await world.view(skipped).job.state == .finished)
        }
    }

    @Test(arguments: Driver.allCases)
    func aPastOneShotRunsOnlyWhenAllowed(driver: Driver) async throws {
        try await World.with(driver) { world in
            await #expect(throws: StoreError.self) { try await world.create("2020-01-01 00:00:00") }
            let job = try await world.create("2020-01-01 00:00:00") { $0.runIfPast = true }
            #expect(try await world.runDue() == 1)
            #expect(try await world.runs(job).first?.status == .success)
        }
    }

    @Test(arguments: Driver.allCases)
    func slotsOutsideTheWindowDoNotBelongToTheJob(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") {
                $0.startAt = TestClock.start + .seconds(3)
                $0.endAt = TestClock.start + .seconds(5)
                $0.overlap = .allow
            }
            #expect(try await world.view(job).nextRunTime == TestClock.start + .seconds(3))
            world.clock.advance(by: .seconds(10))
            #expect(try await world.runDue() == 2)
            #expect(try await world.ledger(job) == ["3 SUCCESS", "4 SUCCESS"])
            #expect(try await world.view(job).job.state == .finished)
        }
    }

    @Test(arguments: Driver.allCases)
    func maxRunsEndsTheJob(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") {
                $0.maxRuns = 2
                $0.overlap = .allow
            }
            world.clock.advance(by: .seconds(10))
            #expect(try await world.runDue() == 2)
            #expect(try await world.view(job).job.state == .finished)
            try await world.edit(job) { $0.maxRuns = 3 }
            #expect(try await world.view(job).job.state == .active)
            world.clock.advance(by: .seconds(1))
            #expect(try await world.runDue() == 1)
        }
    }

    @Test(arguments: Driver.allCases)
    func rearmingStartsTheCountOfMaxRunsAnew(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") {
                $0.maxRuns = 2
                $0.overlap = .allow
            }
            world.clock.advance(by: .seconds(10))
            #expect(try await world.runDue() == 2)
            try await world.edit(job) { $0.tags = ["same count"] }
            #expect(try await world.view(job).job.state == .finished)
            try await world.edit(job, rearm: true) { _ in }
            #expect(try await world.view(job).job.state == .active)
            world.clock.advance(by: .seconds(1))
            #expect(try await world.runDue() == 1)
            // In the middle of a count, too: two more from here.
            try await world.edit(job, rearm: true) { _ in }
            for _ in 0..<5 {
                world.clock.advance(by: .seconds(1))
                try await world.runDue()
            }
            #expect(try await world.runs(job).filter { $0.status == .success }.count == 5)
            #expect(try await world.view(job).job.state == .finished)
        }
    }

    @Test(arguments: Driver.allCases)
    func rearmingAPausedJobCountsFromItsResume(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") {
                $0.maxRuns = 2
                $0.overlap = .allow
            }
            world.clock.advance(by: .seconds(1))
            #expect(try await world.runDue() == 1)
            try await world.change(job, .pause)
            try await world.edit(job, rearm: true) { _ in }
            world.clock.advance(by: .seconds(5))
            try await world.change(job, .resume(ResumePolicy.none))
            for _ in 0..<4 {
                world.clock.advance(by: .seconds(1))
                try await world.runDue()
            }
            #expect(try await world.runs(job).filter { $0.status == .success }.count == 3)
            #expect(try await world.view(job).job.state == .finished)
        }
    }

    @Test(arguments: Driver.allCases)
    func whatHasExpiredIsSkippedAtClaimAndAtStart(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("*/4 * * * * *") {
                $0.expiry = ExpiryPolicy(after: .seconds(2))
                $0.overlap = .allow
            }
            world.clock.advance(by: .seconds(2))
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(4))
            #expect(try await world.start([try #require(claims.first)])[0].verdictName == "skipped")
            world.clock.advance(by: .milliseconds(4_500))
            try await world.plan()
            #expect(try await world.ledger(job) == ["4 SKIPPED(expired)", "8 SKIPPED(expired)", "12 QUEUED"])
        }
    }

    @Test(arguments: Driver.allCases)
    func jitterMovesTheDueTimeAndNeverTheSlot(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.jitter = .milliseconds(900) }
            try await world.plan()
            let runs = try await world.runs(job)
            #expect(runs.map(\.scheduledFor) == (1...5).map { TestClock.start + .seconds($0) })
            let moved = runs.map { $0.dueAt - $0.scheduledFor }
            #expect(moved.allSatisfy { $0 >= .zero && $0 <= .milliseconds(900) })
            #expect(Set(moved).count > 1)
            #expect(runs.allSatisfy { $0.dueAt == job.dueAt(slot: $0.scheduledFor) }, "the same whenever it is asked")
        }
    }

    @Test(arguments: Driver.allCases)
    func aCrashLosesAndDoublesNothing(driver: Driver) async throws {
        try await World.with(driver) { world in
            let least = try await world.create("* * * * * *") { $0.overlap = .allow }
            let most = try await world.create("* * * * * *") {
                $0.overlap = .allow
                $0.delivery = .atMostOnce
            }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(2))
            let due = claims.filter { $0.dueAt <= TestClock.start + .seconds(1) }
            #expect(try await world.start(due).allSatisfy { $0.verdictName == "started" })
            #expect(try await world.register(2) == ReapAnswer(queued: 8, running: 2))
            #expect(try await world.start(claims).allSatisfy { $0.verdictName == "stale" }, "the old claims are void")
            #expect(try await world.runDue() == 3, "the lost attempt again, and slot 2 of both")
            #expect(try await world.ledger(least).prefix(2) == ["1 SUCCESS", "2 SUCCESS"])
            #expect(try await world.ledger(most).prefix(2) == ["1 DEAD", "2 SUCCESS"])
            #expect(try await world.runs(most).first?.reason == .outcomeUnknown)
        }
    }

    @Test(arguments: Driver.allCases)
    func rebootJobsRunOnceAtEachStart(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("@reboot")
            #expect(try await world.runDue() == 0)
            for number in 2...3 {
                world.clock.advance(by: .seconds(10))
                try await world.register(UInt64(number))
                #expect(try await world.runDue() == 1)
            }
            #expect(try await world.ledger(job) == ["10 SUCCESS", "20 SUCCESS"])
        }
    }

    @Test(arguments: Driver.allCases)
    func longGapsAreOneRow(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.misfire.mode = .skip }
            world.clock.advance(by: .days(365))
            try await world.plan()
            let first = try #require(try await world.runs(job).first)
            #expect(first.skippedCount == 365 * 86_400 - 61)
            #expect(first.lastScheduledFor == world.clock.now - .seconds(61))
        }
    }
}
