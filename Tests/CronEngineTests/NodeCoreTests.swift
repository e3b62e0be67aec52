import CronEngine
import CronModel
import CronSchedule
import Testing

@Suite struct NodeCoreTests {
    @Test func outcomesAreKeptUntilTheStoreHasThem() {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.run(claim)
        harness.handle(.ended(claim.token, .success))
        let batch = harness.tick().finishes
        #expect(batch.count == 1)
        harness.handle(.finished(batch, .failure(.unavailable("disk full"))))
        #expect(harness.tick().finishes.isEmpty)
        #expect(harness.tick(after: EngineSettings.storeRetry).finishes == batch)
        harness.handle(.finished(batch, .success([.applied(.success, dueAt: nil)])))
        #expect(harness.core.heldCount == 0)
    }

    @Test func aRetryIsPolledForInTime() {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.run(claim)
        harness.handle(.claimed(.success(ClaimAnswer())))
        harness.handle(.ended(claim.token, Outcome(kind: .httpError, verdict: .transient, reach: .answered)))
        let batch = harness.tick().finishes
        harness.handle(.finished(batch, .success([.applied(.retrying, dueAt: harness.now + .milliseconds(100))])))
        #expect(harness.tick().claims.count == 1, "it is due within the lead: no poll interval is waited for")
    }

    @Test func nothingStartsWithoutATrustedLease() {
        var harness = CoreHarness()
        harness.take([harness.claim(dueIn: .seconds(14))])
        let beat = harness.tick(after: .seconds(5)).contains { if case .heartbeat = $0 { true } else { false } }
        #expect(beat)
        #expect(harness.tick(after: .seconds(10)).starts.isEmpty, "the lease of 15 s less 2 s has passed unrenewed")
        harness.handle(
            .heartbeat(.success(HeartbeatAnswer(isAlive: true, cancelRequests: [])), sentAt: harness.now))
        #expect(harness.tick().starts.count == 1)
    }

    @Test func aNodeDeclaredDeadGoesOnAsAnotherIncarnation() throws {
        var harness = CoreHarness()
        let running = harness.claim()
        harness.run(running)
        let queued = harness.claim(dueIn: .seconds(3))
        harness.take([queued])
        let dead = EngineEvent.heartbeat(
            .success(HeartbeatAnswer(isAlive: false, cancelRequests: [])), sentAt: harness.now)
        #expect(harness.handle(dead).contains { if case .enlist = $0 { true } else { false } })
        #expect(harness.tick(after: .seconds(4)).starts.isEmpty, "its claims are the others' now")
        let node = NodeID(high: 8, low: 8)
        harness.handle(.enlisted(.failure(.unavailable("away")), sentAt: harness.now))
        let again = harness.tick(after: EngineSettings.storeRetry)
        #expect(again.contains { if case .enlist = $0 { true } else { false } })
        harness.handle(.enlisted(.success(node), sentAt: harness.now))
        #expect(harness.tick().looks.count == 1)
        _ = harness.look(nextDueAt: harness.now)
        #expect(harness.tick().claims.first?.node == node)
        harness.handle(.ended(running.token, .success))
        #expect(harness.tick().finishes == [Finish(token: running.token, outcome: .success)], "by its old fence")
    }

