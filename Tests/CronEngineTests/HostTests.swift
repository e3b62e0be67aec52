import CronModel
import CronSchedule
import Testing

@testable import CronEngine

/// A host's limit holds, and keeps nobody waiting but what is for that host.
@Suite struct HostTests {
    private static let other = UserID(high: 7, low: 2)
    private static let two = HostLimits(hosts: ["slow": HostLimit(inFlight: 2)])

    private static func rate(_ count: Int, _ period: Span) -> HostLimits {
        HostLimits(hosts: ["api": HostLimit(rate: StartRate(count: count, per: period))])
    }

    @Test func whatIsForAFullHostIsPassedOver() {
        var bench = HostBench(Self.two)
        bench.claim(10, for: "slow")
        bench.claim(3, for: "fast")
        bench.claim(2, for: nil)
        bench.claim(2, for: "slow", space: Self.other)
        bench.claim(1, for: "fast", space: Self.other)
        let started = bench.go().started
        #expect(started.count(for: "slow") == 2 && started.count(for: "fast") == 4 && started.count == 8)
        #expect(bench.waiting == 10)
        // What waits for an end wakes nobody.
        #expect(bench.harness.core.nextTick ?? bench.now > bench.now)
        bench.end(started.first { $0.action?.fields["host"] == .string("fast") } ?? started[0])
        #expect(bench.go().started.isEmpty)
        for slow in started where slow.action?.fields["host"] == .string("slow") { bench.end(slow) }
        #expect(bench.go().started.count(for: "slow") == 2 && bench.waiting == 8)
    }

