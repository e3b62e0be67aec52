import CronModel
import CronSchedule
import CronTesting
import Testing

@testable import CronLockRedis

/// What only events by Redis do.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RedisEventTests {
    private static let channel = "cronpp:events:0"

    @Test func aNodeHearsItsOwnEventsOnce() async throws {
        try await RedisServer.run { server in
            let (told, watched) = try await RedisBench(server: server).events()
            let reader = watched.watch(Events.ann)
            watched.publish(Events.runs([1]))
            #expect(await reader.event() == Events.run(1))
            // Behind what Redis may have sent back.
            told.publish(Events.runs([2]))
            #expect(await reader.event() == Events.run(2))
            told.close()
            watched.close()
        }
    }

    @Test func aNodeListensWhileSomebodyWatches() async throws {
        try await RedisServer.run { server in
            var limits = RedisLimits.quick
            limits.listen = .milliseconds(5)
            let (node, link) = try await RedisBench(server: server).events("a", limits)
            func listeners() async -> RedisReply? {
                guard case .list(let parts) = await link.call(["PUBSUB", "NUMSUB", Self.channel]) else { return nil }
                return parts.last
            }
            for _ in 0..<3 {
                #expect(await listeners() == .integer(0))
                let (first, second) = (node.watch(Events.ann), node.watch(Events.bob))
                #expect(await first.next()?.event == nil)
                #expect(await first.next()?.event == nil)
                first.watch.end()
                #expect(await listeners() == .integer(1))
                second.watch.end()
                while await listeners() != .integer(0) {}
            }
            node.close()
        }
    }

    @Test func nothingIsSentWhenNobodyListens() async throws {
        try await FakeRedis.run { words in
            words.first == "PUBSUB" ? .text("*2\r\n$15\r\n\(Self.channel)\r\n:0\r\n") : .text(":0\r\n")
        } test: { server in
            let party = try await Party.patient("a", server.address)
            let node = RedisEvents(node: "a", address: try server.address, link: party.link, clock: party.clock)
            for number in UInt64(1)...3 {
                node.publish(Events.runs([number]))
                #expect(await server.next("PUBSUB") == ["PUBSUB", "NUMSUB", Self.channel])
            }
            _ = await party.link.call(["ECHO"])
            #expect(server.count("PUBLISH") == 0)
            node.close()
        }
    }

    @Test func withoutRedisThereAreThisNodesEventsAndThenAGap() async throws {
        try await RedisServer.run { server in
            let (told, watched) = try await RedisBench(server: server).events()
            let reader = watched.watch(Events.ann)
            #expect(await reader.next()?.event == nil)
            await server.kill()
            watched.publish(Events.runs([1]))
            #expect(await reader.next()?.event == Events.run(1))
            told.publish(Events.runs([2]))
            try await server.start()
            let gap = await reader.next()
            #expect(gap != nil && gap?.event == nil)
            told.publish(Events.runs([3]))
            watched.publish(Events.runs([4]))
            var rest: Set<LiveEvent> = [Events.run(3), Events.run(4)]
            // What was said into the dark may come as another gap, and a node may find out late that it can speak.
            while !rest.isEmpty, let next = await reader.next() {
                if let event = next.event { rest.remove(event) }
                if next.event == nil, rest.contains(Events.run(3)) { told.publish(Events.runs([3])) }
            }
            #expect(rest.isEmpty)
            told.close()
            watched.close()
        }
    }

    /// Whoever could not be told is told of a gap, although nothing more happens.
    @Test func whatRedisDidNotTakeBecomesAGap() async throws {
        try await FakeRedis.run { words in
            switch words.first {
            case "PUBSUB": .text("*2\r\n$15\r\n\(Self.channel)\r\n:1\r\n")
            case "PUBLISH": words.last?.contains("SUCCESS") == true ? .hangUp : .text(":1\r\n")
            default: .silence
            }
        } test: { server in
            let party = try await Party.patient("a", server.address)
            let node = RedisEvents(node: "a", address: try server.address, link: party.link, clock: party.clock)
            node.publish(Events.runs([1]))
            #expect(await server.next("PUBLISH")?.last == EventMessage.text(Events.runs([1]), from: "a"))
            let second = await server.next("PUBLISH")?.last ?? ""
            let batch = EventMessage.batch(second, at: "b")
            #expect(batch?.gaps == [Events.ann] && batch?.events == [], "\(second)")
            node.close()
        }
    }

    @Test func nonsenseIsDropped() async throws {
        try await RedisServer.run { server in
            let bench = RedisBench(server: server)
            let (told, watched) = try await bench.events()
            let link = try await bench.events("c").link
            let reader = watched.watch(Events.ann)
            #expect(await reader.next()?.event == nil)
            let (ann, job) = (Events.ann.description, Events.job.description)
            for text in [
                "", "x", "[]", "{}", "null", "[1,{},[]]", "[\"c\",[],[]]", "[\"c\",{},{}]", "[\"c\",{},[],1]",
                "[\"c\",{},false]", "[\"c\",{},[1]]", "[\"c\",{},[\"\(ann)x\"]]", "[\"c\",{\"x\":[]},[]]",
                "[\"c\",{\"\(ann)\":1},[]]", "[\"c\",{\"\(ann)\":[1]},[]]", "[\"c\",{\"\(ann)\":[[]]},[]]",
                "[\"c\",{\"\(ann)\":[[\"\(job)\",1,\"asleep\"]]},[]]",
                "[\"c\",{\"\(ann)\":[[\"\(job)\",\"1\",\"paused\"]]},[]]",
                "[\"c\",{\"\(ann)\":[[\"\(job)\",1,\"paused\",\"\(job)\"]]},[]]",
                "[\"c\",{\"\(ann)\":[[\"\(job)\",1,\"SUCCESS\"]]},[]]", "[\"c\",{},[]", "\u{0}\u{1}",
                String(repeating: "[", count: 60_000), "[\"c\",{},[\"" + String(repeating: "x", count: 90_000) + "\"]]",
            ] {
                let reply = await link.call(["PUBLISH", Self.channel, text])
                // More than a connection reads ends it, or the end of one message would be taken for another.
                #expect(reply == .integer(1), "\(text.prefix(60))")
            }
            told.publish(Events.runs([1]))
            #expect(await reader.next()?.event == Events.run(1))
            told.close()
            watched.close()
        }
    }

    @Test(arguments: [1, 20, 500]) func aMessageIsBoundedAndNobodyIsForgotten(owners: UInt64) {
        let events = (0..<UInt64(500)).map { number in
            Events.run(.max - number, of: UserID(high: .max, low: .max - number % owners))
        }
        let text = EventMessage.text(EventBatch(events), from: "9a3c6f00-0000-4000-8000-000000000000")
        #expect(text.utf8.count <= RedisLimits.messageBytes)
        let batch = EventMessage.batch(text, at: "b")
        #expect(batch.map { $0.gaps.union($0.events.map(\.owner)) } == Set(events.map(\.owner)))
        #expect((batch?.events.count ?? 0) > 300, "\(batch?.events.count ?? 0) of 500 events")
        #expect(EventMessage.batch(text, at: "9a3c6f00-0000-4000-8000-000000000000") == nil)
    }

    @Test func gapsOfManyAreEverybodys() {
        var batch = EventBatch()
        for number in 0..<UInt64(EventBatch.gapLimit) { batch.addGap(of: UserID(high: 1, low: number)) }
        #expect(EventMessage.batch(EventMessage.text(batch, from: "a"), at: "b") == batch)
        batch.addGap(of: UserID(high: 1, low: 0))
        #expect(!batch.isGapForAll)
        batch.addGap(of: UserID(high: 2, low: 0))
        #expect(batch.isGapForAll && batch.gaps.isEmpty)
        #expect(EventMessage.batch(EventMessage.text(batch, from: "a"), at: "b") == .gapForAll)
    }
}
