import CronModel
import CronSchedule
import CronTesting
import Testing

/// Jobs with alerts: what is told when something happens to them, or does not.
@Suite struct WatchBehaviour {
    @Test(arguments: Driver.allCases)
    func aDeadRunIsToldOnceAndItsEndOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("* * * * * *", on: [.dead]) { $0.retry.maxRetries = 0 }
            world.clock.advance(by: .seconds(1))
            #expect(try await world.runDue(World.permanent) == 1)
            let told = try await world.tell()
            #expect(told.map(\.rule) == [.dead] && told.map(\.isResolved) == [false])
            #expect(told.first?.channels == ["ops"] && told.first?.text.contains("404") == true)
            #expect(told.first?.text.contains(" after 1 attempt: ") == true, "\(told)")
            world.clock.advance(by: .seconds(1))
            _ = try await world.runDue(World.permanent)
            #expect(try await world.tell().isEmpty, "it is known")
            #expect(try await world.watch(job)?.problems.keys.sorted() == [.dead])
            world.clock.advance(by: .seconds(1))
            _ = try await world.runDue()
            let ended = try await world.tell()
            #expect(ended.map(\.isResolved) == [true] && ended.first?.problem == told.first?.problem)
            #expect(ended.first?.id != told.first?.id)
            #expect(try await world.watch(job)?.problems.isEmpty == true)
        }
    }

    @Test(arguments: Driver.allCases)
    func aFailedAttemptIsToldBeforeItsRetry(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.watched("in 1s", on: [.firstFailure, .dead])
            world.clock.advance(by: .seconds(1))
            _ = try await world.runDue(World.transient)
            #expect(try await world.tell().map(\.rule) == [.firstFailure])
            world.clock.advance(by: .minutes(5))
            _ = try await world.runDue(World.transient)
            #expect(try await world.tell().isEmpty, "the first one was told")
            world.clock.advance(by: .minutes(5))
            _ = try await world.runDue()
            #expect(try await world.tell().map(\.isResolved) == [true])
        }
    }

    @Test(arguments: Driver.allCases)
    func aRunThatDoesNotStartIsToldWhenItsTimeIsOver(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("*/10 * * * * *") { $0.startWithin = .seconds(3) }
            _ = try await world.tell()
            world.clock.advance(by: .seconds(10))
            let late = try await world.claims()
            #expect(try await world.watchAt() == world.clock.now + .seconds(3))
            world.clock.advance(by: .seconds(2))
            #expect(try await world.tell().isEmpty)
            world.clock.advance(by: .seconds(1))
            #expect(try await world.tell().map(\.rule) == [.startWithin])
            _ = try await world.start(late)
            for claim in late { try await world.finish(claim) }
            #expect(try await world.tell().isEmpty, "it started, but not in time")
            world.clock.advance(by: .seconds(7))
            _ = try await world.runDue()
            #expect(try await world.tell().map(\.isResolved) == [true])
            #expect(try await world.watch(job)?.problems.isEmpty == true)
        }
    }

    @Test(arguments: Driver.allCases)
    func aRunThatDoesNotEndIsToldWhenItsTimeIsOver(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.watched("*/10 * * * * *") { $0.finishBy = .seconds(4) }
            world.clock.advance(by: .seconds(10))
            let claims = try await world.claims()
            _ = try await world.start(claims)
            world.clock.advance(by: .seconds(4))
            #expect(try await world.tell().map(\.rule) == [.finishBy])
            for claim in claims { try await world.finish(claim) }
            #expect(try await world.tell().isEmpty, "it ended, but not in time")
            world.clock.advance(by: .seconds(6))
            _ = try await world.runDue()
            #expect(try await world.tell().map(\.isResolved) == [true])
        }
    }

    @Test(arguments: Driver.allCases)
    func whatIsLateIsNotOverBecauseAnotherWasInTime(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.watched("*/10 * * * * *", on: [], { $0.overlap = .allow }, { $0.finishBy = .seconds(15) })
            world.clock.advance(by: .seconds(10))
            let slow = try await world.claims()
            _ = try await world.start(slow)
            world.clock.advance(by: .seconds(15))
            #expect(try await world.tell().map(\.rule) == [.finishBy])
            _ = try await world.runDue()
            #expect(try await world.tell().isEmpty, "the slow one goes on")
            for claim in slow { try await world.finish(claim) }
            #expect(try await world.tell().isEmpty)
            world.clock.advance(by: .seconds(10))
            _ = try await world.runDue()
            #expect(try await world.tell().map(\.isResolved) == [true])
        }
    }

    /// Long before its rule would have been judged anyway.
    @Test(arguments: Driver.allCases)
    func aRunThatIsMissedWhenItIsClaimedIsToldAtOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.watched("*/10 * * * * *", on: [], { $0.expiry.after = .seconds(1) }) {
                $0.startWithin = .hours(1)
            }
            world.clock.advance(by: .seconds(8))
            #expect(try await world.plan(claims: 0).planned == 1)
            #expect(try await world.tell().isEmpty)
            world.clock.advance(by: .seconds(3))
            #expect(try await world.claim().isEmpty, "it has expired")
            #expect(try await world.tell().map(\.rule) == [.startWithin])
        }
    }

    @Test(arguments: Driver.allCases)
    func whatAnEditFindsMissedIsToldAtOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("*/10 * * * * *", on: [], { $0.misfire.mode = .skip }) {
                $0.startWithin = .hours(1)
            }
            #expect(try await world.tell().isEmpty)
            world.clock.advance(by: .minutes(5))
            try await world.edit(job) { $0.tags = ["edited"] }
            #expect(try await world.tell().map(\.rule) == [.startWithin], "no node had planned its slots")
        }
    }

    /// It started in time long before, and only its retry is heard of.
    @Test(arguments: Driver.allCases)
    func aRetryOfARunThatWasInTimeSaysNothingOfAnother(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched(
                "*/10 * * * * *", on: [],
                {
                    $0.overlap = .allow
                    $0.retry.maxRetries = 3
                }, { $0.startWithin = .seconds(3) })
            world.clock.advance(by: .seconds(10))
            let early = try await world.claims()
            _ = try await world.start(early)
            world.clock.advance(by: .seconds(10))
            let late = try await world.claims()
            world.clock.advance(by: .seconds(3))
            #expect(try await world.tell().map(\.rule) == [.startWithin])
            _ = try await world.start(late)
            for claim in late { try await world.finish(claim) }
            for claim in early { try await world.finish(claim, World.transient) }
            #expect(try await world.tell().isEmpty)
            #expect(try await world.watch(job)?.problems.keys.sorted() == [.startWithin])
        }
    }

    /// A node was away: a slot has passed that nobody planned, and what is heard of is a run from before.
    @Test(arguments: Driver.allCases)
    func aSlotThatNobodyPlannedIsNotOverBecauseAnEarlierRunWasInTime(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("*/10 * * * * *") { $0.startWithin = .seconds(3) }
            world.clock.advance(by: .seconds(10))
            let claims = try await world.claims()
            _ = try await world.start(claims)
            world.clock.advance(by: .seconds(20))
            for claim in claims { try await world.finish(claim) }
            #expect(try await world.tell().map(\.isResolved) == [false])
            #expect(try await world.watch(job)?.problems.keys.sorted() == [.startWithin])
        }
    }

    @Test(arguments: Driver.allCases)
    func silenceIsToldUnlessTheJobIsPaused(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("* * * * *") { $0.maxSilence = .minutes(3) }
            _ = try await world.tell()
            world.clock.advance(by: .minutes(2))
            try await world.change(job, .pause)
            _ = try await world.tell()
            world.clock.advance(by: .hours(1))
            #expect(try await world.tell().isEmpty, "nobody wants it to run")
            try await world.change(job, .resume(nil))
            #expect(try await world.tell().isEmpty, "it counts from now")
            world.clock.advance(by: .minutes(3))
            #expect(try await world.tell().map(\.rule) == [.maxSilence])
            _ = try await world.runDue()
            #expect(try await world.tell().map(\.isResolved) == [true])
        }
    }

    @Test(arguments: Driver.allCases)
    func aJobThatIsDisabledIsTold(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("* * * * *", on: [.disabled])
            #expect(try await world.tell().isEmpty)
            _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .disable("410 Gone"))
            let told = try await world.tell()
            #expect(told.map(\.rule) == [.disabled] && told.first?.text == "410 Gone")
            try await world.change(job, .resume(nil))
            #expect(try await world.tell().map(\.isResolved) == [true])
        }
    }

    @Test(arguments: Driver.allCases)
    func whatWasToldEndsWithTheRuleOrTheJob(driver: Driver) async throws {
        try await World.with(driver) { world in
            let jobs = [
                try await world.watched("* * * * *", on: [.disabled]), try await world.watched("* * * * *", on: [.disabled]),
            ]
            for job in jobs {
                _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .disable("gone"))
            }
            #expect(try await world.tell().count == 2)
            try await world.edit(jobs[0]) { $0.alerts = nil }
            try await world.change(jobs[1], .delete)
            let ended = try await world.tell()
            #expect(ended.map(\.isResolved) == [true, true])
            #expect(ended.allSatisfy { $0.channels == ["ops"] })
            for job in jobs { #expect(try await world.watch(job) == nil) }
        }
    }

    @Test(arguments: Driver.allCases)
    func whoWantsToHearOfNoEndHearsOfNone(driver: Driver) async throws {
        try await World.with(driver) { world in
            for isDeleted in [false, true] {
                let job = try await world.watched("* * * * *", on: [.disabled], { _ in }, { $0.recovery = false })
                _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .disable("gone"))
                #expect(try await world.tell().count == 1)
                if isDeleted { try await world.change(job, .delete) } else { try await world.edit(job) { $0.alerts = nil } }
                #expect(try await world.tell().isEmpty)
                #expect(try await world.watch(job) == nil)
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func aNoticeIsAnothersWhenNothingIsHeardOfIt(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("* * * * *", on: [.disabled])
            _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .disable("gone"))
            let first = try await world.store.watch().notices
            #expect(first.map(\.attempt) == [1])
            #expect(try await world.store.watch().notices.isEmpty, "it is the first one's")
            world.clock.advance(by: Notice.lease)
            let second = try await world.store.watch().notices
            #expect(second.map(\.id) == first.map(\.id) && second.map(\.attempt) == [2])
            try await world.settle(first, World.transient)
            #expect(try await world.store.watch().notices.isEmpty, "the first one no longer says what comes of it")
            try await world.settle(second, World.transient)
            world.clock.advance(by: .seconds(10))
            #expect(try await world.store.watch().notices.map(\.attempt) == [3])
            try await world.settle(first, .success)
            world.clock.advance(by: .hours(1))
            #expect(try await world.store.watch().notices.isEmpty, "that it has arrived, anybody may say")
        }
    }

    @Test(arguments: Driver.allCases)
    func anEndIsNotToldBeforeItsBeginning(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("* * * * *", on: [.disabled])
            _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .disable("gone"))
            let begin = try await world.store.watch().notices
            try await world.change(job, .resume(nil))
            #expect(try await world.store.watch().notices.isEmpty)
            try await world.settle(begin, .success)
            #expect(try await world.store.watch().notices.map(\.isResolved) == [true])
        }
    }

    @Test(arguments: Driver.allCases)
    func anEndIsNotToldWhoseBeginningWasRefused(driver: Driver) async throws {
        try await World.with(driver) { world in
            var refused = World.permanent
            let cases: [(progress: String?, isTold: Bool)] = [(nil, false), ("a part of it", true)]
            for (progress, isTold) in cases {
                refused.progress = progress
                for isOverBefore in [false, true] {
                    let job = try await world.watched("* * * * *", on: [.disabled])
                    _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .disable("gone"))
                    let begin = try await world.store.watch().notices
                    #expect(begin.count == 1)
                    if isOverBefore {
                        try await world.change(job, .resume(nil))
                        #expect(try await world.store.watch().notices.isEmpty)
                    }
                    try await world.settle(begin, refused)
                    if !isOverBefore { try await world.change(job, .resume(nil)) }
                    #expect(try await world.tell().map(\.isResolved) == (isTold ? [true] : []))
                    #expect(try await world.watch(job)?.problems.isEmpty == true)
                }
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func whatIsRefusedForGoodIsGivenUp(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.watched("* * * * *", on: [.disabled])
            _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .disable("gone"))
            try await world.settle(try await world.store.watch().notices, World.permanent)
            world.clock.advance(by: .hours(1))
            #expect(try await world.store.watch().notices.isEmpty)
            #expect(try await world.watch(job)?.lastFailure == "404")
            let other = UserID(high: 8, low: 8)
            #expect(try await world.store.watch(of: job.id, owner: other) == nil)
        }
    }
}

