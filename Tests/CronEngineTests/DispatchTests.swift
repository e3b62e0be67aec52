import CronEngine
import CronModel
import CronSchedule
import Testing

@Suite struct DispatchTests {
    @Test func nothingStartsBeforeItsTimeAndNothingIsSentBeforeTheStartIsCommitted() {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .seconds(1))
        harness.take([claim])
        #expect(harness.tick().starts.isEmpty)
        let request = harness.tick(after: .milliseconds(999)).starts.first
        #expect(request?.tokens == [claim.token], "the start is committed a little ahead")
        #expect(harness.tick(after: .milliseconds(5)).executions.isEmpty, "no answer yet: nothing may be sent")
    }

    @Test func anEarlyStartWaitsForTheDueTime() throws {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .seconds(1))
        harness.take([claim])
        let request = try #require(harness.tick(after: .milliseconds(999)).starts.first)
        harness.handle(.started(request, .success([.started(harness.context(claim), dueAt: claim.dueAt)]), took: .zero))
        #expect(harness.tick().executions.isEmpty)
        #expect(harness.core.nextTick == claim.dueAt)
        #expect(harness.tick(after: .milliseconds(1)).executions.map(\.runID) == [claim.token.runID])
    }

    @Test func aStartWhoseAnswerCameTooLateIsNotSent() throws {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.take([claim])
        let request = try #require(harness.tick().starts.first)
        let answer = StartAnswer.started(harness.context(claim), dueAt: claim.dueAt)
        harness.handle(.started(request, .success([answer]), took: .milliseconds(501)))
        let effects = harness.tick()
        #expect(effects.executions.isEmpty)
        #expect(effects.finishes.map(\.outcome.kind) == [.notSent])
        #expect(effects.finishes.map(\.outcome.reach) == [.nothingSent])
    }

    @Test func aNodeFrozenBetweenStartAndSendSendsNothing() throws {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .milliseconds(3))
        harness.take([claim])
        let request = try #require(harness.tick().starts.first)
        harness.handle(.started(request, .success([.started(harness.context(claim), dueAt: claim.dueAt)]), took: .zero))
        let effects = harness.tick(after: .milliseconds(501))
        #expect(effects.executions.isEmpty, "its job may have been edited meanwhile")
        #expect(effects.finishes.map(\.outcome.kind) == [.notSent])
    }

    @Test func aRunThatIsPutBackIsNotAskedForAgainAheadOfItsTime() throws {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .milliseconds(4))
        harness.take([claim])
        let request = try #require(harness.tick().starts.first)
        harness.handle(.started(request, .success([.putBack(until: claim.dueAt)]), took: .zero))
        #expect(harness.tick().starts.isEmpty)
        #expect(harness.core.nextTick == claim.dueAt)
        #expect(harness.tick(after: .milliseconds(4)).starts.flatMap(\.tokens) == [claim.token])
    }

    @Test func aClaimNeverReplacesANewerOneOfItsRun() {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .seconds(1), fence: 5)
        var older = claim
        older.token.fence = 4
        var newer = claim
        newer.token.fence = 6
        harness.take([claim, older, newer])
        #expect(harness.core.heldCount == 1)
        #expect(harness.tick(after: .seconds(2)).starts.flatMap(\.tokens) == [newer.token])
    }

    @Test func aRunThatComesBackWhileItsOldAttemptGoesOnTakesOneSlot() {
        var settings = EngineSettings()
        settings.concurrency = 1
        var harness = CoreHarness(settings)
        let old = harness.claim()
        harness.run(old)
        #expect(harness.core.busyCount == 1)
        var new = old
        new.token.fence += 2
        harness.run(new)
        #expect(harness.core.busyCount == 1 && harness.core.heldCount == 1)
        harness.handle(.ended(old.token, .success))
        harness.handle(.ended(new.token, .success))
        let batches = harness.tick().compactMap { if case .finish(let batch) = $0 { batch.map(\.token) } else { nil } }
        #expect(batches == [[old.token], [new.token]], "what came too late is told too, by itself")
        #expect(harness.core.busyCount == 0)
    }

    /// Its node had lost its lease: the old attempt is stopped when the run is here again, and a later cancel stops the new one.
    @Test func anOldAttemptIsStoppedWhenItsRunComesBack() {
        var harness = CoreHarness()
        let old = harness.claim()
        harness.run(old)
        harness.handle(.heartbeat(.success(HeartbeatAnswer(isAlive: false, cancelRequests: [])), sentAt: harness.now))
        harness.handle(.enlisted(.success(NodeID(high: 8, low: 8)), sentAt: harness.now))
        var new = old
        new.token.fence += 2
        #expect(harness.take([new]).aborts == [old.token])
        for request in harness.tick().starts {
            harness.handle(.started(request, .success([.started(harness.context(new), dueAt: new.dueAt)]), took: .zero))
        }
        #expect(harness.tick().executions.map(\.fence) == [new.token.fence])
        let cancelled = Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent)
        harness.handle(.ended(old.token, cancelled))
        #expect(harness.tick().finishes == [Finish(token: old.token, outcome: cancelled)])
        #expect(harness.core.busyCount == 1 && harness.core.heldCount == 1)
        #expect(harness.handle(.cancel([new.token.runID])).aborts == [new.token])
    }

    @Test func startsKeepToTheSlotsAndGoOnWhenOneIsFree() throws {
        var settings = EngineSettings()
        settings.concurrency = 2
        var harness = CoreHarness(settings)
        let claims = [harness.claim(), harness.claim(), harness.claim()]
        harness.take(claims)
        let request = try #require(harness.tick().starts.first)
        #expect(request.tokens.count == 2)
        let answers = request.tokens.map { token in
            claims.first { $0.token == token }.map { StartAnswer.started(harness.context($0), dueAt: $0.dueAt) }
                ?? .stale
        }
        harness.handle(.started(request, .success(answers), took: .zero))
        #expect(harness.tick().executions.count == 2)
        #expect(harness.tick().starts.isEmpty)
        harness.handle(.ended(request.tokens[0], .success))
        #expect(harness.tick().starts.flatMap(\.tokens).count == 1)
    }

    @Test func higherPriorityStartsFirstAmongEquals() throws {
        var settings = EngineSettings()
        settings.concurrency = 1
        var harness = CoreHarness(settings)
        let low = harness.claim(priority: -1)
        let high = harness.claim(priority: 9)
        harness.take([low, high])
        #expect(harness.tick().starts.flatMap(\.tokens) == [high.token])
    }

    @Test func putBackIsAskedAgainAtItsTimeAndEndedAnswersFreeTheSlot() throws {
        var harness = CoreHarness()
        let claims = [harness.claim(), harness.claim(), harness.claim(), harness.claim()]
        harness.take(claims)
        let request = try #require(harness.tick().starts.first)
        let until = harness.now + .milliseconds(200)
        harness.handle(
            .started(request, .success([.putBack(until: until), .parked, .skipped, .stale]), took: .zero))
        #expect(harness.core.busyCount == 0)
        #expect(harness.core.heldCount == 1)
        #expect(harness.tick(after: .milliseconds(100)).starts.isEmpty)
        #expect(harness.tick(after: .milliseconds(100)).starts.flatMap(\.tokens) == [request.tokens[0]])
    }

    @Test func aDelayedRunIsClaimedAgainInTime() throws {
        var harness = CoreHarness()
        harness.take([harness.claim()])
        let request = try #require(harness.tick().starts.first)
        let until = harness.now + .milliseconds(600)
        harness.handle(.started(request, .success([.delayed(until: until)]), took: .zero))
        #expect(harness.core.heldCount == 0 && harness.core.busyCount == 0)
        #expect(harness.tick().claims.count == 1, "its time is within the lead, and sooner than the next look")
    }

    @Test func aFailedStartIsAskedAgain() throws {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.take([claim])
        let request = try #require(harness.tick().starts.first)
        harness.handle(.started(request, .failure(.unavailable("disk full")), took: .zero))
        #expect(harness.tick().starts.isEmpty)
        #expect(harness.tick(after: EngineSettings.storeRetry).starts.flatMap(\.tokens) == [claim.token])
    }

    @Test func anAttemptPastItsTimeIsAbortedAndThenReportedWithoutItsAnswer() {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.run(claim, timeout: .seconds(3))
        #expect(harness.tick(after: .milliseconds(2_999)).aborts.isEmpty)
        #expect(harness.tick(after: .milliseconds(1)).aborts == [claim.token])
        let finishes = harness.tick(after: EngineSettings.abortGrace).finishes
        #expect(finishes.map(\.outcome.kind) == [.timeout])
        harness.handle(.ended(claim.token, .success))
        #expect(harness.tick().finishes.isEmpty, "its late answer is not reported a second time")
    }

    @Test func anAnswerReachedBeforeTheAbortWins() {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.run(claim)
        #expect(harness.handle(.cancel([claim.token.runID])).aborts == [claim.token])
        harness.handle(.ended(claim.token, .success))
        #expect(harness.tick().finishes.map(\.outcome.kind) == [.success])
    }

    @Test func aCancelledAttemptSaysSo() {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.run(claim)
        harness.handle(.cancel([claim.token.runID]))
        harness.handle(.ended(claim.token, Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent)))
        #expect(harness.tick().finishes.map(\.outcome.kind) == [.cancelled])
    }

    @Test func aCancelBetweenStartAndSendSendsNothing() throws {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .milliseconds(3))
        harness.take([claim])
        let request = try #require(harness.tick().starts.first)
        harness.handle(.started(request, .success([.started(harness.context(claim), dueAt: claim.dueAt)]), took: .zero))
        harness.handle(.cancel([claim.token.runID]))
        let effects = harness.tick(after: .seconds(1))
        #expect(effects.executions.isEmpty)
        #expect(effects.finishes.map(\.outcome.reach) == [.nothingSent])
    }
}
