import CronModel
import CronSchedule
import Testing

@testable import CronEngine

/// Nodes that count together what they do to a host.
@Suite struct SharedHostTests {
    private static let limits = HostLimits(standard: HostLimit(inFlight: 4))

    private static func bench(_ limits: HostLimits = limits) -> HostBench { HostBench(limits, isShared: true) }

    @Test func nothingStartsBeforeThereIsRoomForIt() throws {
        var bench = Self.bench()
        bench.claim(10, for: "slow")
        bench.claim(1, for: nil)
        var (started, asks) = bench.go()
        #expect(started.count == 1 && started.count(for: "slow") == 0)
        let ask = try #require(asks.first)
        #expect(asks.count == 1 && ask.host == "slow" && ask.using == 0 && ask.wanted == 4)
        #expect(bench.go().asks.isEmpty, "one question at a time")
        bench.answer(ask, HostGrant(starts: 3))
        (started, asks) = bench.go()
        #expect(started.count == 3)
        #expect(asks.map(\.using) == [3] && asks.map(\.wanted) == [1])
    }

    @Test func itAsksAgainWhenItWasRefusedAndAtOnceWhenSomethingEnds() throws {
        var bench = Self.bench()
        bench.claim(3, for: "slow")
        bench.answer(try #require(bench.go().asks.first), HostGrant(starts: 1))
        let (started, asks) = bench.go()
        #expect(started.count == 1 && asks.map(\.using) == [1])
        bench.answer(asks[0], HostGrant(starts: 0))
        #expect(bench.go().asks.isEmpty)
        var at = try #require(bench.harness.core.nextTick)
        #expect(at == bench.now + HostRoom.pauses.lowerBound)
        bench.answer(try #require(bench.go(after: at - bench.now).asks.first), HostGrant(starts: 0))
        _ = bench.go()
        at = try #require(bench.harness.core.nextTick)
        #expect(at - bench.now == Span(microseconds: HostRoom.pauses.lowerBound.microseconds * 2))
        bench.end(started[0])
        let again = bench.go().asks
        #expect(again.map(\.using) == [0] && again.map(\.wanted) == [2])
    }

    @Test func whatEndedIsSaidThoughNothingWaits() throws {
        var bench = Self.bench()
        bench.claim(1, for: "slow")
        bench.answer(try #require(bench.go().asks.first), HostGrant(starts: 1))
        let (started, asks) = bench.go()
        #expect(started.count == 1 && asks.isEmpty, "the others know")
        let renewal = bench.go(after: HostAsk.renewals.lowerBound).asks
        #expect(renewal.map(\.using) == [1] && renewal.map(\.wanted) == [0])
        bench.answer(renewal[0], HostGrant(starts: 0))
        bench.end(started[0])
        let end = bench.go().asks
        #expect(end.map(\.using) == [0] && end.map(\.wanted) == [0])
        bench.answer(end[0], HostGrant(starts: 0))
        #expect(bench.go(after: .seconds(30)).asks.isEmpty, "nothing is left to say")
    }

    /// What a killed node had keeps a host from the others until it counts no more.
    @Test func theFewerHostsTheSoonerIsSaidAgainWhatIsUnderWay() throws {
        var bench = Self.bench()
        for number in 0..<50 { bench.claim(1, for: "host-\(number)") }
        for ask in bench.go().asks { bench.answer(ask, HostGrant(starts: 1)) }
        #expect(bench.go().started.count == 50)
        let asks = bench.go(after: .milliseconds(500)).asks
        #expect(asks.count == 50 && asks.allSatisfy { $0.renewal == .seconds(1) && $0.life == .seconds(4) })
        for ask in asks { bench.answer(ask, HostGrant(starts: 0)) }
        #expect(bench.go(after: .milliseconds(999)).asks.isEmpty)
        #expect(bench.go(after: .milliseconds(1)).asks.count == 50)
    }

    @Test func withoutAnswersItGoesOnAloneByItsOwnCount() throws {
        var bench = Self.bench()
        bench.claim(10, for: "slow")
        bench.answer(try #require(bench.go().asks.first), nil)
        var (started, asks) = bench.go()
        #expect(started.count == 4 && asks.isEmpty)
        bench.end(started[0])
        (started, asks) = bench.go()
        #expect(started.count == 1 && asks.isEmpty, "not asked again for a second")
        (started, asks) = bench.go(after: HostRoom.alone)
        #expect(started.isEmpty && asks.map(\.using) == [4])
    }

    @Test func moreThanTheLimitIsNeverBelieved() throws {
        var bench = Self.bench()
        bench.claim(10, for: "slow")
        bench.answer(try #require(bench.go().asks.first), HostGrant(starts: 1_000_000))
        #expect(bench.go().started.count == 4)
    }

    @Test func aRefusalWithoutEndIsNotBelieved() throws {
        var bench = Self.bench()
        bench.claim(1, for: "slow")
        let begin = bench.now
        var started: [Claim] = []
        while started.isEmpty, bench.now < begin + .minutes(30), let next = bench.harness.core.nextTick {
            let (now, asks) = bench.go(after: max(.zero, next - bench.now))
            started += now
            for ask in asks { bench.answer(ask, HostGrant(starts: 0)) }
        }
        #expect(started.count == 1)
        #expect(bench.now - begin >= HostRoom.patience && bench.now - begin < HostRoom.patience + .seconds(1))
    }

    @Test func hostsTakeTurnsAtBeingAskedFor() {
        var bench = Self.bench()
        for number in 0..<500 { bench.claim(1, for: "host-\(number)") }
        var started: [Claim] = []
        var (_, asks) = bench.go()
        #expect(asks.count == HostRoom.questionLimit)
        while let ask = asks.first {
            asks.removeFirst()
            bench.answer(ask, HostGrant(starts: min(1, ask.wanted)))
            let (now, more) = bench.go()
            started += now
            asks += more
        }
        #expect(started.count == 500 && bench.waiting == 0)
        #expect(bench.harness.core.nextTick.map { $0 > bench.now } ?? true)
    }

    /// The others could use it.
    @Test func aNodeThatMayNotStartKeepsNoRoom() throws {
        var bench = Self.bench()
        bench.claim(3, for: "slow")
        bench.answer(try #require(bench.go().asks.first), HostGrant(starts: 3))
        // Its heartbeats have no answers.
        let back = bench.go(after: .hours(1)).asks
        #expect(back.map(\.using) == [0] && back.map(\.wanted) == [0])
        bench.answer(try #require(back.first), HostGrant(starts: 0))
        #expect(bench.go(after: .minutes(1)).asks.isEmpty)
        bench.harness.handle(
            .heartbeat(.success(HeartbeatAnswer(isAlive: true, cancelRequests: [])), sentAt: bench.now))
        bench.claim(2, for: "slow")
        #expect(bench.go().asks.map(\.wanted) == [2])
    }

    @Test func roomIsAskedForAsSlotsAreFree() throws {
        var bench = HostBench(Self.limits, isShared: true) { $0.concurrency = 2 }
        let running = bench.claim(2, for: nil)
        #expect(bench.go().started.count == 2)
        bench.claim(3, for: "slow")
        bench.claim(3, for: "slower")
        #expect(bench.go().asks.isEmpty)
        bench.end(running[0])
        let first = bench.go().asks
        #expect(first.map(\.wanted) == [1], "one host for one slot")
        bench.answer(try #require(first.first), HostGrant(starts: 0))
        let second = bench.go().asks
        #expect(second.map(\.wanted) == [1] && second.map(\.host) != first.map(\.host))
        bench.answer(try #require(second.first), HostGrant(starts: 1))
        let (started, asks) = bench.go()
        #expect(started.count == 1 && asks.isEmpty)
        bench.end(running[1])
        bench.end(started[0])
        #expect(bench.go().asks.map(\.wanted).reduce(0, +) == 2)
    }

    @Test func aSpaceAtItsQuotaKeepsNoRoom() throws {
        var bench = HostBench(Self.limits, isShared: true) { $0.spaceInFlight = 1 }
        let other = UserID(high: 7, low: 2)
        let running = bench.claim(1, for: nil)
        #expect(bench.go().started.count == 1)
        bench.claim(3, for: "slow")
        bench.answer(try #require(bench.go().asks.first), HostGrant(starts: 3))
        var (started, asks) = bench.go()
        #expect(started.isEmpty && asks.map(\.using) == [0] && asks.map(\.wanted) == [0])
        bench.answer(try #require(asks.first), HostGrant(starts: 0))
        #expect(bench.go(after: .minutes(1)).asks.isEmpty)
        bench.claim(1, for: "slow", space: other)
        bench.answer(try #require(bench.go().asks.first), HostGrant(starts: 1))
        (started, asks) = bench.go()
        #expect(started.map(\.userID) == [other])
        for ask in asks { bench.answer(ask, HostGrant(starts: 0)) }
        bench.end(running[0])
        (started, asks) = bench.go(after: HostRoom.pauses.lowerBound)
        #expect(started.isEmpty && asks.map(\.wanted) == [3])
        bench.answer(try #require(asks.first), HostGrant(starts: 1))
        #expect(bench.go().started.map(\.userID) == [CoreHarness.space])
    }

    @Test func aRateIsAskedWhenTheOthersSay() throws {
        var bench = Self.bench(HostLimits(standard: HostLimit(rate: StartRate(count: 2, per: .seconds(10)))))
        bench.claim(2, for: "api")
        let ask = try #require(bench.go().asks.first)
        bench.answer(ask, HostGrant(starts: 0, nextIn: .seconds(2)))
        #expect(bench.go(after: .milliseconds(1_999)).asks.isEmpty)
        let again = try #require(bench.go(after: .milliseconds(1)).asks.first)
        bench.answer(again, HostGrant(starts: 2))
        let request = try #require(bench.tick().starts.first)
        bench.harness.handle(.started(request, .success([.skipped, .stale]), took: .zero))
        #expect(bench.go().asks.map(\.unmade) == [2], "starts that were none")
    }

    @Test func nothingComesBackBeforeTheOthersSayThatItMayStart() throws {
        var bench = HostBench(HostLimits(standard: HostLimit(rate: StartRate(count: 2, per: .minutes(10)))), isShared: true) {
            $0.lease = .seconds(15)
        }
        bench.claim(2, for: "api")
        bench.answer(try #require(bench.go().asks.first), HostGrant(starts: 0, nextIn: .minutes(9)))
        let begin = bench.now
        let request = try #require(bench.tick(after: .seconds(5)).starts.first)
        #expect(request.postponed.count == 2 && request.postponed.values.allSatisfy { $0 > begin + .minutes(9) })
    }

    /// Random stories: no node and no host ever has more than its limit, and nothing waits that could go.
    @Test(arguments: 0..<40) func limitsHoldAndNothingIsForgotten(_ seed: UInt64) {
        var story = HostStory(seed: seed)
        story.run(steps: 400)
        story.calmDown()
        #expect(story.problems == [])
    }
}
