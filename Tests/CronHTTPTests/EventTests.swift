import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import NIOCore
import Testing

@testable import CronHTTP

/// `GET /events`, over a socket.
@Suite(.timeLimit(.minutes(2))) struct EventTests {
    /// A live server, and a client of its API signed in as ann.
    private func watching(
        _ test: @escaping @Sendable (TestBed, LiveServer, TestClient) async throws -> Void
    ) async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            try await LiveServer.run(bed) { try await test(bed, $0, ann) }
        }
    }

    private static func told(_ event: EventClient.Event?) -> [String] {
        [event?.name, event?.data["job_id"]?.stringValue, event?.data["run_id"]?.stringValue, status(event)]
            .compactMap { $0 }
    }

    private static func status(_ event: EventClient.Event?) -> String? { event?.data["status"]?.stringValue }

    @Test func aStreamTellsWhatPeopleDo() async throws {
        try await watching { bed, server, ann in
            let stream = try await server.watch(ann)
            #expect(stream.status == 200 && stream.headers["content-type"] == "text/event-stream")
            #expect(stream.headers["cache-control"] == "no-store")
            #expect(await stream.block() == "retry: 3000")
            #expect(try await stream.event() == EventClient.Event(id: "here-0", name: "gap", data: [:]))
            let job = try await ann.job()
            let created = try await stream.event()
            #expect(
                created
                    == EventClient.Event(
                        id: "here-1", name: "job",
                        data: ["job_id": .string(job), "status": "active", "at": .string(TestBed.start)]))
            for (verb, status) in [("pause", "paused"), ("resume", "active"), ("cancel", "active")] {
                _ = try await ann.call(.post, "/jobs/\(job)/\(verb)")
                #expect(Self.told(try await stream.event()) == ["job", job, status])
            }
            _ = try await ann.call(.patch, "/jobs/\(job)", ["tags": ["x"]])
            #expect(Self.told(try await stream.event()) == ["job", job, "active"])
            _ = try await ann.call(.put, "/jobs/by-name/nightly", Jobs.valid)
            #expect(Self.told(try await stream.event()) == ["job", job, "active"])
            let run = try await ann.call(.post, "/jobs/\(job)/trigger").json["id"]?.stringValue ?? ""
            #expect(Self.told(try await stream.event()) == ["job", job, "active"])
            let triggered = try await stream.event()
            #expect(Self.told(triggered) == ["run", job, run, "PENDING"])
            #expect(triggered?.data.objectValue?.keys.sorted() == ["at", "job_id", "run_id", "status"])
            _ = try await ann.call(.post, "/runs/\(run)/cancel")
            #expect(Self.told(try await stream.event()) == ["run", job, run, "CANCELLED"])
            _ = try await ann.call(.delete, "/jobs/\(job)")
            #expect(Self.told(try await stream.event()) == ["job", job, "deleted"])
            let many = try await ann.call(.post, "/jobs/bulk", ["jobs": [Jobs.valid, ["name": "bad"]]])
            #expect(many.status == 200)
            #expect(Self.status(try await stream.event()) == "active")
        }
    }

    @Test func decisionsAboutDeadLettersAreTold() async throws {
        try await watching { bed, server, ann in
            let job = try await ann.job(["overlap": "allow"])
            let careful = try await ann.job(["name": "careful", "delivery": "at_most_once"])
            let first = try await bed.deadLetter(of: job).description
            let second = try await bed.deadLetter(of: job).description
            let third = try await bed.deadLetter(of: careful).description
            let stream = try await server.watch(ann)
            #expect(try await stream.event()?.name == "gap")
            _ = try await ann.call(.post, "/runs/\(first)/redrive")
            #expect(Self.told(try await stream.event()) == ["run", job, first, "PENDING"])
            _ = try await ann.call(.post, "/dead-letters/discard", ["ids": [.string(second)]])
            #expect(Self.told(try await stream.event()) == ["run", job, second, "CANCELLED"])
            let new = try await ann.call(.post, "/runs/\(third)/redrive").json["id"]?.stringValue ?? ""
            #expect(Self.told(try await stream.event()) == ["run", careful, new, "PENDING"])
            #expect(new != third)
            #expect(Self.told(try await stream.event()) == ["run", careful, third, "CANCELLED"])
        }
    }

    /// From the schedule to the stream: an engine's starts and ends.
    @Test func aStreamTellsWhatAnEngineDoes() async throws {
        try await watching { bed, server, ann in
            let job = try await ann.job()
            try await bed.registerNode()
            let engine = Engine(
                node: TestBed.node, enlistedAt: bed.clock.now, store: bed.store,
                actions: ActionRegistry([TestAction()]), vault: bed.vault, settings: EngineSettings(),
                metrics: EngineMetrics(), events: bed.events, logger: TestBed.silence,
                enlist: { () throws(StoreError) in TestBed.node })
            let work = Task { try await engine.run() }
            // What an engine tells may wait for the pause after what was told before.
            let passing = Task {
                while !Task.isCancelled {
                    if bed.eventClock.waiterCount > 0 { bed.eventClock.advance(by: HintPacer.pause) }
                    await Task.yield()
                }
            }
            defer { passing.cancel() }
            let stream = try await server.watch(ann)
            #expect(try await stream.event()?.name == "gap")
            let run = try await ann.call(.post, "/jobs/\(job)/trigger").json["id"]?.stringValue ?? ""
            engine.wake()
            var statuses: [String] = []
            while statuses.last != "SUCCESS" {
                let event = try await stream.event()
                if event?.name == "run", event?.data["run_id"]?.stringValue == run {
                    statuses.append(Self.status(event) ?? "")
                }
            }
            #expect(statuses == ["PENDING", "RUNNING", "SUCCESS"])
            work.cancel()
            try await work.value
        }
    }

    @Test func eventsOfOthersAreNotToldNorJobsOfOthersNamed() async throws {
        try await watching { bed, server, ann in
            let bob = try await TestClient(client: ann.client, bed: bed).user("bob")
            let job = try await ann.job()
            let (atAnn, atBob) = (try await server.watch(ann, "?job_id=\(job)"), try await server.watch(bob))
            #expect(try await atAnn.event()?.name == "gap")
            #expect(try await atBob.event()?.name == "gap")
            let other = try await ann.job(["name": "other"])
            _ = try await ann.call(.post, "/jobs/\(other)/pause")
            _ = try await ann.call(.post, "/jobs/\(job)/pause")
            let bobs = try await bob.job()
            #expect(Self.told(try await atAnn.event()) == ["job", job, "paused"])
            #expect(Self.told(try await atBob.event()) == ["job", bobs, "active"])
            for (query, status) in [
                ("?job_id=\(job)", 404), ("?job_id=\(JobID(high: 9, low: 9))", 404), ("?job_id=x", 422),
                ("?since=1", 422), ("?job_id=\(bobs)&job_id=\(bobs)", 422),
            ] {
                let refused = try await server.watch(bob, query)
                #expect(refused.status == status, "\(query)")
                #expect(refused.headers["content-type"] == "application/problem+json")
                try await refused.close()
            }
            let nobody = try await server.watch(TestClient(client: ann.client, bed: bed))
            #expect(nobody.status == 401)
            try await nobody.close()
        }
    }

    @Test func aStreamGoesOnWhereTheLastOneEnded() async throws {
        try await watching { bed, server, ann in
            let stream = try await server.watch(ann)
            #expect(try await stream.event()?.name == "gap")
            let job = try await ann.job()
            let seen = try #require(try await stream.event())
            try await stream.close()
            _ = try await ann.call(.post, "/jobs/\(job)/pause")
            let again = try await server.watch(ann, after: seen.id)
            #expect(Self.told(try await again.event()) == ["job", job, "paused"])
            let lost = try await server.watch(ann, after: "elsewhere-1")
            #expect(try await lost.event()?.name == "gap")
        }
    }

    @Test func aSilentStreamIsKeptAliveUntilItsTokenExpires() async throws {
        try await watching { bed, server, ann in
            let stream = try await open(server, ann)
            try await expectEnd(of: stream, afterPulses: 59, bed)
            #expect(try await server.watch(ann).status == 401)
        }
    }

    /// Within a minute, on whichever node the stream is.
    @Test func aStreamEndsWhenItsWatcherMayWatchNoMore() async throws {
        try await watching { bed, server, ann in
            let made = try await ann.call(.post, "/api-keys", ["name": "k", "scopes": ["jobs:read"]])
            let stream = try await open(server, ann.with(made.json["key"]))
            let id = made.json["id"]?.stringValue ?? ""
            #expect(try await ann.call(.delete, "/api-keys/\(id)").status == 204)
            try await expectEnd(of: stream, afterPulses: 3, bed)
        }
    }

    /// A stream's beginning, so many signs of life, 15 s apart, and then nothing more.
    private func expectEnd(of stream: EventClient, afterPulses count: Int, _ bed: TestBed) async throws {
        #expect(await stream.block() == "retry: 3000")
        #expect(try await stream.event()?.name == "gap")
        for pulse in 0...count {
            while bed.clock.waiterCount == 0 { await Task.yield() }
            bed.clock.advance(by: .seconds(15))
            if pulse < count { #expect(await stream.block() == ":") }
        }
        #expect(await stream.rest() == "")
    }

    @Test func streamsAreCountedUntilTheirClientsHaveGone() async throws {
        try await watching { bed, server, ann in
            // Neither one that is only asked for its head nor one that is refused takes a place.
            for _ in 0..<EventRoutes.mostOfUser {
                #expect(try await server.watch(ann, method: .head).status == 200)
                #expect(try await server.watch(ann, "?x=1").status == 422)
            }
            var streams: [EventClient] = []
            for _ in 0..<EventRoutes.mostOfUser { streams.append(try await open(server, ann)) }
            let refused = try await server.watch(ann)
            #expect(refused.status == 429)
            let problem = try JSONReader.read(Array(await refused.rest().utf8))
            #expect(problem["type"] == "/problems/too-many-streams" && problem["limit"] == 8, "\(problem)")
            #expect(problem["detail"]?.stringValue?.contains("8 streams") == true)
            let bob = try await TestClient(client: ann.client, bed: bed).user("bob")
            #expect(try await server.watch(bob).status == 200)
            try await streams.removeLast().close()
            streams.append(try await open(server, ann))
            #expect(try await server.watch(ann).status == 429)
        }
    }

    /// Opens a stream as soon as there is a place: the server learns a little later that a client has gone.
    private func open(_ server: LiveServer, _ client: TestClient) async throws -> EventClient {
        while true {
            let stream = try await server.watch(client)
            if stream.status == 200 { return stream }
            try await stream.close()
        }
    }

    @Test func aNodeHasAThousandStreams() throws {
        let slots = StreamSlots(
            of: "events", mostOfUser: EventRoutes.mostOfUser, mostOfNode: EventRoutes.mostOfNode)
        var held = try (0..<EventRoutes.mostOfNode).map { try slots.take(for: UserID(high: 0, low: UInt64($0))) }
        let problem = #expect(throws: Problem.self) { try slots.take(for: UserID(high: 1, low: 1)) }
        #expect(problem?.kind == .tooManyStreams && problem?.members["limit"] == 1_000)
        held.removeLast()
        held.append(try slots.take(for: UserID(high: 1, low: 1)))
        #expect(held.count == EventRoutes.mostOfNode)
    }

    /// `LiveServer.run` returns when the server has shut down.
    @Test func streamsEndAtAShutdown() async throws {
        try await watching { bed, server, ann in
            var streams: [EventClient] = []
            for _ in 0..<3 {
                streams.append(try await server.watch(ann))
                #expect(try await streams.last?.event()?.name == "gap")
            }
            await server.shutDown()
            for stream in streams { #expect(await stream.rest() == "") }
        }
    }

    @Test func aClientThatDoesNotReadHoldsNothingUp() async throws {
        try await watching { bed, server, ann in
            let (deaf, reader) = (try await server.watch(ann), try await server.watch(ann))
            for stream in [deaf, reader] { #expect(try await stream.event()?.name == "gap") }
            let me = try #require(UserID(try await ann.call(.get, "/me").json["id"]?.stringValue ?? ""))
            try await deaf.channel.setOption(.autoRead, value: false).get()
            let events = (0..<UInt64(500)).map {
                LiveEvent(
                    owner: me, jobID: JobID(high: 1, low: 1), .run(RunID(high: 1, low: $0), .success), at: bed.clock.now
                )
            }
            // 5 MB: a server's socket alone grows to 4 MB before it takes no more.
            for _ in 0..<60 {
                bed.signal.tell(events)
                await reader.skip(lines: events.count * 4)
            }
        }
    }
}
