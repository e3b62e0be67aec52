import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct RunTests {
    @Test func aTableThatAnAttemptSelectedCanBeDownloaded() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = try await ann.job()
            let run = try await bed.table(of: job)
            let attempt = try #require(try await ann.call(.get, "/runs/\(run)/attempts").items.first)
            #expect(attempt["output_type"] == "text/csv" && attempt["rows"] == 1)
            let table = try await ann.call(.get, "/runs/\(run)/attempts/1/table")
            #expect(table.text == "who,n\r\nann,1\r\n" && table.headers[.contentType] == "text/csv")
            #expect(table.headers[.contentDisposition] == "attachment; filename=\"\(run)-1.csv\"")
            for path in ["/runs/\(run)/attempts/2/table", "/runs/\(run)/attempts/x/table"] {
                #expect(try await ann.call(.get, path).status == 404)
            }
            let dead = try await bed.deadLetter(of: job)
            #expect(try await ann.call(.get, "/runs/\(dead)/attempts/1/table").status == 404, "its output is no table")
        }
    }

    @Test func aRunIsShownWithItsAttemptsAndEvents() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let job = try await user.job()
            let id = try await bed.deadLetter(of: job)
            let run = try await user.call(.get, "/runs/\(id)")
            #expect(run.status == 200)
            let expected = [
                "id", "job_id", "origin", "scheduled_for", "zone", "due_at", "status", "attempt", "fence", "node",
                "started_at",
                "finished_at", "reason", "last_error", "cancel_requested",
            ]
            #expect(expected.filter { run.json[$0] == nil } == [])
            #expect(run.json["status"] == "DEAD" && run.json["attempt"] == 1 && run.json["last_error"] == "refused")
            #expect(run.json["node"] == .string(TestBed.node.description))
            let attempts = try await user.call(.get, "/runs/\(id)/attempts")
            let attempt = try #require(attempts.items.first)
            #expect(
                attempt["outcome"] == "http_error" && attempt["http_status"] == 400 && attempt["error"] == "refused")
            #expect(attempt["output"] == "no such thing" && attempt["output_truncated"] == false)
            #expect(attempt["run_id"] == .string(id.description) && attempts.json["next_cursor"] == .some(nil))
            let events = try await user.call(.get, "/runs/\(id)/events")
            #expect(events.items.map { $0["to"] } == ["PENDING", "QUEUED", "RUNNING", "FAILED", "DEAD"], "\(events)")
            #expect(events.items.first?["from"] == .some(nil) && events.items.first?["reason"] == "triggered")
            let included = try await user.call(.get, "/runs?include=attempts&job_id=\(job)")
            #expect(included.items.first?["attempts"]?.arrayValue == [attempt], "\(included)")
            #expect(try await user.call(.get, "/runs/\(id)?include=attempts").json["attempts"] == [attempt])
            let both = try await user.call(.get, "/runs?include=attempts,events").items.first
            #expect(both?["attempts"] == [attempt] && both?["events"] == .array(events.items))
            let shown = try await user.call(.get, "/jobs/\(job)").json
            #expect(shown["status"] == "DEAD" && shown["last_error"] == "refused" && shown["retry_count"] == 0)
        }
    }

    @Test func aPageOfAThousandRunsCarriesTheirAttempts() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let job = try await user.job(["overlap": "allow"])
            let id = try #require(JobID(job))
            for _ in 0..<1_000 {
                _ = try await bed.store.changeJob(id, owner: nil, version: nil, .trigger(payload: nil))
            }
            let tokens = try await bed.startDueRuns()
            #expect(tokens.count == 1_000)
            _ = try await user.call(.post, "/jobs/\(job)/trigger")
            let page = try await user.call(.get, "/runs?job_id=\(job)&include=attempts&limit=1000")
            #expect(page.items.count == 1_000)
            #expect(page.items.allSatisfy { $0["attempts"]?.arrayValue?.count == 1 })
            let cursor = try #require(page.json["next_cursor"]?.stringValue)
            let last = try await user.call(.get, "/runs?job_id=\(job)&include=attempts&limit=1000&cursor=\(cursor)")
            #expect(
                last.items.count == 1 && last.items.first?["attempts"] == [] && last.json["next_cursor"] == .some(nil))
        }
    }

    @Test func runsAreListedByWindowStatusAndPage() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let job = try await user.job()
            for _ in 0..<5 {
                _ = try await user.call(.post, "/jobs/\(job)/trigger")
                bed.clock.advance(by: .minutes(1))
            }
            let all = try await user.call(.get, "/runs?job_id=\(job)").items.compactMap {
                $0["scheduled_for"]?.stringValue
            }
            #expect(all.count == 5 && all == all.sorted())
            let page = try await user.call(.get, "/runs?limit=2&order=desc")
            #expect(page.items.first?["scheduled_for"]?.stringValue == all.last)
            let cursor = try #require(page.json["next_cursor"]?.stringValue)
            #expect(try await user.call(.get, "/runs?limit=2&order=desc&cursor=\(cursor)").items.count == 2)
            let window = "from=2026-11-02T08:31:00Z&to=2026-11-02T09:33:00%2B01:00"
            #expect(try await user.call(.get, "/runs?\(window)").items.count == 2)
            #expect(try await user.call(.get, "/runs?from=2026-11-02T09:31:00+01:00").items.count == 4)
            #expect(try await user.call(.get, "/runs?status=PENDING,RUNNING").items.count == 5)
            #expect(try await user.call(.get, "/runs?status=success").items.isEmpty)
            for query in ["status=NEW", "from=x", "to=5", "job_id=x", "include=all", "since=1"] {
                let name = String(query.split(separator: "=")[0])
                let reply = try await user.call(.get, "/runs?\(query)")
                #expect(reply.status == 422 && reply.message(name) != nil, "\(query) \(reply)")
            }
        }
    }

    @Test func aWaitingRunIsCancelledAtOnceARunningOneIsAsked() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let job = try await user.job(["overlap": "allow"])
            let waiting = try await user.call(.post, "/jobs/\(job)/trigger").json["id"]?.stringValue ?? ""
            let cancelled = try await user.call(.post, "/runs/\(waiting)/cancel")
            #expect(cancelled.status == 200 && cancelled.json["status"] == "CANCELLED", "\(cancelled)")
            #expect(cancelled.json["finished_at"] == .string(TestBed.start))
            #expect(try await user.call(.post, "/runs/\(waiting)/cancel").status == 409)
            let running = try await user.call(.post, "/jobs/\(job)/trigger").json["id"]?.stringValue ?? ""
            _ = try await bed.startDueRuns()
            let asked = try await user.call(.post, "/runs/\(running)/cancel")
            #expect(asked.status == 202 && asked.json["cancel_requested"] == true, "\(asked)")
            #expect(bed.signal.cancelled.map(\.description) == [running])
        }
    }

    @Test func deadLettersAreRedrivenAndDiscarded() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let job = try await user.job(["overlap": "allow"])
            let first = try await bed.deadLetter(of: job)
            #expect(try await user.call(.get, "/dead-letters").items.map { $0["id"] } == [.string(first.description)])
            let redriven = try await user.call(.post, "/runs/\(first)/redrive", ["payload": ["again": true]])
            #expect(redriven.status == 202 && redriven.json["status"] == "PENDING", "\(redriven)")
            #expect(try await user.call(.post, "/runs/\(first)/redrive").status == 409)
            #expect(try await user.call(.post, "/runs/\(first)/discard").status == 409)
            #expect(try await user.call(.get, "/dead-letters").items.isEmpty)
            bed.clock.advance(by: .seconds(1))
            let second = try await bed.deadLetter(of: job)
            let discarded = try await user.call(.post, "/runs/\(second)/discard")
            #expect(discarded.status == 200 && discarded.json["status"] == "CANCELLED", "\(discarded)")
            #expect(discarded.json["reason"] == "discarded")
        }
    }

    @Test func manyDeadLettersAreDecidedAtOnce() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let job = try await user.job()
            var ids: [JSONValue] = []
            for _ in 0..<3 {
                ids.append(.string(try await bed.deadLetter(of: job).description))
                bed.clock.advance(by: .seconds(1))
            }
            let absent = JSONValue.string(RunID(high: 5, low: 5).description)
            let some = try await user.call(.post, "/dead-letters/redrive", ["ids": [ids[0], absent]])
            #expect(some.status == 200, "\(some)")
            #expect(some.json["results"]?.arrayValue?.map { $0["status"] } == [202, 404])
            let rest = try await user.call(.post, "/dead-letters/discard", ["job_id": .string(job)])
            #expect(rest.json["results"]?.arrayValue?.map { $0["status"] } == [200, 200], "\(rest)")
            #expect(rest.json["has_more"] == false)
            #expect(try await user.call(.get, "/dead-letters").items.isEmpty)
            let bad: [(JSONValue, String)] = [
                ([:], "ids"), (["ids": [1]], "ids[0]"), (["ids": "x"], "ids"), (["job_id": "x"], "job_id"),
                (["ids": [], "job_id": .string(job)], "ids"), (["job_id": 5], "job_id"),
                (["ids": [], "all": true], "all"),
                (["ids": .array(Array(repeating: absent, count: 1_001))], "ids"),
            ]
            for (body, field) in bad {
                let reply = try await user.call(.post, "/dead-letters/redrive", body)
                #expect(reply.status == 422 && reply.message(field) != nil, "\(field) \(reply)")
            }
        }
    }
}
