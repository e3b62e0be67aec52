import CronModel
import CronSchedule
import Testing

@testable import CronEngine

/// Spaces take turns, and each has its limits.
@Suite struct FairnessTests {
    private static let hog = UserID(high: 7, low: 1)
    private static let other = UserID(high: 7, low: 2)

    private static func settings(_ change: (inout EngineSettings) -> Void) -> EngineSettings {
        var settings = EngineSettings()
        settings.batchesInFlight = 1_000
        // Nobody renews it here.
        settings.lease = .hours(1)
        change(&settings)
        return settings
    }

    /// Answers every start as made, and executes it.
    private static func start(_ request: StartRequest, of claims: [Claim], _ harness: inout CoreHarness) -> [UserID] {
        let byRun = Dictionary(uniqueKeysWithValues: claims.map { ($0.token, $0) })
        let started = request.tokens.compactMap { byRun[$0] }
        harness.handle(
            .started(
                request, .success(started.map { .started(harness.context($0), dueAt: $0.dueAt) }), took: .zero))
        return started.map(\.userID)
    }

    @Test func onesBacklogDoesNotKeepAnotherWaiting() {
        var harness = CoreHarness(Self.settings { $0.concurrency = 4 })
        let backlog = (0..<1_000).map { _ in harness.claim(space: Self.hog) }
        let few = (0..<2).map { _ in harness.claim(space: Self.other) }
        harness.take(backlog + few)
        let requests = harness.tick().starts
        let order = requests.flatMap { Self.start($0, of: backlog + few, &harness) }
        #expect(order == [Self.hog, Self.other, Self.hog, Self.other])
    }

    @Test func aSpaceHasNoMoreUnderWayThanItMay() {
        var harness = CoreHarness(Self.settings { $0.spaceInFlight = 3 })
        let claims = (0..<10).map { _ in harness.claim(space: Self.hog) }
        let others = (0..<2).map { _ in harness.claim(space: Self.other) }
        harness.take(claims + others)
        let requests = harness.tick().starts
        let running = requests.flatMap(\.tokens).first { token in claims.contains { $0.token == token } }
        var started = requests.flatMap { Self.start($0, of: claims + others, &harness) }
        #expect(started.filter { $0 == Self.hog }.count == 3 && started.filter { $0 == Self.other }.count == 2)
        // What waits for an end wakes nobody.
        #expect(harness.tick().starts.isEmpty)
        #expect(harness.core.nextTick ?? harness.now > harness.now)
        if let running { harness.handle(.ended(running, .success)) }
        started = harness.tick().starts.flatMap { Self.start($0, of: claims, &harness) }
        #expect(started == [Self.hog])
    }

    @Test func startsBeyondTheMinutesBudgetWaitAndAreNotLost() {
        var harness = CoreHarness(Self.settings { $0.spaceRunsPerMinute = 60 })
        let claims = (0..<130).map { _ in harness.claim(space: Self.hog) }
        let others = (0..<5).map { _ in harness.claim(space: Self.other) }
        harness.take(claims + others)
        var started = harness.tick().starts.flatMap { Self.start($0, of: claims + others, &harness) }
        #expect(started.filter { $0 == Self.hog }.count == 60, "a minute's worth at once")
        #expect(started.filter { $0 == Self.other }.count == 5)
        #expect(harness.core.nextTick.map { $0 <= harness.now + .seconds(1) } == true)
        var seconds = 0
        while started.count < 135, seconds < 100 {
            let batch = harness.tick(after: .seconds(1)).starts
            let now = batch.flatMap { Self.start($0, of: claims, &harness) }
            #expect(now.count == 1, "then they come evenly")
            started += now
            seconds += 1
        }
        #expect(seconds == 70)
    }

    @Test func aSpaceThatHoldsItsShareIsLeftOutOfPlansAndClaims() {
        var harness = CoreHarness(
            Self.settings {
                $0.concurrency = 1
                $0.spaceClaimLimit = 100
                $0.claimLimit = 200
            })
        let claims = (0..<100).map { _ in harness.claim(dueIn: .seconds(3), space: Self.hog) }
        harness.take(claims)
        _ = harness.tick(after: .seconds(1))
        let effects = harness.look(nextSlot: harness.now, nextDueAt: harness.now) + harness.tick()
        #expect(effects.plans.map(\.crowded) == [[Self.hog]] && effects.claims.map(\.crowded) == [[Self.hog]])
        #expect(effects.claims.map(\.limit) == [100])
    }

    @Test func lanesGiveEveryTokenOnceAndInOrder() {
        var lanes = Lanes()
        var random = RandomSource(seed: 5)
        let spaces = (0..<5).map { UserID(high: 1, low: $0) }
        var given: [UserID: [ClaimToken]] = [:]
        var taken: [UserID: [ClaimToken]] = [:]
        var owner: [RunID: UserID] = [:]
        for number in 0..<2_000 {
            let space = spaces[Int.random(in: 0..<5, using: &random)]
            let token = ClaimToken(runID: RunID(high: 9, low: UInt64(number)), fence: 1)
            owner[token.runID] = space
            given[space, default: []].append(token)
            lanes.add(token, of: space)
            if Bool.random(using: &random), let next = lanes.next({ _ in .go }).token {
                taken[owner[next.runID] ?? space, default: []].append(next)
            }
        }
        while let next = lanes.next({ _ in .go }).token {
            taken[owner[next.runID] ?? spaces[0], default: []].append(next)
        }
        #expect(taken == given && lanes.isEmpty)
    }
}
