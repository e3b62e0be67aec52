import CronLockRedis
import CronModel
import CronSchedule
import CronTesting
import Testing

/// What every rate counter does.
@Suite(.serialized, .timeLimit(.minutes(1))) struct CounterBehaviour {
    @Test(arguments: Backend.allCases) func usesAreCountedByKey(_ backend: Backend) async throws {
        try await backend.run { bench in
            let counter = try await bench.counter()
            for uses in 1...5 {
                let count = await counter.count("a", window: .minutes(10))
                #expect(count.uses == uses)
                #expect(count.endsIn > .minutes(9) && count.endsIn <= .minutes(10))
            }
            #expect(await counter.count("b", window: .minutes(10)).uses == 1)
        }
    }

    @Test(arguments: Backend.allCases) func aWindowEnds(_ backend: Backend) async throws {
        try await backend.run { bench in
            let counter = try await bench.counter()
            _ = await counter.count("a", window: .milliseconds(300))
            try await bench.pass(.milliseconds(400))
            #expect(await counter.count("a", window: .minutes(1)).uses == 1)
            #expect(await counter.count("a", window: .minutes(1)).uses == 2)
        }
    }

    @Test(arguments: Backend.allCases) func aUseIsTakenBack(_ backend: Backend) async throws {
        try await backend.run { bench in
            let counter = try await bench.counter()
            _ = await counter.count("a", window: .minutes(1))
            _ = await counter.count("a", window: .minutes(1))
            await counter.takeBack("a")
            #expect(await counter.count("a", window: .minutes(1)).uses == 2)
            for _ in 0..<5 { await counter.takeBack("a") }
            #expect(await counter.count("a", window: .minutes(1)).uses == 1)
            await counter.takeBack("unknown")
            #expect(await counter.count("unknown", window: .minutes(1)).uses == 1)
        }
    }

    @Test(arguments: Backend.allCases) func aKeyIsForgotten(_ backend: Backend) async throws {
        try await backend.run { bench in
            let counter = try await bench.counter()
            _ = await counter.count("a", window: .minutes(1))
            _ = await counter.count("b", window: .minutes(1))
            await counter.forget("a")
            #expect(await counter.count("a", window: .minutes(1)).uses == 1)
            #expect(await counter.count("b", window: .minutes(1)).uses == 2)
        }
    }

    @Test func aFloodOfKeysDoesNotHideOne() async {
        let counter = LocalCounter(clock: TestClock())
        for _ in 0..<10 { _ = await counter.count("attacked", window: .minutes(1)) }
        for key in 0..<LocalCounter.tableLimit + 2_000 { _ = await counter.count("flood \(key)", window: .minutes(1)) }
        #expect(counter.size <= LocalCounter.tableLimit)
        #expect(await counter.count("attacked", window: .minutes(1)).uses == 11)
    }

    @Test func nodesCountTogetherAndGoOnAlone() async throws {
        try await RedisServer.run { server in
            let (a, b) = (try await Party.patient("a", server.address), try await Party.patient("b", server.address))
            for _ in 0..<3 { _ = await a.counter.count("key", window: .minutes(10)) }
            #expect(await b.counter.count("key", window: .minutes(10)).uses == 4)
            await server.kill()
            #expect(await a.counter.count("key", window: .minutes(10)).uses == 4)
            #expect(await b.counter.count("key", window: .minutes(10)).uses == 2)
        }
    }

    /// Somebody's PERSIST, or a restored dump, must not lock a user out for ever.
    @Test func aKeyWithoutAnEndGetsOne() async throws {
        try await RedisServer.run { server in
            let party = try await Party.patient("a", server.address)
            _ = await party.link.call(["SET", "cronpp:count:key", "7"])
            #expect(await party.counter.count("key", window: .minutes(1)) == RateCount(uses: 8, endsIn: .minutes(1)))
        }
    }
}
