import CronModel
import CronSchedule
import CronTesting
import Testing

/// Runs whose host has no room: they wait in the store, without an owner, and use no attempt.
@Suite(.timeLimit(.minutes(2))) struct PostponedBehaviour {
    /// A due claim of a job that lets its runs overlap.
    private func due(_ world: World, _ change: (inout JobDefinition) -> Void = { _ in }) async throws -> (Job, Claim) {
        let job = try await world.create("0 * * * * *") {
            $0.overlap = .allow
            change(&$0)
        }
        world.clock.set(try #require(try await world.view(job).job.nextSlot))
        return (job, try #require(try await world.claims().first))
    }

    private func postpone(_ claim: Claim, until: Instant, _ world: World) async throws -> StartAnswer {
        try await world.store.start(
            StartRequest(node: world.node, tokens: [claim.token], early: .zero, postponed: [claim.token: until]))[0]
    }

    @Test(arguments: Driver.allCases)
    func itWaitsWithoutOwnerUntilThenAndUsesNoAttempt(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claim) = try await due(world)
            #expect(claim.action == job.definition.action)
            let until = world.clock.now + .seconds(20)
            guard case .delayed(until) = try await postpone(claim, until: until, world) else {
                Issue.record("it was not postponed")
                return
            }
            let waiting = try await world.run(claim.token.runID)
            #expect(waiting.status == .pending && waiting.attempt == 0 && waiting.owner == nil)
            #expect(waiting.reason == .hostBusy && waiting.dueAt == until && waiting.fence > claim.token.fence)
            #expect(try await world.start([claim])[0].verdictName == "stale")
            #expect(try await world.claim().isEmpty, "not before its time")
            world.clock.set(until)
            let again = try #require(try await world.claim().first { $0.token.runID == claim.token.runID })
            #expect(try await world.start([again])[0].verdictName == "started")
            #expect(try await world.run(again.token.runID).attempt == 1)
            try await world.finish(again)
            try await world.change(job, .delete)
        }
    }

    @Test(arguments: Driver.allCases)
    func aRetryWaitsAsARetry(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claim) = try await due(world) { $0.retry.maxRetries = 3 }
            #expect(try await world.start([claim])[0].verdictName == "started")
            try await world.finish(claim, World.transient)
            world.clock.set(try await world.run(claim.token.runID).dueAt)
            let retry = try #require(try await world.claim().first { $0.token.runID == claim.token.runID })
            _ = try await postpone(retry, until: world.clock.now + .seconds(5), world)
            let waiting = try await world.run(retry.token.runID)
            #expect(waiting.status == .retrying && waiting.attempt == 1 && waiting.reason == .hostBusy)
        }
    }

    /// The action may be for another host now.
    @Test(arguments: Driver.allCases)
    func anEditLetsItBeAskedAgainAtOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claim) = try await due(world)
            _ = try await postpone(claim, until: world.clock.now + .minutes(1), world)
            try await world.edit(job) { $0.action.fields["url"] = .string("https://elsewhere.example.com") }
            let again = try #require(try await world.claim().first { $0.token.runID == claim.token.runID })
            #expect(again.action?.fields["url"] == .string("https://elsewhere.example.com"))
            #expect(try await world.start([again])[0].verdictName == "started")
        }
    }

    @Test(arguments: Driver.allCases)
    func whatEndsMeanwhileEnds(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claim) = try await due(world) { $0.expiry = ExpiryPolicy(after: .seconds(30)) }
            _ = try await postpone(claim, until: world.clock.now + .seconds(40), world)
            world.clock.advance(by: .seconds(40))
            _ = try await world.claim()
            let run = try await world.run(claim.token.runID)
            #expect(run.status == .skipped && run.reason == .expired)
            world.clock.set(try #require(try await world.view(job).job.nextSlot))
            let next = try #require(try await world.claims().first)
            try await world.change(job, .pause)
            #expect(try await postpone(next, until: world.clock.now + .seconds(5), world).verdictName != "delayed")
            #expect(try await world.run(next.token.runID).reason == .paused)
        }
    }
}
