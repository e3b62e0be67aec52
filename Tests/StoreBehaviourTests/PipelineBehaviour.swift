import CronModel
import CronSchedule
import CronTesting
import Testing

@Suite struct PipelineBehaviour {
    @Test(arguments: Driver.allCases)
    func aStartWhoseAnswerWasLostIsGivenAgain(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("in 1s")
            let claims = try await world.claim()
            world.clock.advance(by: .seconds(1))
            #expect(try await world.start(claims).map(\.verdictName) == ["started"])
            world.clock.advance(by: .seconds(1))
            #expect(try await world.start(claims).map(\.verdictName) == ["started"], "it is RUNNING under this claim")
            try await world.finish(claims[0])
            let attempts = try await world.store.attempts(of: claims[0].token.runID, owner: world.owner)
            #expect(attempts?.map(\.outcome) == [.success])
            #expect(attempts?.first?.startedAt == world.clock.now)
        }
    }

    @Test(arguments: Driver.allCases)
    func aStartWhoseAnswerWasLostIsNotGivenOnceItsJobIsPaused(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s") { $0.delivery = .atMostOnce }
            let claims = try await world.claim()
            world.clock.advance(by: .seconds(1))
            _ = try await world.start(claims)
            try await world.change(job, .pause)
            #expect(try await world.start(claims).map(\.verdictName) == ["skipped"])
            #expect(try await world.ledger(job) == ["1 SKIPPED(paused)"])
        }
    }

    @Test(arguments: Driver.allCases)
    func aStartedRunOfWhichNothingWasSentIsHandedBack(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s") { $0.delivery = .atMostOnce }
            let claims = try await world.claim()
            world.clock.advance(by: .seconds(1))
            _ = try await world.start(claims)
            try await world.store.handBack(claims.map(\.token), node: world.node)
            #expect(try await world.ledger(job) == ["1 RETRYING"], "an unknown outcome would have made it DEAD")
        }
    }

    @Test(arguments: Driver.allCases)
    func slotsBecomeClaimedRunsWithinTheLead(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            let answer = try await world.plan()
            #expect(answer.claims.count == 5)
            #expect(answer.nextSlot == TestClock.start + .seconds(6))
            #expect(try await world.ledger(job) == (1...5).map { "\($0) QUEUED" })
            #expect(try await world.plan().claims.isEmpty, "planned once")
            world.clock.advance(by: .milliseconds(3_500))
            #expect(try await world.plan().claims.count == 3)
        }
    }

    @Test(arguments: Driver.allCases)
    func whatIsNotClaimedAtOnceWaitsForAClaim(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            let answer = try await world.plan(claims: 2)
            #expect(answer.claims.count == 2)
            #expect(answer.leftUnclaimed)
            #expect(try await world.claim(2).map(\.dueAt) == [3, 4].map { TestClock.start + .seconds($0) })
            #expect(try await world.claim().count == 1)
            #expect(try await world.runs(job).allSatisfy { $0.status == .queued })
        }
    }

    @Test(arguments: Driver.allCases)
    func aRunGoesFromStartToSuccess(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * * *")
            world.clock.advance(by: .seconds(58))
            let claim = try #require(try await world.claims().first)
            guard case .putBack(let until) = try await world.start([claim])[0] else {
                Issue.record("started early")
                return
            }
            #expect(until == claim.dueAt)
            world.clock.advance(by: .seconds(2))
            guard case .started(let context, let dueAt) = try await world.start([claim])[0] else {
                Issue.record("not started")
                return
            }
            #expect(dueAt == claim.dueAt)
            #expect(context.attempt == 1)
            #expect(context.fence == claim.token.fence)
            world.clock.advance(by: .milliseconds(300))
            #expect(try await world.finish(claim) == .applied(.success, dueAt: nil))
            #expect(try await world.start([claim])[0].verdictName == "stale", "a run starts once")
            #expect(try await world.finish(claim) == .repeated)
            let run = try await world.run(claim.token.runID)
            #expect(run.current?.outcome == .success)
            #expect(run.events.map(\.to) == [.pending, .queued, .running, .success])
            #expect(try await world.view(job).newest?.id == run.id)
        }
    }

    @Test(arguments: Driver.allCases)
    func anEarlyStartIsCommittedAheadButNotBeyondWhatWasAsked(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("0 * * * * *")
            world.clock.advance(by: .milliseconds(59_970))
            let claim = try #require(try await world.claims().first)
            #expect(try await world.start([claim], early: .milliseconds(20))[0].verdictName == "put_back")
            #expect(try await world.start([claim], early: .milliseconds(40))[0].verdictName == "started")
            let run = try await world.run(claim.token.runID)
            #expect(run.current?.startedAt == claim.dueAt, "the moment at which the effect may happen")
        }
    }

    @Test(arguments: Driver.allCases)
    func staleFencesChangeNothing(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("* * * * * *") { $0.overlap = .allow }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(5))
            var stale = claims[0]
            stale.token.fence += 1
            #expect(try await world.start([stale])[0].verdictName == "stale")
            #expect(try await world.start([claims[0]])[0].verdictName == "started")
            #expect(try await world.finish(stale) == .superseded)
            #expect(try await world.run(stale.token.runID).status == .running)
            try await world.store.handBack([claims[1].token], node: world.node)
            #expect(try await world.start([claims[1]])[0].verdictName == "stale")
            #expect(try await world.run(claims[1].token.runID).status == .pending)
        }
    }

    @Test(arguments: Driver.allCases)
    func failuresBackOffRetryAndDieAndAreRedriven(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s") { $0.retry.maxRetries = 2 }
            world.clock.advance(by: .seconds(1))
            var waits: [Span] = []
            for attempt in 1...3 {
                let claim = try #require(try await world.claims().first)
                #expect(try await world.start([claim])[0].verdictName == "started")
                let answer = try await world.finish(claim, World.transient)
                guard attempt < 3 else {
                    #expect(answer == .applied(.dead, dueAt: nil))
                    continue
                }
                guard case .applied(.retrying, let dueAt?) = answer else {
                    Issue.record("\(answer)")
                    return
                }
                waits.append(dueAt - world.clock.now)
                world.clock.advance(by: dueAt - world.clock.now)
            }
            #expect(waits == [.seconds(1), .seconds(2)])
            let run = try #require(try await world.runs(job).first)
            #expect(run.reason == .retriesExhausted)
            let attempts = try #require(try await world.store.attempts(of: run.id, owner: world.owner))
            #expect(attempts.map(\.number) == [1, 2, 3], "DEAD keeps every attempt")
            #expect(attempts.allSatisfy { $0.outcome == World.transient })
            #expect(try await world.view(job).job.state == .finished)

            let redriven = try await world.store.redriveRun(
                run.id, owner: world.owner, payload: .integer(7), audit: nil)
            #expect(redriven.id == run.id)
            let claim = try #require(try await world.claims().first)
            guard case .started(let context, _) = try await world.start([claim])[0] else {
                Issue.record("not started")
                return
            }
            #expect(context.attempt == 4)
            #expect(context.payload == .integer(7))
            try await world.finish(claim)
            #expect(try await world.run(run.id).status == .success)
            #expect(try await world.store.attempts(of: run.id, owner: world.owner)?.count == 4)
        }
    }

    @Test(arguments: Driver.allCases)
    func aDeadLetterCanBeDiscardedAndNothingElse(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s")
            world.clock.advance(by: .seconds(1))
            try await world.runDue(World.permanent)
            let run = try #require(try await world.runs(job).first)
            #expect(run.status == .dead)
            #expect(run.reason == .permanent)
            let other = UserID(high: 1, low: 2)
            await #expect(throws: StoreError.notFound) {
                try await world.store.discardRun(run.id, owner: other, audit: nil)
            }
            #expect(try await world.store.discardRun(run.id, owner: world.owner, audit: nil).status == .cancelled)
            await #expect(throws: StoreError.conflict("the run is CANCELLED, not DEAD")) {
                try await world.store.redriveRun(run.id, owner: world.owner, payload: nil, audit: nil)
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func underAtMostOnceNothingIsSentTwice(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s") { $0.delivery = .atMostOnce }
            world.clock.advance(by: .seconds(1))
            let notSent = Outcome(kind: .connectError, verdict: .transient, reach: .nothingSent)
            try await world.runDue(notSent)
            let first = try #require(try await world.runs(job).first)
            #expect(first.status == .retrying, "nothing left: it may be tried again")
            world.clock.advance(by: .seconds(5))
            try await world.runDue(Outcome(kind: .timeout, verdict: .transient, reach: .maybeSent))
            let run = try await world.run(first.id)
            #expect(run.status == .dead)
            #expect(run.reason == .outcomeUnknown)
            let fresh = try await world.store.redriveRun(run.id, owner: world.owner, payload: nil, audit: nil)
            #expect(fresh.id != run.id)
            #expect(fresh.redriveOf == run.id)
            #expect(fresh.origin == .redrive)
            try await world.runDue()
            #expect(try await world.run(fresh.id).status == .success)
        }
    }

    @Test(arguments: Driver.allCases)
    func aLateAnswerIsKeptAndNotApplied(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s")
            world.clock.advance(by: .seconds(1))
            let claim = try #require(try await world.claims().first)
            _ = try await world.start([claim])
            let taken = try await world.register(2)
            #expect(taken == ReapAnswer(queued: 0, running: 1))
            #expect(try await world.finish(claim) == .superseded)
            #expect(try await world.runs(job).first?.status == .retrying)
            try await world.runDue()
            let run = try #require(try await world.runs(job).first)
            #expect(run.status == .success)
            let attempts = try #require(try await world.store.attempts(of: run.id, owner: world.owner))
            #expect(attempts.map { $0.outcome?.kind } == [.leaseLost, .success])
            #expect(attempts[0].lateOutcome == .success)
        }
    }

    /// Of a batch some are applied, some were before, and some come after their runs were taken away.
    @Test(arguments: Driver.allCases)
    func lateAnswersOfABatchAreKeptEachBesideItsAttempt(driver: Driver) async throws {
        try await World.with(driver) { world in
            for _ in 0..<3 { try await world.create("in 1s") }
            world.clock.advance(by: .seconds(1))
            let early = try await world.claims()
            _ = try await world.start(early)
            #expect(try await world.finish(early[0]) == .applied(.success, dueAt: nil))
            try await world.register(2)
            try await world.create("in 1s")
            world.clock.advance(by: .seconds(1))
            let last = try #require(try await world.claims().last)
            _ = try await world.start([last])
            let outcomes = [early[0], early[1], early[2], last, early[1]].map { claim in
                Finish(token: claim.token, outcome: claim == early[2] ? World.permanent : .success)
            }
            let answers = try await world.store.finish(outcomes, node: world.node)
            #expect(answers.prefix(4) == [.repeated, .superseded, .superseded, .applied(.success, dueAt: nil)])
            for (claim, outcome) in [(early[1], Outcome.success), (early[2], World.permanent)] {
                let attempts = try await world.store.attempts(of: claim.token.runID, owner: world.owner)
                #expect(attempts?.first?.lateOutcome == outcome)
                #expect(attempts?.first?.outcome?.kind == .leaseLost)
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func goneDisablesTheJob(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            var gone = World.permanent
            gone.disablesJob = true
            world.clock.advance(by: .seconds(1))
            let claims = try await world.claims()
            _ = try await world.start([claims[0]])
            try await world.finish(claims[0], gone)
            let view = try await world.view(job)
            #expect(view.job.state == .disabled)
            #expect(view.job.stateReason == "404")
            #expect(view.nextRunTime == nil)
            #expect(try await world.ledger(job) == ["1 DEAD"], "what was planned ahead is withdrawn")
            try await world.change(job, .resume(nil))
            #expect(try await world.view(job).job.state == .active)
        }
    }

    /// A receiver that is throttled is left alone for as long as it asks, within [base_delay, 24 h], and that takes one retry.
    @Test(arguments: Driver.allCases)
    func aReceiverIsLeftAloneForAsLongAsItAsks(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("in 1s") { $0.retry.maxRetries = 3 }
            world.clock.advance(by: .seconds(1))
            for (asked, kept) in [(Span.seconds(120), Span.seconds(120)), (.zero, .seconds(1)), (.days(3), .hours(24))]
            {
                let claim = try #require(try await world.claims().first)
                _ = try await world.start([claim])
                var busy = Outcome(kind: .httpError, verdict: .transient, reach: .answered)
                busy.retryAfter = asked
                let dueAt = world.clock.now + kept
                #expect(try await world.finish(claim, busy) == .applied(.retrying, dueAt: dueAt))
                world.clock.advance(by: kept)
            }
            let claim = try #require(try await world.claims().first)
            _ = try await world.start([claim])
            #expect(try await world.finish(claim, World.transient) == .applied(.dead, dueAt: nil))
        }
    }

    @Test(arguments: Driver.allCases)
    func aRunPastItsDeadlineIsTaken(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("in 1s") { $0.timeout = TimeoutPolicy(attempt: .seconds(10)) }
            world.clock.advance(by: .seconds(1))
            let claim = try #require(try await world.claims().first)
            _ = try await world.start([claim])
            world.clock.advance(by: .seconds(40))
            #expect(try await world.reap() == ReapAnswer())
            world.clock.advance(by: .seconds(1))
            #expect(try await world.reap() == ReapAnswer(queued: 0, running: 1))
            #expect(try await world.run(claim.token.runID).status == .retrying)
        }
    }

    @Test(arguments: Driver.allCases)
    func repairHandsBackWhatTheNodeDoesNotHold(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            let claims = try await world.plan().claims
            let held = Set(claims.prefix(2).map(\.token))
            #expect(try await world.store.repair(held: held, node: world.node).handedBack == 3)
            #expect(try await world.runs(job).map(\.status) == [.queued, .queued, .pending, .pending, .pending])
        }
    }

    @Test(arguments: Driver.allCases)
    func oldHistoryIsPrunedAndDeadLettersStay(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *")
            world.clock.advance(by: .seconds(1))
            try await world.runDue()
            world.clock.advance(by: .seconds(10))
            try await world.runDue(World.permanent)
            let before = try await world.runs(job).filter { $0.status == .dead }.count
            #expect(before > 0)
            world.clock.advance(by: .hours(2))
            world.invariants.wasPruned = true
            var pruned = 0
            for _ in 0..<50 {
                pruned += try await world.store.prune(
                    PruneRequest(endedBefore: world.clock.now - .hours(1), limit: 10))
            }
            #expect(pruned > 0)
            let rest = try await world.runs(job)
            #expect(!rest.contains { $0.status == .success })
            #expect(rest.filter { $0.status == .dead }.count == before)
        }
    }

    @Test(arguments: Driver.allCases)
    func aSpaceKeepsItsNewestRunsAndItsDeadLetters(driver: Driver) async throws {
        try await World.with(driver) { world in
            let foreign = JobDraft(
                id: JobID(high: 7, low: 7), userID: UserID(high: 8, low: 8), definition: world.definition("@hourly"))
            _ = try await world.store.createJobs([foreign])
            let job = try await world.create("* * * * * *") { $0.overlap = .allow }
            world.clock.advance(by: .seconds(1))
            try await world.runDue(World.permanent)
            for _ in 0..<9 {
                world.clock.advance(by: .seconds(1))
                try await world.runDue()
            }
            let kept = try await world.runs(job).filter { !$0.status.isLive }.suffix(3).map(\.id)
            world.invariants.wasPruned = true
            var removed = 0
            for _ in 0..<10 {
                removed += try await world.store.prune(
                    PruneRequest(endedBefore: TestClock.start, keep: 3, limit: 4))
            }
            let rest = try await world.runs(job).filter { !$0.status.isLive }
            #expect(removed == 6)
            #expect(rest.map(\.status) == [.dead, .success, .success, .success], "the dead letter is none of the three")
            #expect(rest.dropFirst().map(\.id) == kept)
            #expect(try await world.store.attempts(of: kept[0], owner: world.owner)?.count == 1)
        }
    }

    /// A node that holds as much of a space as it may leaves the space's slots and runs alone, and takes the others'.
    @Test(arguments: Driver.allCases)
    func crowdedSpacesAreLeftOut(driver: Driver) async throws {
        try await World.with(driver) { world in
            let other = UserID(high: 8, low: 8)
            let mine = try await world.create("*/10 * * * * *")
            let draft = JobDraft(
                id: JobID(high: 8, low: 1), userID: other, definition: world.definition("*/10 * * * * *"))
            let theirs = try await world.store.createJobs([draft])[0].get().job.job
            world.clock.advance(by: .seconds(8))
            var plan = PlanRequest(
                node: world.node, lead: .seconds(5), threshold: .milliseconds(2_500), claimLimit: 100,
                crowded: [world.owner])
            #expect(try await world.store.plan(plan).claims.map(\.jobID) == [theirs.id])
            plan.crowded = []
            #expect(try await world.store.plan(plan).claims.map(\.jobID) == [mine.id])

            for job in [mine, theirs] {
                _ = try await world.store.changeJob(job.id, owner: nil, version: nil, .trigger(payload: nil))
            }
            var claim = ClaimRequest(node: world.node, lead: .seconds(5), limit: 100, crowded: [other])
            let claims = try await world.store.claim(claim).claims
            #expect(claims.map(\.jobID) == [mine.id] && claims.map(\.userID) == [world.owner])
            claim.crowded = [world.owner]
            #expect(try await world.store.claim(claim).claims.map(\.jobID) == [theirs.id])
        }
    }
}
