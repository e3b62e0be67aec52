import CronLockRedis
import CronModel
import CronSchedule
import PostgresServer
import Testing

/// A Redis that is down, slow, forgetful or lying costs its callers their limit at most.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RedisFaultTests {
    @Test func flushedLocksAreFree() async throws {
        try await RedisServer.run { server in
            let (a, b) = (try await Party.patient("a", server.address), try await Party.patient("b", server.address))
            let old = try #require(await a.locks.acquire("shard", ttl: .minutes(1)).token)
            #expect(await b.link.call(["FLUSHALL"]) == .text("OK"))
            let new = try #require(await b.locks.acquire("shard", ttl: .minutes(1)).token)
            #expect(await a.locks.extend(old, ttl: .minutes(1)) == .heldByOther)
            await a.locks.release(old)
            #expect(await b.locks.extend(new, ttl: .minutes(1)) == .heldByMe(new))
        }
    }

    @Test func aKilledServerComesBackEmpty() async throws {
        try await RedisServer.run { server in
            let (a, b) = (Party("a", try server.address), try await Party.patient("b", server.address))
            try #require(await a.link.connect())
            _ = await b.locks.acquire("taken", ttl: .minutes(1))
            await server.kill()
            for _ in 0..<20 {
                let answers = await a.callAll()
                #expect(answers.locks == [.unknown, .unknown] && answers.count.uses == 1)
                #expect(answers.slowest < answerLimit)
            }
            try await server.start()
            await a.acquireAgain("taken")
            // Told once each, whatever was tried in between.
            guard case (.down, .up) = (await a.reports.next(), await a.reports.next()) else {
                Issue.record("\(a.reports.all)")
                return
            }
        }
    }

    @Test func aSlowLineIsNotWaitedFor() async throws {
        try await RedisServer.run { server in
            try await SlowProxy.run(to: server.port) { proxy in
                let party = Party("a", try proxy.address)
                try #require(await party.link.connect())
                proxy.set(delay: .seconds(5))
                for _ in 0..<20 {
                    let answers = await party.callAll()
                    #expect(answers.locks == [.unknown, .unknown] && answers.count.uses == 1)
                    #expect(answers.slowest < answerLimit)
                }
                proxy.set(delay: .zero)
                await party.acquireAgain("shard")
            }
        }
    }

    /// Each waits for its own limit only, not for all who came before.
    @Test func manyCallersWaitTogether() async throws {
        try await RedisServer.run { server in
            let party = Party("a", try server.address)
            try #require(await party.link.connect())
            server.freeze()
            defer { server.thaw() }
            let start = party.clock.uptime
            let answers = await withTaskGroup(of: LockAnswer.self) { group in
                for index in 0..<200 {
                    group.addTask { await party.locks.acquire("shard \(index)", ttl: .seconds(2)) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: .unknown, count: 200))
            #expect(party.clock.uptime - start < answerLimit)
        }
    }

    @Test func aFrozenServerThatThawsIsUsedAgain() async throws {
        try await RedisServer.run { server in
            let party = Party("a", try server.address)
            try #require(await party.link.connect())
            server.freeze()
            #expect(await party.callAll().slowest < answerLimit)
            server.thaw()
            await party.acquireAgain("shard")
        }
    }

    @Test func nobodyListens() async throws {
        try await ClosedPort.hold { port in
            let party = Party("a", try RedisAddress("redis://127.0.0.1:\(port)"))
            for _ in 0..<50 {
                let answers = await party.callAll()
                #expect(answers.locks == [.unknown, .unknown] && answers.count.uses == 1)
                #expect(answers.slowest < answerLimit)
            }
            #expect(await party.reports.next() == .down("redis 127.0.0.1:\(port): Connection refused"))
        }
    }

    @Test func aNameThatDoesNotExist() async throws {
        let party = Party("a", try RedisAddress("redis://no-such-host.invalid:1"))
        #expect(await party.callAll().slowest < answerLimit)
        guard case .down(let text) = await party.reports.next() else {
            Issue.record("no report")
            return
        }
        #expect(text.hasPrefix("redis no-such-host.invalid:1: "), "\(text)")
    }

    @Test func aServerThatIsLoadingOrReadOnlyIsNoHelp() async throws {
        try await RedisServer.run { server in
            let party = try await Party.patient("a", server.address)
            // A replica of nobody: it answers, and takes no writes.
            #expect(await party.link.call(["REPLICAOF", "127.0.0.1", "1"]) == .text("OK"))
            #expect(await party.locks.acquire("shard", ttl: .seconds(2)) == .unknown)
            #expect(await party.reports.next() != nil)
        }
    }
}
