import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import CronHTTP

/// `GET /runs/{id}/output`, over a socket.
@Suite(.timeLimit(.minutes(2))) struct OutputStreamTests {
    private func following(
        _ test: @escaping @Sendable (TestBed, LiveServer, TestClient) async throws -> Void
    ) async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            try await LiveServer.run(bed) { try await test(bed, $0, ann) }
        }
    }

    private func follow(
        _ run: RunID, _ server: LiveServer, _ client: TestClient, after last: String? = nil
    ) async throws -> EventClient {
        try await server.watch(client, after: last, path: "/runs/\(run)/output")
    }

    /// Ids, names and data of all events to the end.
    private func all(_ stream: EventClient) async throws -> [EventClient.Event] {
        var events: [EventClient.Event] = []
        while let event = try await stream.event() { events.append(event) }
        return events
    }

    @Test func aRunThatHasEndedShowsWhatIsKept() async throws {
        try await following { bed, server, ann in
            let run = try await bed.deadLetter(of: try await ann.job())
            let stream = try await follow(run, server, ann)
            #expect(stream.status == 200 && stream.headers["content-type"] == "text/event-stream")
            let events = try await all(stream)
            #expect(events.map(\.name) == ["attempt", "output", "outcome", "end"])
            #expect(events.map(\.id) == ["1-0", "1-13", "1-end", "1-over"])
            try #require(events.count == 4, "\(events)")
            #expect(events[1].data == ["attempt": 1, "offset": 0, "text": "no such thing", "kept": true])
            #expect(events[2].data["outcome"] == "http_error" && events[2].data["http_status"] == 400)
            #expect(events[2].data["output"] == nil && events[2].data["output_truncated"] == false)
            #expect(
                events[3].data == [
                    "run_id": .string(run.description), "status": "DEAD", "reason": "permanent", "attempt": 1,
                    "outcome": "http_error", "error": "refused",
                ])
        }
    }

    @Test func whoHasSeenAllIsToldSo() async throws {
        try await following { bed, server, ann in
            let run = try await bed.deadLetter(of: try await ann.job())
            #expect(try await follow(run, server, ann, after: "1-over").status == 204)
            let again = try await all(try await follow(run, server, ann, after: "0-end"))
            #expect(again.first?.name == "attempt")
        }
    }

    @Test(arguments: ["nonsense", "2-0", "2-end", "9-over"])
    func anIDOfNoEventBeginsWithTheNewestAttempt(_ id: String) async throws {
        try await following { bed, server, ann in
            let run = try await bed.deadLetter(of: try await ann.job())
            let events = try await all(try await follow(run, server, ann, after: id))
            #expect(events.map(\.id) == ["1-0", "1-13", "1-end", "1-over"])
        }
    }

    /// Whoever was away when a waiting run was ended hears of it.
    @Test func theEndIsHeardAfterTheLastOutcome() async throws {
        try await following { bed, server, ann in
            let run = try await bed.triggered(try await ann.job())
            let token = try #require(try await bed.startDueRuns().first { $0.runID == run })
            let broken = Outcome(kind: .httpError, verdict: .transient, reach: .answered, httpStatus: 500)
            _ = try await bed.store.finish([Finish(token: token, outcome: broken)], node: TestBed.node)
            let stream = try await follow(run, server, ann)
            #expect(try await stream.event()?.name == "attempt")
            #expect(try await stream.event()?.id == "1-end")
            try await stream.close()
            #expect(try await ann.call(.post, "/runs/\(run)/cancel").status == 200)
            let rest = try await all(try await follow(run, server, ann, after: "1-end"))
            #expect(rest.map(\.id) == ["1-over"] && rest.first?.data["status"] == "CANCELLED", "\(rest)")
        }
    }

    @Test func whatIsForeignOrUnknownIsNotFound() async throws {
        try await following { bed, server, ann in
            let run = try await bed.deadLetter(of: try await ann.job())
            let bob = try await TestClient(client: ann.client, bed: bed).user("bob")
            #expect(try await follow(run, server, bob).status == 404)
            #expect(try await follow(RunID(high: 9, low: 9), server, ann).status == 404)
            #expect(try await server.watch(ann, path: "/runs/x/output").status == 404)
            #expect(try await server.watch(ann, "?x=1", path: "/runs/\(run)/output").status == 422)
            #expect(try await follow(run, server, TestClient(client: ann.client, bed: bed)).status == 401)
        }
    }

    @Test func streamsOfARunAndOfAUserAreCounted() async throws {
        try await following { bed, server, ann in
            let run = try await bed.triggered(try await ann.job())
            var streams: [EventClient] = []
            for _ in 0..<OutputLimit.streamsOfUser { streams.append(try await follow(run, server, ann)) }
            let refused = try await follow(run, server, ann)
            #expect(refused.status == 429)
            let problem = try JSONReader.read(Array(await refused.rest().utf8))
            #expect(problem["type"] == "/problems/too-many-streams" && problem["limit"] == 8, "\(problem)")
            #expect(problem["title"] == "Too many streams")
            for stream in streams { try await stream.close() }
        }
        let slots = StreamSlots(of: "output", mostOfUser: 8, mostOfRun: 2, mostOfNode: 3)
        let run = RunID(high: 1, low: 1)
        var held = try (0..<UInt64(2)).map { try slots.take(for: UserID(high: 0, low: $0), run: run) }
        let problem = #expect(throws: Problem.self) { try slots.take(for: UserID(high: 0, low: 7), run: run) }
        #expect(problem?.members["limit"] == 2)
        held.removeLast()
        held.append(try slots.take(for: UserID(high: 0, low: 7), run: run))
        #expect(held.count == 2)
    }

    /// Written while somebody reads.
    private final class Written: OutputSource {
        private let hear = Mutex<(@Sendable (UnsafeRawBufferPointer) -> Void)?>(nil)

        func write(_ text: String) { hear.withLock { hear in Array(text.utf8).withUnsafeBytes { hear?($0) } } }

        func follow(_ hear: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) -> WrittenSoFar {
            self.hear.withLock { $0 = hear }
            return WrittenSoFar(first: Array("ready\n".utf8), count: 6)
        }

        func unfollow() { hear.withLock { $0 = nil } }
    }

    private static func attempt(
        _ run: RunID, _ job: String, _ token: ClaimToken, _ bed: TestBed, _ client: TestClient
    ) async throws -> AttemptContext {
        let owner = try #require(UserID(try await client.call(.get, "/me").json["id"]?.stringValue ?? ""))
        return AttemptContext(
            runID: run, jobID: try #require(JobID(job)), userID: owner, jobName: "j", scheduledFor: bed.clock.now,
            zone: "", attempt: 1, fence: token.fence, action: ActionDefinition(type: "test", fields: [:]),
            payload: .null, timeout: .seconds(9), delivery: .atLeastOnce)
    }

    @Test func anAttemptIsShownWhileItWrites() async throws {
        try await following { bed, server, ann in
            let job = try await ann.job()
            let run = try await bed.triggered(job)
            let token = try #require(try await bed.startDueRuns().first { $0.runID == run })
            let tap = bed.outputs.begin(try await Self.attempt(run, job, token, bed, ann), hiding: ["canary-1"])
            let written = Written()
            tap.offer(written)
            let stream = try await follow(run, server, ann)
            #expect(try await stream.event()?.name == "attempt")
            #expect(try await stream.event()?.data == ["attempt": 1, "offset": 0, "text": "ready\n"])
            written.write("PIN cana")
            #expect(try await stream.event()?.data["text"] == "PIN ")
            written.write("ry-1\n")
            let hidden = try await stream.event()
            #expect(hidden?.data == ["attempt": 1, "offset": 10, "text": "********\n"] && hidden?.id == "1-19")
            try await stream.close()
            let again = try await follow(run, server, ann, after: "1-10")
            #expect(try await again.event()?.name == "attempt")
            #expect(try await again.event()?.data["text"] == "********\n")
            written.write("bye\n")
            #expect(try await again.event()?.data["text"] == "bye\n")
            bed.outputs.end(tap)
            _ = try await bed.store.finish([Finish(token: token, outcome: .success)], node: TestBed.node)
            let rest = try await all(again)
            #expect(rest.map(\.name) == ["outcome", "end"] && rest.last?.data["status"] == "SUCCESS", "\(rest)")
        }
    }

    /// Who writes waits for nobody, nothing is kept without limit, and what was missed is told.
    @Test func aReaderThatDoesNotReadGetsAGap() async throws {
        try await following { bed, server, ann in
            let job = try await ann.job()
            let run = try await bed.triggered(job)
            let token = try #require(try await bed.startDueRuns().first { $0.runID == run })
            let tap = bed.outputs.begin(try await Self.attempt(run, job, token, bed, ann), hiding: [])
            let written = Written()
            tap.offer(written)
            let (deaf, reader) = (try await follow(run, server, ann), try await follow(run, server, ann))
            for stream in [deaf, reader] {
                #expect(try await stream.event()?.name == "attempt")
                #expect(try await stream.event()?.data["text"] == "ready\n")
            }
            try await deaf.channel.setOption(.autoRead, value: false).get()
            // Six bytes of JSON each: 6 MB, more than sockets take.
            let part = String(repeating: "\u{1}", count: OutputLimit.pieceBytes)
            var place = Int64(6)
            for _ in 0..<32 {
                written.write(part)
                let event = try #require(try await reader.event())
                #expect(event.data["offset"] == .integer(place), "\(event.id)")
                place += Int64(part.utf8.count)
            }
            try await deaf.channel.setOption(.autoRead, value: true).get()
            bed.outputs.end(tap)
            _ = try await bed.store.finish([Finish(token: token, outcome: .success)], node: TestBed.node)
            let missed = try await all(deaf)
            let gaps = missed.filter { $0.name == "gap" }.compactMap { $0.data["bytes"]?.integerValue }
            #expect(gaps.count == 1 && gaps.reduce(0, +) > 0, "\(missed.map(\.id))")
            #expect(missed.last { $0.name == "output" }?.id == "1-\(place)" && missed.last?.name == "end")
        }
    }

    @Test func streamsEndAtAShutdown() async throws {
        try await following { bed, server, ann in
            let run = try await bed.triggered(try await ann.job())
            let stream = try await follow(run, server, ann)
            await server.shutDown()
            _ = await stream.rest()
        }
    }
}
