import CronModel
import CronSchedule
import CronTesting
import Testing

/// What an attempt has told of its progress reaches the next one, whatever happens in between.
@Suite struct ProgressBehaviour {
    private static func failure(_ progress: String?, permanent: Bool = false) -> Outcome {
        var outcome = permanent ? World.permanent : World.transient
        outcome.progress = progress
        return outcome
    }

    /// Starts the one run that waits; answers its claim and the progress that its attempt was given.
    private func next(_ world: World) async throws -> (claim: Claim, progress: String?) {
        let claim = try #require(try await world.claims().first)
        world.clock.set(max(world.clock.now, claim.dueAt))
        guard case .started(let attempt, _) = try await world.start([claim])[0] else { throw Unstarted() }
        return (claim, attempt.progress)
    }

    private struct Unstarted: Error {}

    @Test(arguments: Driver.allCases)
    func theNextAttemptGoesOn(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s") { $0.retry.maxRetries = 9 }
            world.clock.advance(by: .seconds(1))
            let first = try await next(world)
            #expect(first.progress == nil)
            try await world.finish(first.claim, Self.failure("a"))
            // An answer that was lost is asked for again.
            #expect(try await world.finish(first.claim, Self.failure("a")) == .repeated)
            world.clock.advance(by: .minutes(1))
            let second = try await next(world)
            #expect(second.progress == "a")
            try await world.finish(second.claim, Self.failure("ab"))
            world.clock.advance(by: .minutes(1))
            let third = try await next(world)
            #expect(third.progress == "ab")
            try await world.finish(third.claim, Self.failure(nil))
            world.clock.advance(by: .minutes(1))
            let fourth = try await next(world)
            #expect(fourth.progress == "ab", "an attempt that tells nothing has undone nothing")
            try await world.finish(fourth.claim)
            let attempts = try await world.store.attempts(of: fourth.claim.token.runID, owner: world.owner)
            #expect(attempts?.map { $0.outcome?.progress } == ["a", "ab", nil, nil])
            #expect(try await world.ledger(job) == ["1 SUCCESS"])
        }
    }

    /// What the lost attempt did since is not known, so it may be done again.
    @Test(arguments: Driver.allCases)
    func aLostNodeLosesOnlyItsOwn(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("in 1s")
            world.clock.advance(by: .seconds(1))
            try await world.finish(try await next(world).claim, Self.failure("a"))
            world.clock.advance(by: .minutes(1))
            let lost = try await next(world)
            world.clock.advance(by: .seconds(20))
            #expect(try await world.register(2).running == 1)
            let after = try await next(world)
            #expect(after.progress == "a")
            // It comes back with what it had done: kept beside the attempt, never applied.
            #expect(try await world.finish(lost.claim, Self.failure("abc")) == .superseded)
            try await world.store.handBack([after.claim.token], node: world.node)
            #expect(try await next(world).progress == "a")
        }
    }

    @Test(arguments: Driver.allCases)
    func aRedriveGoesOnAndAnotherRunBegins(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("in 1s")
            world.clock.advance(by: .seconds(1))
            let first = try await next(world)
            try await world.finish(first.claim, Self.failure("a"))
            world.clock.advance(by: .minutes(1))
            try await world.finish(try await next(world).claim, Self.failure("ab", permanent: true))
            #expect(try await world.ledger(job) == ["1 DEAD"])
            _ = try await world.store.redriveRun(
                first.claim.token.runID, owner: world.owner, payload: .object(["a": .integer(1)]), audit: nil)
            let redriven = try await next(world)
            #expect(redriven.progress == "ab", "what the last attempt told counts too")
            try await world.finish(redriven.claim)
            try await world.change(job, .trigger(payload: nil))
            #expect(try await next(world).progress == nil)
        }
    }

    @Test(arguments: Driver.allCases)
    func aRunInPlaceOfAnAtMostOnceOneGoesOn(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("in 1s") { $0.delivery = .atMostOnce }
            world.clock.advance(by: .seconds(1))
            let first = try await next(world)
            #expect(try await world.finish(first.claim, Self.failure("a")) == .applied(.dead, dueAt: nil))
            let fresh = try await world.store.redriveRun(
                first.claim.token.runID, owner: world.owner, payload: nil, audit: nil)
            #expect(fresh.redriveOf == first.claim.token.runID)
            #expect(try await next(world).progress == "a")
        }
    }

    @Test(arguments: Driver.allCases)
    func theLongestIsKeptWhole(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("in 1s")
            world.clock.advance(by: .seconds(1))
            let long = String(repeating: "x", count: Outcome.progressLimitBytes)
            try await world.finish(try await next(world).claim, Self.failure(long))
            world.clock.advance(by: .minutes(1))
            #expect(try await next(world).progress == long)
        }
    }
}
