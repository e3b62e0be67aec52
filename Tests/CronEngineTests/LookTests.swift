import CronEngine
import CronModel
import CronSchedule
import Testing

/// When a node asks what there is to do, and what it does then.
@Suite struct LookTests {
    @Test func anIdleNodeLooksOnceAPollAndDoesNothingElse() {
        var harness = CoreHarness()
        for _ in 0..<4 {
            let effects = harness.tick()
            #expect(effects.looks.count == 1)
            #expect(effects.plans.isEmpty && effects.claims.isEmpty)
            #expect(harness.tick().looks.isEmpty, "never two at once")
            _ = harness.look()
            #expect(harness.tick(after: .milliseconds(999)).looks.isEmpty)
            harness.now = harness.now + .milliseconds(1)
        }
    }

    @Test func itPlansAndClaimsWhatALookHasFound() {
        var harness = CoreHarness()
        _ = harness.tick()
        _ = harness.look(nextSlot: harness.now + .milliseconds(2_500), nextDueAt: harness.now + .seconds(5))
        let effects = harness.tick()
        #expect(effects.plans.count == 1 && effects.claims.count == 1)
        #expect(harness.tick().plans.isEmpty, "never two at once")
    }

    @Test func itLooksWhenTheNextSlotOrRunComesNear() {
        var harness = CoreHarness()
        _ = harness.tick()
        _ = harness.look(nextSlot: harness.now + .milliseconds(2_900), nextDueAt: harness.now + .milliseconds(5_600))
        #expect(harness.tick(after: .milliseconds(399)).looks.isEmpty)
        #expect(harness.tick(after: .milliseconds(1)).looks.count == 1, "its slot has come within half the lead")
        _ = harness.look(nextDueAt: harness.now + .milliseconds(5_200))
        #expect(harness.tick(after: .milliseconds(199)).looks.isEmpty)
        #expect(harness.tick(after: .milliseconds(1)).looks.count == 1, "its run has come within the lead")
    }

    @Test func aPlanGoesOnWhileItFindsSlotsAndLooksFirstWhenOthersHoldThem() {
        var harness = CoreHarness()
        _ = harness.tick()
        _ = harness.look(nextSlot: harness.now)
        #expect(harness.tick().plans.count == 1)
        var answer = PlanAnswer()
        answer.planned = 1
        answer.nextSlot = harness.now
        harness.handle(.planned(.success(answer)))
        #expect(harness.tick().plans.count == 1)
        answer.planned = 0
        harness.handle(.planned(.success(answer)))
        let effects = harness.tick(after: EngineSettings.elsewhereWait - .milliseconds(1))
        #expect(effects.plans.isEmpty && effects.looks.isEmpty, "the other may hold it for long")
        #expect(harness.tick(after: .milliseconds(1)).looks.count == 1)
    }

    /// A full wheel is asked again soon: at the next poll a burst beyond the room would have waited a second each time.
    @Test func aFullWheelClaimsAsSoonAsThereIsRoom() throws {
        var settings = EngineSettings()
        settings.claimLimit = 1
        var harness = CoreHarness(settings)
        _ = harness.tick()
        _ = harness.look(nextDueAt: harness.now)
        #expect(harness.tick().claims.count == 1)
        var answer = ClaimAnswer(nextDueAt: harness.now)
        let claim = harness.claim()
        answer.claims = [claim]
        harness.handle(.claimed(.success(answer)))
        let request = try #require(harness.tick().starts.first)
        harness.handle(
            .started(request, .success([.started(harness.context(claim), dueAt: claim.dueAt)]), took: .zero))
        #expect(harness.tick(after: EngineSettings.roomWait).claims.isEmpty)
        harness.handle(.ended(claim.token, .success))
        let batch = harness.tick().finishes
        harness.handle(.finished(batch, .success([.applied(.success, dueAt: nil)])))
        #expect(harness.tick(after: EngineSettings.roomWait).claims.count == 1)
    }

    @Test func aWakeLooksAtOnceAndOnceMoreDuringALook() {
        var harness = CoreHarness()
        _ = harness.tick()
        harness.handle(.wake)
        #expect(harness.tick().looks.isEmpty)
        _ = harness.look()
        #expect(harness.tick().looks.count == 1)
        _ = harness.look()
        #expect(harness.tick().looks.isEmpty)
        harness.handle(.hint)
        #expect(harness.tick().looks.count == 1)
    }

    /// A job made while the planner is at work is planned after it.
    @Test func whatALookFindsDuringAPlanIsPlannedAfterIt() {
        var harness = CoreHarness()
        _ = harness.tick()
        _ = harness.look(nextSlot: harness.now)
        _ = harness.tick()
        harness.handle(.wake)
        #expect(harness.tick().looks.count == 1)
        _ = harness.look(nextSlot: harness.now)
        #expect(harness.tick().plans.isEmpty)
        harness.handle(.planned(.success(PlanAnswer())))
        #expect(harness.tick().plans.count == 1)
    }

    @Test func aLookThatFailedIsMadeAgain() {
        var harness = CoreHarness()
        _ = harness.tick()
        harness.handle(.looked(.failure(.unavailable("away")), forLost: false))
        #expect(harness.tick(after: EngineSettings.storeRetry - .milliseconds(1)).looks.isEmpty)
        #expect(harness.tick(after: .milliseconds(1)).looks.count == 1)
    }