extension World {
    /// A job that tells by the channel `ops`.
    @discardableResult
    fileprivate func watched(
        _ schedule: String, on: Set<AlertRule> = [], _ change: (inout JobDefinition) -> Void = { _ in },
        _ alerts: (inout AlertPolicy) -> Void = { _ in }
    ) async throws -> Job {
        try await create(schedule) {
            var policy = AlertPolicy(channels: ["ops"])
            policy.on = on
            alerts(&policy)
            $0.alerts = policy
            change(&$0)
        }
    }

    @discardableResult
    fileprivate func watched(_ schedule: String, _ alerts: (inout AlertPolicy) -> Void) async throws -> Job {
        try await watched(schedule, on: [], { _ in }, alerts)
    }

    /// What is told now; all of it arrives.
    fileprivate func tell() async throws -> [Notice] {
        var told: [Notice] = []
        while case let notices = try await store.watch().notices, !notices.isEmpty {
            try await settle(notices, .success)
            told += notices
        }
        return told
    }

    fileprivate func settle(_ notices: [Notice], _ outcome: Outcome) async throws {
        try await store.settle(notices.map { NoticeResult($0, outcome) })
    }

    fileprivate func watch(_ job: Job) async throws -> Watch? { try await store.watch(of: job.id, owner: owner) }

    fileprivate func watchAt() async throws -> Instant? {
        _ = try await store.watch()
        return try await store.look(forLost: false).watchAt
    }
}
