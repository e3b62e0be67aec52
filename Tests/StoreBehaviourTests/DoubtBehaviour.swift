import CronModel
import CronSchedule
import CronTesting
import Testing

/// Runs whose outcome was lost while their target keeps a ledger that can be asked.
@Suite struct DoubtBehaviour {
    private static let buried: Outcome = {
        var outcome = Outcome(kind: .sqlError, verdict: .permanent, reach: .nothingSent, error: "not applied")
        outcome.hasTombstone = true
        return outcome
    }()
    private static let unreachable = Outcome(
        kind: .connectError, verdict: .transient, reach: .nothingSent, error: "refused")
    private static let unknown = Outcome(kind: .unknown, verdict: .transient, reach: .maybeSent, error: "lost")

    /// A started run of a job that fires once.
    private func started(
        _ world: World, retries: Int, ledger: Bool = true, _ change: (inout JobDefinition) -> Void = { _ in }
    ) async throws -> (job: Job, claim: Claim) {
        let job = try await world.create("in 1s") {
            $0.action = ActionDefinition(type: "sql", fields: ledger ? [:] : ["ledger": .bool(false)])
            $0.retry.maxRetries = retries
            change(&$0)
        }
        let claim = try #require(try await world.claims().first)
        world.clock.advance(by: .seconds(1))
        #expect(try await world.start([claim])[0].verdictName == "started")
        return (job, claim)
    }

    /// Claims and starts the run again.
    private func again(_ run: RunID, _ world: World) async throws -> Claim {
        let claim = try #require(try await world.claim().first { $0.token.runID == run })
        world.clock.set(max(world.clock.now, claim.dueAt))
        #expect(try await world.start([claim])[0].verdictName == "started")
        return claim
    }

    @Test(arguments: Driver.allCases)
    func aRunThatIsLostWithoutRetriesAsksTheLedger(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claim) = try await started(world, retries: 0)
            try await world.register(2)
            let lost = try await world.run(claim.token.runID)
            #expect(lost.status == .retrying && lost.reason == .verifying && lost.isVerifying && lost.isInDoubt)
            let verify = try await again(lost.id, world)
            #expect(try await world.run(lost.id).isVerifying)
            try await world.finish(verify, Self.buried)
            let dead = try await world.run(lost.id)
            #expect(dead.status == .dead && dead.reason == .retriesExhausted && !dead.isInDoubt)
        }
    }

    @Test(arguments: Driver.allCases)
    func oneThatHadTakenEffectEndsWell(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claim) = try await started(world, retries: 0)
            try await world.finish(claim, Self.unknown)
            try await world.finish(again(claim.token.runID, world), .success)
            #expect(try await world.run(claim.token.runID).status == .success)
        }
    }

    @Test(arguments: Driver.allCases)
    func retriesComeFirst(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claim) = try await started(world, retries: 1)
            try await world.finish(claim, Self.unknown)
            let run = try await world.run(claim.token.runID)
            #expect(run.status == .retrying && run.isInDoubt && !run.isVerifying)
            try await world.finish(again(run.id, world), World.permanent)
            #expect(try await world.run(run.id).isVerifying, "what failed at last leaves the first attempt in doubt")
        }
    }

    @Test(arguments: Driver.allCases)
    func whatIsInNoDoubtDiesAtOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claim) = try await started(world, retries: 0)
            try await world.finish(claim, World.permanent)
            #expect(try await world.run(claim.token.runID).status == .dead)
            let (_, other) = try await started(world, retries: 0, ledger: false)
            try await world.finish(other, Self.unknown)
            #expect(try await world.run(other.token.runID).status == .dead, "there is nobody to ask")
        }
    }

    @Test(arguments: Driver.allCases)
    func aTargetThatCannotBeAskedIsAskedForAnHour(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claim) = try await started(world, retries: 0)
            let run = claim.token.runID
            try await world.finish(claim, Self.unknown)
            let begun = world.clock.now
            var asked = 0
            while try await world.run(run).status == .retrying {
                world.clock.set(max(world.clock.now, try await world.run(run).dueAt))
                try await world.finish(again(run, world), Self.unreachable)
                asked += 1
            }
            let dead = try await world.run(run)
            #expect(dead.status == .dead && dead.reason == .outcomeUnknown && dead.isInDoubt)
            #expect(world.clock.now - begun >= .hours(1) && world.clock.now - begun < .hours(2))
            #expect((10...16).contains(asked), "\(asked)")
        }
    }

    @Test(arguments: Driver.allCases)
    func aPauseDoesNotKeepItFromAsking(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (job, claim) = try await started(world, retries: 0)
            try await world.change(job, .pause)
            try await world.finish(claim, Self.unknown)
            try await world.finish(again(claim.token.runID, world), .success)
            #expect(try await world.run(claim.token.runID).status == .success)
        }
    }

    @Test(arguments: Driver.allCases)
    func aRedriveTriesAgainUnderTheSameID(driver: Driver) async throws {
        try await World.with(driver) { world in
            let (_, claim) = try await started(world, retries: 0) { $0.delivery = .atMostOnce }
            try await world.finish(claim, Self.unknown)
            try await world.finish(again(claim.token.runID, world), Self.buried)
            let redriven = try await world.store.redriveRun(claim.token.runID, owner: world.owner, payload: nil, audit: nil)
            #expect(redriven.id == claim.token.runID && !redriven.isVerifying)
        }
    }
}