    @Test func aNodeDeclaredDeadSendsNothingMore() throws {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .milliseconds(3))
        harness.take([claim])
        let request = try #require(harness.tick().starts.first)
        harness.handle(.started(request, .success([.started(harness.context(claim), dueAt: claim.dueAt)]), took: .zero))
        harness.handle(
            .heartbeat(.success(HeartbeatAnswer(isAlive: false, cancelRequests: [])), sentAt: harness.now))
        #expect(harness.tick(after: .milliseconds(3)).executions.isEmpty, "its run has been taken away")
    }

    @Test func aDrainIsNotKeptBusyByWhatItHandedBack() throws {
        var harness = CoreHarness()
        let running = harness.claim()
        harness.run(running, timeout: .minutes(10))
        let queued = harness.claim(dueIn: .seconds(3))
        harness.take([queued])
        harness.handle(.drain)
        harness.handle(.handedBack([queued.token], .success(())))
        _ = harness.tick(after: .seconds(3))
        #expect(try #require(harness.core.nextTick) > harness.now)
    }

    @Test func aDrainHandsBackWhatIsQueuedAndWaitsForWhatRuns() {
        var harness = CoreHarness()
        let running = harness.claim()
        harness.run(running)
        let queued = harness.claim(dueIn: .seconds(3))
        harness.take([queued])
        #expect(harness.handle(.drain).handBacks == [queued.token])
        harness.handle(.handedBack([queued.token], .success(())))
        let effects = harness.tick(after: .seconds(3))
        #expect(effects.starts.isEmpty && effects.plans.isEmpty && effects.claims.isEmpty)
        #expect(!effects.isStopped)
        harness.handle(.ended(running.token, .success))
        let batch = harness.tick().finishes
        #expect(!harness.tick().isStopped, "not before the outcome is stored")
        harness.handle(.finished(batch, .success([.applied(.success, dueAt: nil)])))
        #expect(harness.tick().isStopped)
    }

    @Test func aDrainPastItsLimitStopsWhatRuns() {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.run(claim, timeout: .minutes(10))
        harness.handle(.drain)
        #expect(harness.tick(after: .seconds(29)).aborts.isEmpty)
        #expect(harness.tick(after: .seconds(1)).aborts == [claim.token])
        harness.handle(.ended(claim.token, Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent)))
        #expect(harness.tick().finishes.map(\.outcome.kind) == [.shutdown])
    }

    @Test func claimsThatArriveDuringADrainAreHandedBack() {
        var harness = CoreHarness()
        _ = harness.tick()
        harness.handle(.drain)
        let claim = harness.claim()
        var answer = ClaimAnswer()
        answer.claims = [claim]
        #expect(harness.handle(.claimed(.success(answer))).handBacks == [claim.token])
        #expect(!harness.tick().isStopped)
        harness.handle(.handedBack([claim.token], .success(())))
        #expect(harness.tick().isStopped)
    }

    @Test func aStartThatIsPutBackDuringADrainIsHandedBackToo() throws {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.take([claim])
        let request = try #require(harness.tick().starts.first)
        harness.handle(.drain)
        harness.handle(.started(request, .success([.putBack(until: harness.now + .seconds(1))]), took: .zero))
        #expect(harness.tick().handBacks == [claim.token])
        harness.handle(.handedBack([claim.token], .success(())))
        #expect(harness.tick().isStopped)
    }

    @Test func aDrainRetriesHandingBackAndEndsWithoutTheStoreAtLast() {
        var harness = CoreHarness()
        let claim = harness.claim(dueIn: .seconds(3))
        harness.take([claim])
        #expect(harness.handle(.drain).handBacks == [claim.token])
        harness.handle(.handedBack([claim.token], .failure(.unavailable("disk full"))))
        #expect(harness.tick().handBacks.isEmpty, "not at once")
        #expect(harness.tick(after: EngineSettings.storeRetry).handBacks == [claim.token])
        #expect(!harness.tick(after: .seconds(30)).isStopped)
        #expect(harness.tick(after: EngineSettings.abortGrace + EngineSettings.reportGrace).isStopped)
    }

    @Test func anUntrustedLeaseIsWaitedForWithoutSpinning() throws {
        var harness = CoreHarness()
        harness.take([harness.claim(dueIn: .seconds(14))])
        _ = harness.tick(after: .seconds(5))
        _ = harness.tick(after: .seconds(10))
        let next = try #require(harness.core.nextTick)
        #expect(next >= harness.now || harness.tick().starts.isEmpty)
        harness.handle(.heartbeat(.failure(.unavailable("disk full")), sentAt: harness.now))
        harness.handle(.planned(.failure(.unavailable("disk full"))))
        harness.handle(.claimed(.failure(.unavailable("disk full"))))
        _ = harness.tick()
        #expect(try #require(harness.core.nextTick) > harness.now, "the due run wakes nobody")
    }
}
