import CronLockRedis
import CronModel
import CronSchedule
import CronTesting
import Testing

/// What every wake-up channel does.
@Suite(.serialized, .timeLimit(.minutes(1))) struct WakeupBehaviour {
    @Test(arguments: Backend.allCases) func othersAreWokenAndOneselfIsNot(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, atA) = try await bench.wakeups("a")
            let (b, atB) = try await bench.wakeups("b")
            let (_, atC) = try await bench.wakeups("c")
            a.wake()
            #expect(await atB.next())
            #expect(await atC.next())
            b.wake()
            #expect(await atA.next())
            a.close()
            b.close()
            #expect(await atA.rest() == 0)
            #expect(await atB.rest() == 0)
        }
    }

    @Test(arguments: Backend.allCases) func hintsThatNobodyTookAreOne(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, _) = try await bench.wakeups("a")
            let (b, atB) = try await bench.wakeups("b")
            for _ in 0..<1_000 { a.wake() }
            #expect(await atB.next())
            b.close()
            #expect(await atB.rest() <= 1)
        }
    }

    @Test(arguments: Backend.allCases) func aClosedChannelSaysNothing(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, atA) = try await bench.wakeups("a")
            a.close()
            a.wake()
            #expect(await !atA.next())
            #expect(await !HintReader(a.hints()).next())
        }
    }

    /// A burst is one hint at once and one when the pause is over.
    @Test func aBurstIsSentTwice() async throws {
        try await FakeRedis.run { _ in
            .text(":0\r\n")
        } test: { server in
            let clock = TestClock()
            let address = try server.address
            let link = RedisLink(address, limits: .quick, clock: clock) { _ in }
            try #require(await link.connect())
            let channel = RedisWakeups(node: "a", address: address, link: link, clock: clock)
            for _ in 0..<1_000 { channel.wake() }
            #expect(await server.next("PUBLISH") == ["PUBLISH", "cronpp:wake:0", "a"])
            while clock.waiterCount == 0 { await Task.yield() }
            // Answered behind the hint: time that passes now makes no answer late.
            _ = await link.call(["ECHO"])
            clock.advance(by: HintPacer.pause)
            #expect(await server.next("PUBLISH") != nil)
            _ = await link.call(["ECHO"])
            clock.advance(by: .seconds(10))
            channel.wake()
            #expect(await server.next("PUBLISH") != nil)
            #expect(server.count("PUBLISH") == 3)
        }
    }

    @Test func aListenerComesBack() async throws {
        try await RedisServer.run { server in
            let bench = RedisBench(server: server)
            let (b, atB) = try await bench.wakeups("b")
            await server.kill()
            try await server.start()
            // What was said meanwhile is lost: listening again is itself a reason to look.
            #expect(await atB.next())
            let (a, _) = try await bench.wakeups("a")
            a.wake()
            #expect(await atB.next())
            a.close()
            b.close()
        }
    }

    @Test func thatItMayNotListenIsTold() async throws {
        try await FakeRedis.run { _ in
            .text("-NOPERM no permission\r\n")
        } test: { server in
            let party = Party("a", try server.address)
            let channel = RedisWakeups(
                node: "a", address: try server.address, link: party.link, clock: party.clock)
            let reader = HintReader(channel.hints())
            #expect(
                await party.reports.next()
                    == .refused("redis 127.0.0.1:\(server.port): SUBSCRIBE: NOPERM no permission"))
            channel.close()
            #expect(await reader.rest() == 0)
        }
    }

    /// A connection that has gone without a word is noticed, though nothing is ever sent on it.
    @Test func aSilentConnectionIsReplaced() async throws {
        try await FakeRedis.run { words in
            switch words.first {
            case "SUBSCRIBE": .text("*3\r\n$9\r\nsubscribe\r\n$13\r\ncronpp:wake:0\r\n:1\r\n")
            default: .silence
            }
        } test: { server in
            var limits = RedisLimits.quick
            limits.silence = .milliseconds(20)
            limits.listen = .milliseconds(5)
            let party = Party("a", try server.address)
            let channel = RedisWakeups(
                node: "a", address: try server.address, limits: limits, link: party.link, clock: party.clock)
            let reader = HintReader(channel.hints())
            #expect(await reader.next())
            #expect(await reader.next())
            channel.close()
            #expect(server.count("SUBSCRIBE") >= 2)
        }
    }
}