    @Test func spacesTakeTurnsAtAHost() {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 1)))
        bench.claim(5, for: "slow")
        bench.claim(5, for: "slow", space: Self.other)
        var order: [UserID] = []
        while let claim = bench.go().started.first {
            order.append(claim.userID)
            bench.end(claim)
        }
        #expect(order.count == 10)
        #expect(zip(order, order.dropFirst()).allSatisfy { $0 != $1 })
    }

    @Test func aSpaceIsServedInTheOrderInWhichItsRunsAreDue() {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 50))) { $0.concurrency = 1 }
        for number in 0..<9 {
            bench.claim(1, for: ["a", nil, "b"][number % 3], dueIn: .milliseconds(Int64(number - 20)))
        }
        var order: [Claim] = []
        while let claim = bench.go().started.first {
            order.append(claim)
            bench.end(claim)
        }
        #expect(order.count == 9 && order.map(\.dueAt) == order.map(\.dueAt).sorted())
    }

    @Test func whatWillNotStartTakesNoRoom() throws {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 1)))
        bench.claim(7, for: "slow")
        for answer in [StartAnswer.parked, .delayed(until: bench.now + .minutes(5)), .skipped, .stale] {
            let request = try #require(bench.tick().starts.first)
            #expect(request.tokens.count == 1)
            bench.harness.handle(.started(request, .success([answer]), took: .zero))
        }
        let failed = try #require(bench.tick().starts.first)
        bench.harness.handle(.started(failed, .failure(.unavailable("disk full")), took: .zero))
        let late = try #require(bench.tick(after: .seconds(1)).starts.first)
        let claim = try #require(bench.claims[late.tokens[0]])
        bench.harness.handle(
            .started(late, .success([.started(bench.harness.context(claim), dueAt: claim.dueAt)]), took: .seconds(1)))
        let effects = bench.tick()
        #expect(effects.finishes.map(\.outcome.kind) == [.notSent])
        #expect(effects.starts.map(\.tokens.count) == [1])
    }

    @Test func anAttemptThatIsStoppedGivesItsRoomBackWhenItHasEnded() {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 1)))
        let claims = bench.claim(2, for: "slow")
        let first = bench.go().started
        bench.harness.handle(.cancel(first.map(\.token.runID)))
        #expect(bench.go().started.isEmpty)
        bench.harness.handle(
            .ended(first[0].token, Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent)))
        #expect(bench.go().started.map(\.token) == claims.filter { $0.token != first[0].token }.map(\.token))
    }

    @Test func thereAreNeverMoreStartsInAPeriodThanTheRate() {
        var bench = HostBench(Self.rate(5, .seconds(10)))
        bench.claim(3, for: "api")
        var starts = bench.go().started.map { _ in bench.now }
        #expect(starts.count == 3, "all at once, as far as the rate goes")
        bench.claim(20, for: "api", dueIn: .seconds(6))
        while starts.count < 23, let next = bench.harness.core.nextTick {
            starts += bench.go(after: next - bench.now).started.map { _ in bench.now }
        }
        #expect(starts.count == 23)
        for (first, sixth) in zip(starts, starts.dropFirst(5)) { #expect(sixth - first >= .seconds(10)) }
        #expect(starts[22] - starts[0] == .seconds(40), "and no fewer than there may be")
    }

    @Test func aClockThatIsSetBackStopsNoHost() {
        var bench = HostBench(Self.rate(2, .hours(1)))
        bench.claim(2, for: "api")
        #expect(bench.go().started.count == 2)
        bench.claim(1, for: "api", dueIn: .hours(-12))
        #expect(bench.go(after: .hours(-12)).started.count == 1)
    }

    @Test func aStartThatIsNoneIsNotCounted() throws {
        var bench = HostBench(Self.rate(1, .hours(1)))
        bench.claim(2, for: "api")
        let request = try #require(bench.tick().starts.first)
        bench.harness.handle(.started(request, .success([.skipped]), took: .zero))
        #expect(bench.go().started.count == 1)
    }

    @Test func whatHasWaitedLongGoesBackToTheStore() throws {
        var bench = HostBench(Self.two) { $0.lease = .seconds(15) }
        let claims = bench.claim(5, for: "slow")
        let started = bench.go().started
        #expect(started.count == 2)
        #expect(bench.tick(after: .milliseconds(4_999)).starts.isEmpty)
        #expect(bench.harness.core.nextTick == bench.now + .milliseconds(1))
        let request = try #require(bench.tick(after: .milliseconds(1)).starts.first)
        #expect(Set(request.tokens) == Set(claims.map(\.token)).subtracting(started.map(\.token)))
        let untils = request.tokens.compactMap { request.postponed[$0] }
        #expect(untils.count == 3 && untils == untils.sorted() && Set(untils).count == 3)
        #expect(untils.allSatisfy { $0 > bench.now + .seconds(5) && $0 <= bench.now + .minutes(1) })
        #expect(bench.waiting == 0 && bench.harness.core.heldCount == 5)
        for claim in started { bench.end(claim) }
        #expect(bench.tick().starts.isEmpty, "it is on its way")
        bench.harness.handle(
            .started(
                request, .success([.delayed(until: untils[0]), .stale, .putBack(until: bench.now)]), took: .zero))
        #expect(bench.harness.core.heldCount == 1)
        #expect(bench.go().started.map(\.token) == [request.tokens[2]])
    }

    @Test func whatIsPostponedIsAskedAgainWhenTheStoreWasAway() throws {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 1))) { $0.lease = .seconds(15) }
        bench.claim(2, for: "slow")
        let started = bench.go().started
        let request = try #require(bench.tick(after: .seconds(5)).starts.first)
        bench.harness.handle(.started(request, .failure(.unavailable("disk full")), took: .zero))
        bench.end(started[0])
        #expect(bench.tick().starts.isEmpty)
        #expect(bench.go(after: EngineSettings.storeRetry).started.map(\.token) == request.tokens)
    }

    /// A lost answer: the store has it RUNNING already.
    @Test func whatHadBeenStartedIsSentThoughItWasToBePostponed() throws {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 1))) { $0.lease = .seconds(15) }
        bench.claim(2, for: "slow")
        _ = bench.go()
        let request = try #require(bench.tick(after: .seconds(5)).starts.first)
        let claim = try #require(bench.claims[request.tokens[0]])
        bench.harness.handle(
            .started(request, .success([.started(bench.harness.context(claim), dueAt: claim.dueAt)]), took: .zero))
        #expect(bench.tick().executions.map(\.runID) == [claim.token.runID])
        #expect(bench.harness.core.busyCount == 2)
    }

    @Test func aHostDoesNotFillTheNode() {
        var bench = HostBench(Self.two) { $0.lease = .seconds(15) }
        bench.claim(1_000, for: "slow")
        var effects = bench.tick()
        var postponed: [Instant] = []
        while let request = effects.starts.last, !request.postponed.isEmpty {
            postponed += request.tokens.compactMap { request.postponed[$0] }
            bench.harness.handle(
                .started(
                    request, .success(request.tokens.map { .delayed(until: request.postponed[$0] ?? bench.now) }),
                    took: .zero))
            effects = bench.tick()
        }
        let within = (bench.now + .seconds(5))...(bench.now + HostState.horizon)
        #expect(postponed.allSatisfy(within.contains), "spread over the time until they are looked at again")
        #expect(Set(postponed).count > 600)
        #expect(postponed.count > 900 && bench.waiting <= HostState.fewestPlaces)
        #expect(bench.harness.core.heldCount == 1_000 - postponed.count)
    }

    /// All places are taken by others.
    private static func full(_ claims: (inout HostBench, Int) -> Void) -> (bench: HostBench, running: Claim?) {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 1)))
        claims(&bench, HostState.fewestPlaces)
        let running = bench.go().started.first
        claims(&bench, 1)
        _ = bench.go()
        return (bench, running)
    }

    @Test func anOlderRunTakesThePlaceOfTheYoungestAndIsNext() throws {
        var (bench, running) = Self.full { $0.claim($1, for: "slow", age: .minutes(1)) }
        #expect(bench.waiting == HostState.fewestPlaces)
        let young = bench.claim(1, for: "slow")
        var request = try #require(bench.tick().starts.first)
        #expect(request.tokens == young.map(\.token) && request.postponed.count == 1)
        bench.harness.handle(.started(request, .success([.delayed(until: bench.now + .seconds(9))]), took: .zero))
        let old = bench.claim(1, for: "slow", age: .hours(1))
        request = try #require(bench.tick().starts.first)
        #expect(request.tokens != old.map(\.token) && request.postponed.count == 1)
        #expect(bench.waiting == HostState.fewestPlaces)
        bench.end(try #require(running))
        #expect(bench.go().started.map(\.token) == old.map(\.token))
    }

    @Test func aSpaceWithManyMakesPlaceForOneWithFew() throws {
        var (bench, _) = Self.full { $0.claim($1, for: "slow", age: .hours(1)) }
        let few = bench.claim(1, for: "slow", space: Self.other)
        let request = try #require(bench.tick().starts.first)
        #expect(request.tokens.count == 1 && request.tokens != few.map(\.token))
        #expect(bench.waiting == HostState.fewestPlaces)
    }

    @Test func theOldestComeBackFirst() throws {
        var bench = HostBench(HostLimits(standard: HostLimit(inFlight: 1))) { $0.lease = .seconds(15) }
        for number in 0..<300 { bench.claim(1, for: "slow", age: .minutes(Int64(number * 37 % 300))) }
        let slots = Dictionary(uniqueKeysWithValues: bench.claims.map { ($0.key, $0.value.scheduledFor) })
        var (started, untils): ([ClaimToken], [ClaimToken: Instant]) = ([], [:])
        for request in bench.tick().starts {
            if request.postponed.isEmpty { started += request.tokens }
            untils.merge(request.postponed) { first, _ in first }
        }
        let order = slots.sorted { $0.value < $1.value }.map(\.key)
        #expect(started == [order[0]])
        let places = HostState.fewestPlaces
        #expect(Set(untils.keys) == Set(order.dropFirst(places)), "the oldest wait here")
        let later = order.dropFirst(places).compactMap { untils[$0] }
        #expect(zip(later, later.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func nothingComesBackBeforeTheRateLetsItStart() throws {
        var bench = HostBench(Self.rate(1, .minutes(10))) { $0.lease = .seconds(15) }
        bench.claim(3, for: "api")
        let begin = bench.now
        #expect(bench.go().started.count == 1)
        let request = try #require(bench.tick(after: .seconds(5)).starts.first)
        #expect(request.postponed.count == 2)
        #expect(request.postponed.values.allSatisfy { $0 > begin + .minutes(10) && $0 < begin + .minutes(11) })
    }

    @Test func aDrainHandsBackWhatWaitsForItsHost() {
        var bench = HostBench(Self.two)
        bench.claim(5, for: "slow")
        let started = bench.go().started
        let handedBack = bench.harness.handle(.drain).handBacks
        #expect(handedBack.count == 3 && bench.waiting == 0)
        bench.harness.handle(.handedBack(handedBack, .success(())))
        for claim in started { bench.end(claim) }
        #expect(bench.tick().finishes.count == 2 && bench.tick().isStopped)
    }

    @Test func withoutLimitsNothingIsAskedOfActions() {
        var bench = HostBench(HostLimits()) { settings in
            settings.hosts = nil
        }
        bench.claim(5, for: "slow")
        #expect(bench.go().started.count == 5 && bench.waiting == 0)
    }
}
