import CronModel
import CronSchedule
import CronTesting
import Testing

/// T7: edit, pause, resume, delete and trigger, against what is planned, claimed, running and waiting.
@Suite struct ChangeBehaviour {
    @Test(arguments: Driver.allCases)
    func nothingOfTheOldDefinitionStartsAfterAnEdit(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            let claims = try await world.plan().claims
            world.clock.advance(by: .milliseconds(2_500))
            try await world.edit(job) { $0.schedule = "*/10 * * * * *" }
            world.clock.advance(by: .seconds(20))
            #expect(try await world.start(claims).allSatisfy { $0.verdictName == "stale" })
            #expect(
                try await world.ledger(job) == ["1 PENDING", "2 PENDING"], "what was due is kept, the rest withdrawn")
            try await world.plan()
            #expect(try await world.ledger(job).dropFirst(2).first == "10 QUEUED")
        }
    }

    @Test(arguments: Driver.allCases)
    func anEditThatKeepsTheSlotsKeepsTheRunsWithANewFence(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            let claims = try await world.plan().claims
            let changed = try await world.edit(job) { $0.payload = .integer(2) }
            #expect(changed.job.job.version == 2)
            #expect(try await world.runs(job).map(\.id) == claims.map(\.token.runID))
            world.clock.advance(by: .seconds(1))
            #expect(try await world.start([claims[0]])[0].verdictName == "stale")
            let again = try await world.claim()
            #expect(again.count == 5)
            guard case .started(let context, _) = try await world.start([again[0]])[0] else {
                Issue.record("not started")
                return
            }
            #expect(context.payload == .integer(2))
            let edge = try await world.run(claims[0].token.runID).events[2]
            #expect(edge.reason == .edited && edge.to == .pending)
        }
    }

    @Test(arguments: Driver.allCases)
    func aTagEditAfterAnOutageDoesNotCancelWhatWasDue(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 0 3 * * *") { $0.misfire.mode = .fireLast }
            world.clock.advance(by: .hours(30))
            try await world.edit(job) { $0.tags = ["x"] }
            #expect(try await world.runDue() == 1, "the backup of three o'clock still runs")
        }
    }

    @Test(arguments: Driver.allCases)
    func anEditDuringCatchUpKeepsTheBacklog(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *") {
                $0.misfire.mode = .fireAll
                $0.misfire.catchupLimit = 3
                $0.overlap = .allow
            }
            world.clock.advance(by: .minutes(10))
            try await world.plan(claims: 1)
            try await world.edit(job) { $0.schedule = "30 * * * * *" }
            // Late by more than a minute: minutes 1 to 8; of these the newest three run, and minutes 9 and 10 are due.
            let ledger = try await world.ledger(job)
            #expect(ledger.first == "60...300 SKIPPED(out_of_window)")
            #expect(try await world.runDue() == 5)
        }
    }

    /// By the rule alone, which is that of all stores: as rows it is much.
    @Test func aChangeLeavesALongBacklogToPlanning() async throws {
        try await World.with(.memory) { world in
            let job = try await world.create("* * * * * *") { $0.misfire.after = .hours(24) }
            world.clock.advance(by: .seconds(Int64(ChangeRule.slotsBehindLimit) + 1))
            let refusal = await #expect(throws: StoreError.self) { try await world.change(job, .pause) }
            #expect("\(try #require(refusal))".contains("still being planned"))
            #expect(try await world.ledger(job) == [])
            try await world.plan()
            try await world.change(job, .pause)
            #expect(try await world.view(job).job.state == .paused)
        }
    }

    @Test(arguments: Driver.allCases)
    func aToBToALosesAndDoublesNothing(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("*/2 * * * * *")
            try await world.plan()
            try await world.edit(job) { $0.schedule = "1/2 * * * * *" }
            try await world.plan()
            try await world.edit(job) { $0.schedule = "*/2 * * * * *" }
            for _ in 0..<12 {
                world.clock.advance(by: .seconds(1))
                try await world.runDue()
            }
            let done = try await world.runs(job).filter { $0.status == .success }.map { $0.scheduledFor }
            #expect(done == [2, 4, 6, 8, 10, 12].map { TestClock.start + .seconds($0) })
        }
    }

    @Test(arguments: Driver.allCases)
    func pauseAndResumeInsideTheLeadKeepTheNextSlot(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("*/2 * * * * *")
            let claims = try await world.plan().claims
            #expect(claims.count == 2)
            let paused = try await world.change(job, .pause)
            #expect(paused.job.nextRunTime == nil)
            #expect(try await world.ledger(job).isEmpty, "not due yet: withdrawn")
            let resumed = try await world.change(job, .resume(nil))
            #expect(resumed.job.nextRunTime == TestClock.start + .seconds(2))
            world.clock.advance(by: .seconds(2))
            #expect(try await world.start(claims).allSatisfy { $0.verdictName == "stale" })
            #expect(try await world.runDue() == 1)
        }
    }

    @Test(arguments: Driver.allCases)
    func aPauseEndsWhatWasDueAndWhatRunsFinishes(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.overlap = .allow }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(3))
            _ = try await world.start(Array(claims.prefix(2)))
            try await world.change(job, .pause)
            #expect(try await world.ledger(job) == ["1 RUNNING", "2 RUNNING", "3 SKIPPED(paused)"])
            try await world.finish(claims[0])
            try await world.finish(claims[1], World.transient)
            #expect(try await world.ledger(job) == ["1 SUCCESS", "2 SKIPPED(paused)", "3 SKIPPED(paused)"])
            let path = try await world.run(claims[1].token.runID).events.map(\.to)
            #expect(path.suffix(3) == [.failed, .retrying, .skipped])
            world.clock.advance(by: .seconds(60))
            #expect(try await world.plan().planned == 0)
        }
    }

    @Test(arguments: Driver.allCases)
    func aPauseEndsAWaitingRetry(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *")
            world.clock.advance(by: .minutes(1))
            try await world.runDue(World.transient)
            try await world.change(job, .pause)
            #expect(try await world.ledger(job) == ["60 SKIPPED(paused)"])
        }
    }

    @Test(
        arguments: [
            (ResumePolicy.none, ["60...300 SKIPPED(paused)"], 0),
            (.last, ["60...240 SKIPPED(paused)", "300 PENDING"], 1),
            (.all, ["60...180 SKIPPED(paused)", "240 PENDING", "300 PENDING"], 2),
        ], Driver.allCases)
    func resumeAccountsForThePause(
        given: (policy: ResumePolicy, ledger: [String], started: Int), driver: Driver
    ) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *") {
                $0.misfire.catchupLimit = 2
                $0.overlap = .allow
            }
            try await world.change(job, .pause)
            world.clock.advance(by: .seconds(330))
            try await world.change(job, .resume(given.policy))
            #expect(try await world.ledger(job) == given.ledger)
            #expect(try await world.runDue() == given.started)
            #expect(try await world.view(job).nextRunTime == TestClock.start + .seconds(360))
        }
    }

    @Test(arguments: Driver.allCases)
    func anEditWhilePausedStaysPaused(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *")
            try await world.change(job, .pause)
            world.clock.advance(by: .seconds(90))
            try await world.edit(job) { $0.schedule = "30 * * * * *" }
            #expect(try await world.view(job).job.state == .paused)
            #expect(try await world.plan().planned == 0)
            world.clock.advance(by: .seconds(60))
            try await world.change(job, .resume(nil))
            #expect(try await world.ledger(job) == ["60 SKIPPED(paused)", "150 SKIPPED(paused)"])
        }
    }

    @Test(arguments: Driver.allCases)
    func deleteEndsWhatWaitsAndKeepsHistory(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.overlap = .allow }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(2))
            _ = try await world.start([claims[0]])
            try await world.change(job, .delete)
            #expect(try await world.ledger(job) == ["1 RUNNING", "2 SKIPPED(deleted)"])
            try await world.finish(claims[0], World.transient)
            #expect(try await world.ledger(job) == ["1 SKIPPED(deleted)", "2 SKIPPED(deleted)"])
            #expect(try await world.store.job(job.id, owner: world.owner) == nil)
            await #expect(throws: StoreError.notFound) { try await world.change(job, .pause) }
            #expect(try await world.plan().planned == 0)
        }
    }

    @Test(arguments: Driver.allCases)
    func aTriggerRunsBesideTheScheduleAndWhilePaused(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            world.clock.advance(by: .seconds(1))
            let run = try #require(try await world.change(job, .trigger(payload: .integer(1))).triggered)
            #expect(run.scheduledFor == TestClock.start + .seconds(1) + .microseconds(1), "the slot is the schedule's")
            try await world.change(job, .pause)
            let second = try #require(try await world.change(job, .trigger(payload: nil)).triggered)
            #expect(second.scheduledFor > run.scheduledFor)
            #expect(try await world.runDue() == 2)
            #expect(try await world.run(run.id).status == .success)
        }
    }

    @Test(arguments: Driver.allCases)
    func aMovedOneShotRunsOnceAtItsNewTime(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 10s")
            try await world.edit(job) { $0.schedule = "in 20s" }
            #expect(try await world.ledger(job) == ["20 PENDING"])
            world.clock.advance(by: .seconds(21))
            try await world.runDue(World.transient)
            try await world.edit(job) { $0.schedule = "in 5s" }
            #expect(try await world.ledger(job) == ["20 CANCELLED(edited)", "26 PENDING"], "its retry gives way")
            world.clock.advance(by: .seconds(5))
            #expect(try await world.runDue() == 1)
            #expect(try await world.view(job).job.state == .finished)
        }
    }

    @Test(arguments: Driver.allCases)
    func theSameDelayStaysAndRearmStartsItAnew(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 30m")
            world.clock.advance(by: .minutes(10))
            try await world.edit(job) { $0.tags = ["a"] }
            #expect(try await world.view(job).nextRunTime == TestClock.start + .minutes(30))
            try await world.edit(job, rearm: true) { _ in }
            #expect(try await world.view(job).nextRunTime == TestClock.start + .minutes(40))
            world.clock.advance(by: .minutes(30))
            #expect(try await world.runDue() == 1)
            try await world.edit(job, rearm: true) { _ in }
            #expect(try await world.view(job).job.state == .active)
            #expect(try await world.view(job).nextRunTime == TestClock.start + .minutes(70))
        }
    }

    @Test(arguments: Driver.allCases)
    func aChangeWaitsForAStartCommittedAheadOfItsTime(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            let claims = try await world.plan().claims
            world.clock.advance(by: .milliseconds(970))
            #expect(try await world.start([claims[0]], early: .milliseconds(50))[0].verdictName == "started")
            let store = world.store
            let owner = world.owner
            let pausing = Task { try await store.changeJob(job.id, owner: owner, version: nil, .pause) }
            while world.clock.waiterCount == 0 { await Task.yield() }
            world.clock.advance(by: .milliseconds(30))
            #expect(try await pausing.value.job.job.updatedAt == TestClock.start + .seconds(1))
            #expect(try await world.ledger(job) == ["1 RUNNING"])
        }
    }

    @Test(arguments: Driver.allCases)
    func aStoppedJobsNewSlotsDoNotMeetItsRowsAheadOfTime(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("*/2 * * * * *")
            let ahead = try #require(try await world.plan().claims.last)
            _ = try await world.store.cancelRun(ahead.token.runID, owner: world.owner, audit: nil)
            world.clock.advance(by: .seconds(1))
            try await world.change(job, .pause)
            try await world.edit(job) { $0.schedule = "* * * * * *" }
            world.clock.advance(by: .seconds(5))
            try await world.change(job, .resume(nil))
            #expect(
                try await world.ledger(job) == [
                    "2 SKIPPED(paused)", "3 SKIPPED(paused)", "4 CANCELLED(user)", "5...6 SKIPPED(paused)",
                ])
        }
    }

    @Test(arguments: Driver.allCases)
    func aOneShotCancelledAheadAndMovedNearerLeavesNothingBeyondTheCursor(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 8s")
            let first = try #require(try await world.runs(job).first)
            _ = try await world.store.cancelRun(first.id, owner: world.owner, audit: nil)
            try await world.edit(job) { $0.schedule = "in 3s" }
            #expect(try await world.ledger(job) == ["3 PENDING", "8 CANCELLED(user)"])
            #expect(try await world.view(job).job.cursor == TestClock.start + .seconds(8))
        }
    }

    @Test(arguments: Driver.allCases)
    func aOneShotCancelledAheadDoesNotHoldUpTheSlotsOfANewSchedule(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("2099-02-01 10:00:01")
            let run = try #require(try await world.runs(job).first)
            _ = try await world.store.cancelRun(run.id, owner: world.owner, audit: nil)
            let edited = try await world.edit(job) { $0.schedule = "*/2 * * * * *" }.job.job
            #expect(edited.cursor == TestClock.start)
            world.clock.advance(by: .seconds(2))
            try await world.change(job, .pause)
            #expect(try await world.view(job).job.cursor == TestClock.start + .seconds(2), "nor those of a pause")
            try await world.change(job, .resume(nil))
            #expect(try await world.view(job).nextRunTime == TestClock.start + .seconds(4))
        }
    }

    @Test(arguments: Driver.allCases)
    func aSlotThatIsTakenFarAheadIsRefusedNotFilledUpTo(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 2000s")
            let run = try #require(try await world.runs(job).first)
            _ = try await world.store.cancelRun(run.id, owner: world.owner, audit: nil)
            let refusal = await #expect(throws: StoreError.self) {
                try await world.edit(job) { $0.schedule = "* * * * * *" }
            }
            #expect("\(try #require(refusal))".contains("2027-01-15T08:33:20.000000Z"))
            #expect(try await world.ledger(job) == ["2000 CANCELLED(user)"])
            try await world.edit(job) { $0.schedule = "*/2 * * * * *" }
            #expect(try await world.ledger(job).count == ChangeRule.slotsAheadLimit)
        }
    }

    @Test(arguments: Driver.allCases)
    func versionsAreCompared(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *")
            _ = try await world.store.changeJob(job.id, owner: world.owner, version: 1, .pause)
            await #expect(throws: StoreError.versionMismatch(current: 2)) {
                try await world.store.changeJob(job.id, owner: world.owner, version: 1, .resume(nil))
            }
            await #expect(throws: StoreError.notFound) {
                try await world.store.changeJob(job.id, owner: UserID(high: 1, low: 1), version: nil, .delete)
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func badEditsChangeNothing(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            try await world.plan()
            let before = try await world.ledger(job)
            for schedule in ["nonsense", "0 0 30 2 *", "2020-01-01 00:00:00"] {
                await #expect(throws: StoreError.self) { try await world.edit(job) { $0.schedule = schedule } }
            }
            #expect(try await world.ledger(job) == before)
            #expect(try await world.view(job).job.version == 1)
        }
    }
}