    /// Every 2 s one of the looks asks for the lost too: reaping has no look of its own.
    @Test func reapingRidesOnALook() {
        var harness = CoreHarness()
        var asked: [Bool] = []
        for _ in 0..<5 {
            let looks = harness.tick().looks
            asked += looks
            #expect(
                !harness.look(forLost: looks.first ?? false).contains { if case .reap = $0 { true } else { false } })
            harness.now = harness.now + .seconds(1)
        }
        #expect(asked == [false, false, true, false, true])
    }

    @Test func whatMayBeLostIsReaped() {
        var harness = CoreHarness()
        let early = harness.live(for: .seconds(14), findingLost: true)
        #expect(early == 0, "a node that has just come waits for the others' heartbeats")
        let later = harness.live(for: .seconds(4), findingLost: true)
        #expect((1...2).contains(later), "one look in two asks for the lost")
    }

    /// What kept this node's heartbeat from the store may have kept the others' from it too.
    @Test(arguments: [true, false])
    func afterAnOutageTheOthersHaveALeaseLengthToComeBack(isHung: Bool) {
        var harness = CoreHarness()
        _ = harness.live(for: .seconds(20))
        if isHung {
            _ = harness.live(for: .seconds(12), answering: nil)
        } else {
            _ = harness.live(for: .seconds(6), answering: .failure(.unavailable("away")))
        }
        let during = harness.live(for: .seconds(14), findingLost: true)
        #expect(during == 0)
        let after = harness.live(for: .seconds(4), findingLost: true)
        #expect(after > 0)
    }

    /// At both ends of what may be set: one heartbeat that takes a little longer, or is made again, keeps no lost run waiting.
    @Test(arguments: [Span.milliseconds(500), .milliseconds(7_500)])
    func aHiccupHoldsNothingOff(heartbeat: Span) {
        var settings = EngineSettings()
        settings.heartbeat = heartbeat
        var harness = CoreHarness(settings)
        _ = harness.live(for: .seconds(20))
        _ = harness.live(for: .milliseconds(1_500), answering: nil)
        let hung = harness.live(for: .seconds(3), findingLost: true)
        #expect(hung > 0)
        _ = harness.live(for: .milliseconds(1_500), answering: .failure(.unavailable("away")))
        let failed = harness.live(for: .seconds(3), findingLost: true)
        #expect(failed > 0)
    }

    /// With a heartbeat every half lease: the store was away for less than a whole one, but for long enough to cost others theirs.
    @Test func aSlowHeartbeatNoticesAnOutageToo() {
        var settings = EngineSettings()
        settings.heartbeat = .milliseconds(7_500)
        var harness = CoreHarness(settings)
        _ = harness.live(for: .milliseconds(22_500))
        _ = harness.live(for: .milliseconds(3_500), answering: nil)
        let during = harness.live(for: .seconds(14), findingLost: true)
        #expect(during == 0)
    }

    @Test func holdingOffIsToldOnce() {
        var harness = CoreHarness()
        var told = 0
        for _ in 0..<3 {
            told += harness.look(forLost: true, mayBeLost: true).count { if case .heldOff = $0 { true } else { false } }
        }
        #expect(told == 1)
    }

    @Test func aClockThatIsSetBackKeepsNoJobFromBeingJudged() {
        var harness = CoreHarness()
        func watches(_ effects: [EngineEffect]) -> Int { effects.count { if case .watch = $0 { true } else { false } } }
        for step in [Span.zero, .hours(-1)] {
            harness.now = harness.now + step
            var answer = LookAnswer(nextSlot: nil, nextDueAt: nil, mayBeLost: false)
            answer.watchAt = harness.now
            harness.handle(.looked(.success(answer), forLost: false))
            #expect(watches(harness.tick(after: .seconds(1))) == 1)
            harness.handle(.watched(.success(WatchAnswer())))
        }
    }

    @Test func itNeverClaimsMoreThanItHasRoomFor() {
        var settings = EngineSettings()
        settings.claimLimit = 3
        var harness = CoreHarness(settings)
        _ = harness.tick()
        _ = harness.look(nextDueAt: harness.now)
        #expect(harness.tick().claims.map(\.limit) == [3])
        harness.take([harness.claim(dueIn: .seconds(4)), harness.claim(dueIn: .seconds(4))])
        harness.handle(.wake)
        _ = harness.tick()
        _ = harness.look(nextDueAt: harness.now)
        #expect(harness.tick().claims.map(\.limit) == [1])
    }
}

extension CoreHarness {
    /// Lets time pass in which heartbeats are answered so, or not at all; answers how often it reaped.
    fileprivate mutating func live(
        for span: Span, findingLost: Bool = false,
        answering answer: Result<HeartbeatAnswer, StoreError>? = .success(
            HeartbeatAnswer(isAlive: true, cancelRequests: []))
    ) -> Int {
        let end = now + span
        var reaps = 0
        while now < end {
            for effect in tick() {
                switch effect {
                case .heartbeat: unanswered = now
                case .look(let forLost):
                    let effects = look(forLost: forLost, mayBeLost: forLost && findingLost)
                    guard effects.contains(where: { if case .reap = $0 { true } else { false } }) else { continue }
                    reaps += 1
                    handle(.reaped(.success(ReapAnswer())))
                default: break
                }
            }
            if let sentAt = unanswered, let answer {
                unanswered = nil
                handle(.heartbeat(answer, sentAt: sentAt))
            }
            now = now + .milliseconds(250)
        }
        return reaps
    }
}
