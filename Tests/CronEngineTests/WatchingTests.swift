import CronEngine
import CronModel
import CronSchedule
import Testing

/// What people who watch are told of a node's work.
@Suite struct WatchingTests {
    private static let owner = UserID(high: 1, low: 1)

    private func event(_ claim: Claim, _ status: RunStatus, at: Instant) -> LiveEvent {
        LiveEvent(owner: Self.owner, jobID: claim.jobID, .run(claim.token.runID, status), at: at)
    }

    @Test func startsAndAppliedOutcomesAreTold() {
        var harness = CoreHarness()
        let claims = (0..<3).map { _ in harness.claim() }
        harness.take(claims)
        let request = harness.tick().starts[0]
        let answers: [StartAnswer] = request.tokens.map { token in
            claims.first { $0.token == token && $0.token != claims[2].token }
                .map { .started(harness.context($0), dueAt: $0.dueAt) } ?? .skipped
        }
        let started = EngineEvent.started(request, .success(answers), took: .zero)
        let told = harness.core.told(of: started, now: harness.now)
        #expect(Set(told.events) == Set(claims.prefix(2).map { event($0, .running, at: harness.now) }))
        harness.handle(started)
        _ = harness.tick()
        for claim in claims.prefix(2) { harness.handle(.ended(claim.token, .success)) }
        let batch = harness.tick().finishes
        let finished = EngineEvent.finished(
            batch, .success([.applied(.success, dueAt: nil), .applied(.retrying, dueAt: harness.now)]))
        #expect(
            harness.core.told(of: finished, now: harness.now).events.map(\.status) == ["SUCCESS", "RETRYING"])
        harness.handle(finished)
        #expect(harness.core.told(of: finished, now: harness.now).isEmpty, "its runs are let go")
    }

    @Test func whatIsNotKnownIsAGapAndWhatDidNotHappenIsNothing() {
        var harness = CoreHarness()
        let claims = [harness.claim(), harness.claim()]
        for claim in claims { harness.run(claim) }
        for claim in claims { harness.handle(.ended(claim.token, .success)) }
        let batch = harness.tick().finishes
        #expect(batch.count == 2)
        func told(_ answers: [FinishAnswer]) -> EventBatch {
            harness.core.told(of: .finished(batch, .success(answers)), now: harness.now)
        }
        #expect(told([.superseded, .superseded]).isEmpty)
        #expect(told([.repeated, .superseded]).gaps == [Self.owner])
        #expect(harness.core.told(of: .finished(batch, .failure(.unavailable(""))), now: harness.now).isEmpty)
        #expect(harness.core.told(of: .wake, now: harness.now).isEmpty)
    }

    /// A start that came too late to be sent was committed all the same, and its end is told too.
    @Test func aStartThatWasNotSentEnds() {
        var harness = CoreHarness()
        let claim = harness.claim()
        harness.take([claim])
        let request = harness.tick().starts[0]
        harness.handle(
            .started(
                request, .success([.started(harness.context(claim), dueAt: claim.dueAt)]),
                took: EngineSettings.sendWindow + .milliseconds(1)))
        let batch = harness.tick().finishes
        let finished = EngineEvent.finished(batch, .success([.applied(.retrying, dueAt: harness.now)]))
        #expect(harness.core.told(of: finished, now: harness.now).events == [event(claim, .retrying, at: harness.now)])
    }
}
