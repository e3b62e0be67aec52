import CronLockRedis
import CronModel
import CronSchedule
import Testing

/// What nodes do to a host together, counted by a real Redis.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RedisHostTests {
    private static let four = HostLimit(inFlight: 4)

    private static func ask(
        _ limit: HostLimit = four, using: Int = 0, wanted: Int, unmade: Int = 0, host: String = "slow.example.com",
        renewal: Span = .hours(1)
    ) -> HostAsk {
        HostAsk(host: host, limit: limit, using: using, wanted: wanted, unmade: unmade, renewal: renewal)
    }

    /// Nodes for which no time passes unless a test says so.
    private static func nodes(
        _ server: RedisServer, _ count: Int, _ change: (inout RedisHosts.Times) -> Void = { _ in }
    ) async throws -> (hosts: [RedisHosts], link: RedisLink) {
        let party = try await Party.patient("a", server.address)
        var times = RedisHosts.Times()
        (times.longestLife, times.patience, times.memory) = (.hours(4), .hours(1), .hours(1))
        change(&times)
        return ((0..<count).map { RedisHosts(node: "node-\($0)", link: party.link, times: times) }, party.link)
    }

    @Test func roomIsSharedAndGivenBack() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 3)
            #expect(await nodes[0].ask(Self.ask(wanted: 3)) == HostGrant(starts: 3))
            #expect(await nodes[1].ask(Self.ask(wanted: 3)) == HostGrant(starts: 1))
            #expect(await nodes[2].ask(Self.ask(wanted: 3)) == HostGrant(starts: 0))
            #expect(await nodes[2].ask(Self.ask(wanted: 3, host: "other.example.com")) == HostGrant(starts: 3))
            #expect(await nodes[0].ask(Self.ask(using: 1, wanted: 0)) == HostGrant(starts: 0))
            #expect(await nodes[2].ask(Self.ask(wanted: 3)) == HostGrant(starts: 2))
        }
    }

    /// What a node says replaces what it said before: an answer that was lost leaves nothing behind.
    @Test func aLostAnswerIsPutRightByTheNext() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 2)
            for _ in 0..<3 { #expect(await nodes[0].ask(Self.ask(wanted: 4)) == HostGrant(starts: 4)) }
            _ = await nodes[0].ask(Self.ask(wanted: 0))
            #expect(await nodes[1].ask(Self.ask(wanted: 4)) == HostGrant(starts: 4))
        }
    }

    @Test func theShareOfANodeThatIsGoneComesBack() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 2)
            _ = await nodes[0].ask(Self.ask(wanted: 4))
            #expect(await nodes[1].ask(Self.ask(wanted: 4)) == HostGrant(starts: 0))
            _ = await nodes[0].ask(Self.ask(using: 4, wanted: 0, renewal: .milliseconds(75)))
            try await RedisBench(server: server).pass(.milliseconds(400))
            #expect(await nodes[1].ask(Self.ask(wanted: 4)) == HostGrant(starts: 4))
        }
    }

    /// Nodes with few hosts speak more often than those with many, and do not take these to be gone.
    @Test func whatANodeSaidCountsForItsOwnTime() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 2)
            _ = await nodes[0].ask(Self.ask(wanted: 4))
            _ = await nodes[1].ask(Self.ask(wanted: 0, renewal: .milliseconds(75)))
            try await RedisBench(server: server).pass(.milliseconds(400))
            #expect(await nodes[1].ask(Self.ask(wanted: 4, renewal: .milliseconds(75))) == HostGrant(starts: 0))
        }
    }

    @Test func nothingCountsForEver() async throws {
        try await RedisServer.run { server in
            let (nodes, link) = try await Self.nodes(server, 1) { $0.longestLife = .seconds(1) }
            _ = await link.call(["HSET", "cronpp:host:{slow.example.com}", "x", "4 0 1 99999999999999999"])
            #expect(await nodes[0].ask(Self.ask(wanted: 4)) == HostGrant(starts: 4))
        }
    }

    @Test func whoHasWaitedLongestIsNext() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 2) { $0.patience = .seconds(1) }
            _ = await nodes[0].ask(Self.ask(wanted: 100))
            #expect(await nodes[1].ask(Self.ask(wanted: 1)) == HostGrant(starts: 0))
            try await RedisBench(server: server).pass(.milliseconds(1_100))
            #expect(await nodes[1].ask(Self.ask(wanted: 1)) == HostGrant(starts: 0))
            // One of the first node's ends, and again one. It was given some before the second came, so the first place is its.
            #expect(await nodes[0].ask(Self.ask(using: 3, wanted: 100)) == HostGrant(starts: 1))
            #expect(await nodes[0].ask(Self.ask(using: 3, wanted: 100)) == HostGrant(starts: 0))
            #expect(await nodes[1].ask(Self.ask(wanted: 1)) == HostGrant(starts: 1))
        }
    }

    @Test func startsAreCountedTogether() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 2)
            let limit = HostLimit(rate: StartRate(count: 5, per: .seconds(60)))
            #expect(await nodes[0].ask(Self.ask(limit, wanted: 3)) == HostGrant(starts: 3))
            let second = try #require(await nodes[1].ask(Self.ask(limit, wanted: 3)))
            #expect(second.starts == 2 && second.nextIn == nil)
            let third = try #require(await nodes[0].ask(Self.ask(limit, using: 3, wanted: 3)))
            let next = try #require(third.nextIn)
            #expect(third.starts == 0 && next > .seconds(20) && next <= .seconds(60))
            // Two were not made after all.
            #expect(await nodes[1].ask(Self.ask(limit, wanted: 3, unmade: 2)) == HostGrant(starts: 2))
        }
    }

    @Test func aPeriodEnds() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 1)
            let limit = HostLimit(rate: StartRate(count: 2, per: .seconds(1)))
            #expect(await nodes[0].ask(Self.ask(limit, wanted: 2)) == HostGrant(starts: 2))
            try await RedisBench(server: server).pass(.milliseconds(1_100))
            #expect(await nodes[0].ask(Self.ask(limit, wanted: 2)) == HostGrant(starts: 2))
        }
    }

    @Test func aRedisThatForgetsLearnsAgain() async throws {
        try await RedisServer.run { server in
            let (nodes, link) = try await Self.nodes(server, 2)
            _ = await nodes[0].ask(Self.ask(wanted: 4))
            _ = await link.call(["FLUSHALL"])
            // Its renewal.
            _ = await nodes[0].ask(Self.ask(using: 4, wanted: 0))
            #expect(await nodes[1].ask(Self.ask(wanted: 4)) == HostGrant(starts: 0))
        }
    }

    @Test func whatSomebodyElseWroteThereIsNotInTheWay() async throws {
        try await RedisServer.run { server in
            let (nodes, link) = try await Self.nodes(server, 1)
            _ = await link.call(["HSET", "cronpp:host:{slow.example.com}", "x", "many", "y", "9 0 99999999999999999 1"])
            #expect(await nodes[0].ask(Self.ask(wanted: 4)) == HostGrant(starts: 4))
            _ = await link.call(["SET", "cronpp:host:{odd.example.com}", "x"])
            #expect(await nodes[0].ask(Self.ask(wanted: 4, host: "odd.example.com")) == nil)
        }
    }

    @Test func withoutRedisThereIsNoAnswer() async throws {
        try await RedisServer.run { server in
            let (nodes, _) = try await Self.nodes(server, 1)
            await server.kill()
            #expect(await nodes[0].ask(Self.ask(wanted: 4)) == nil)
        }
    }
}
