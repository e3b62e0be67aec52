import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct JobTests {
    @Test func aJobIsCreatedAndShownWithEveryField() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let created = try await user.call(.post, "/jobs", Jobs.valid)
            #expect(created.status == 201, "\(created)")
            let id = try #require(created.json["id"]?.stringValue)
            #expect(created.headers[.location] == "/api/v1/jobs/\(id)")
            #expect(created.headers[.eTag] == "\"1\"")
            let expected = [
                "id", "user_id", "name", "type", "payload", "schedule", "timezone", "action", "status", "next_run_time",
                "retry_count", "max_retries", "base_delay", "last_error", "state", "state_reason", "tags", "delivery",
                "misfire", "misfire_after", "catchup_limit", "catchup_window", "resume", "overlap", "retry", "anchor",
                "created_at", "updated_at", "version", "notices", "timeout", "priority", "dialect", "dst_gap",
                "dst_fold",
            ]
            let members = try #require(created.json.objectValue)
            #expect(expected.filter { members[$0] == nil } == [])
            #expect(created.json["next_run_time"] == "2026-11-03T03:00:00.000000Z")
            #expect(created.json["status"] == "PENDING")
            #expect(created.json["state"] == "active")
            #expect(client.bed.signal.wakes > 0)
            let read = try await user.call(.get, "/jobs/\(id)")
            #expect(read.status == 200)
            #expect(read.json == created.json)
            #expect(read.headers[.cronppNode] == TestBed.node.description)
        }
    }

    @Test func aClientsOwnIDIsKept() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = "01890a5d-ac96-774b-bcce-b302099a8057"
            #expect(try await user.job(["id": .string(id)]) == id)
            let again = try await user.call(
                .post, "/jobs", Jobs.valid.merging(patch: ["id": .string(id), "name": "b"]))
            #expect(again.status == 409, "\(again)")
            let bad = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["id": "x"]))
            #expect(bad.status == 422 && bad.message("id") != nil)
        }
    }

    @Test func namesAreUniqueAmongLiveJobs() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            _ = try await user.job()
            #expect(try await user.call(.post, "/jobs", Jobs.valid).problem == "conflict")
            _ = try await client.user("bob").job()
        }
    }

    @Test func idempotencyReplaysTheSameAndRefusesAnother() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let key: HTTPFields = [.idempotencyKey: "k1"]
            let first = try await user.call(.post, "/jobs", Jobs.valid, headers: key)
            let second = try await user.call(.post, "/jobs", Jobs.valid, headers: key)
            #expect(first.status == 201 && second.status == 201)
            #expect(first.json["id"] == second.json["id"])
            #expect(second.headers[.idempotencyReplayed] == "true")
            let other = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["name": "x"]), headers: key)
            #expect(other.status == 409, "\(other)")
            #expect(try await user.call(.get, "/jobs").items.count == 1)
            let long: HTTPFields = [.idempotencyKey: String(repeating: "k", count: 256)]
            #expect(try await user.call(.post, "/jobs", Jobs.valid, headers: long).message("Idempotency-Key") != nil)
        }
    }

    @Test func aPatchMergesAndAPutReplaces() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = try await user.job(["tags": ["a"], "priority": 5, "payload": ["x": 1, "y": 2]])
            let patched = try await user.call(
                .patch, "/jobs/\(id)", ["payload": ["x": nil], "schedule": "0 4 * * *", "max_retries": 9])
            #expect(patched.status == 200, "\(patched)")
            #expect(patched.json["payload"] == ["y": 2])
            #expect(patched.json["priority"] == 5)
            #expect(patched.json["version"] == 2)
            #expect(patched.json["next_run_time"] == "2026-11-03T04:00:00.000000Z")
            let put = try await user.call(.put, "/jobs/\(id)", Jobs.valid)
            #expect(put.status == 200, "\(put)")
            #expect(put.json["priority"] == 0 && put.json["tags"] == [] && put.json["max_retries"] == 5)
            #expect(put.headers[.eTag] == "\"3\"")
        }
    }

    @Test func whatAGetAnsweredCanBePutBack() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = try await user.job(["action": ["token": "s3cret"]])
            let read = try await user.call(.get, "/jobs/\(id)").json
            let put = try await user.call(.put, "/jobs/\(id)", read.merging(patch: ["priority": 3]))
            #expect(put.status == 200, "\(put)")
            let forged = try await user.call(
                .put, "/jobs/\(id)", read.merging(patch: ["state": "paused", "user_id": "x"]))
            #expect(forged.status == 422)
            #expect(forged.message("state") == "is read-only" && forged.message("user_id") == "is read-only")
        }
    }

    @Test func ifMatchGuardsEveryChange() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = try await user.job()
            let stale: HTTPFields = [.ifMatch: "\"7\""]
            let changes: [(HTTPRequest.Method, String, JSONValue?)] = [
                (.patch, "/jobs/\(id)", ["priority": 1]), (.put, "/jobs/\(id)", Jobs.valid),
                (.put, "/jobs/by-name/nightly", Jobs.valid), (.post, "/jobs/\(id)/pause", nil),
                (.post, "/jobs/\(id)/resume", nil), (.post, "/jobs/\(id)/trigger", nil),
                (.post, "/jobs/\(id)/cancel", nil), (.delete, "/jobs/\(id)", nil),
            ]
            for (method, path, body) in changes {
                let reply = try await user.call(method, path, body, headers: stale)
                #expect(reply.status == 412 && reply.problem == "version-mismatch", "\(method) \(path) \(reply)")
                #expect(reply.json["version"] == 1 && reply.headers[.eTag] == "\"1\"")
                let garbage = try await user.call(method, path, body, headers: [.ifMatch: "\"seven\""])
                #expect(garbage.status == 422 && garbage.message("If-Match") != nil, "\(method) \(path) \(garbage)")
            }
            #expect(try await user.call(.get, "/jobs/\(id)").json["version"] == 1)
            let any = try await user.call(.put, "/jobs/by-name/nightly", Jobs.valid, headers: [.ifMatch: "*"])
            #expect(any.status == 200 && any.json["version"] == 1)
            let fresh = try await user.call(.patch, "/jobs/\(id)", ["priority": 1], headers: [.ifMatch: "\"1\""])
            #expect(fresh.status == 200 && fresh.json["version"] == 2)
        }
    }

    /// RFC 9110 §13.1.1: what is not there is no version of anything.
    @Test(arguments: ["*", "\"1\""]) func ifMatchPutsNothingWhereThereIsNothing(condition: String) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let puts: [(String, JSONValue)] = [
                ("/jobs/by-name/nightly", Jobs.valid), ("/secrets/token", ["value": "x"]),
                ("/connections/shop", ["host": "db.example"]), ("/channels/ops", ["type": "pager"]),
            ]
            for (path, body) in puts {
                let refused = try await user.call(.put, path, body, headers: [.ifMatch: condition])
                #expect(refused.status == 412 && refused.problem == "version-mismatch", "\(path) \(refused)")
                #expect(refused.headers[.eTag] == nil && refused.json["version"] == nil)
                #expect(try await user.call(.put, path, body).status == 201)
                let found = try await user.call(.put, path, body, headers: [.ifMatch: condition])
                #expect(found.status == 200, "\(path) \(found)")
                #expect(try await user.call(.put, path, body, headers: [.ifMatch: "\"7\""]).status == 412)
            }
        }
    }

    @Test func anUpsertCreatesThenChangesThenDoesNothing() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let body: JSONValue = ["schedule": "@hourly", "action": ["type": "test", "url": "https://example.org/"]]
            let path = "/jobs/by-name/my%20job"
            let created = try await user.call(.put, path, body)
            #expect(created.status == 201 && created.json["name"] == "my job", "\(created)")
            let same = try await user.call(.put, path, body)
            #expect(same.status == 200 && same.json["version"] == 1)
            let changed = try await user.call(.put, path, body.merging(patch: ["schedule": "@daily"]))
            #expect(changed.status == 200 && changed.json["version"] == 2)
            #expect(changed.json["id"] == created.json["id"])
            let other = try await user.call(.put, path, body.merging(patch: ["name": "another"]))
            #expect(other.message("name") != nil)
        }
    }

    @Test func anUpsertOfAFinishedJobArmsItAgain() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let body: JSONValue = ["schedule": "in 30m", "action": ["type": "test", "url": "https://example.org/"]]
            let path = "/jobs/by-name/reminder"
            let id = try #require(try await user.call(.put, path, body).json["id"]?.stringValue)
            _ = try await user.call(.post, "/jobs/\(id)/cancel")
            #expect(try await user.call(.get, "/jobs/\(id)").json["state"] == "finished")
            bed.clock.advance(by: .minutes(10))
            let again = try await user.call(.put, path, body)
            #expect(again.status == 200, "\(again)")
            #expect(again.json["id"] == .string(id) && again.json["state"] == "active")
            #expect(again.json["next_run_time"] == "2026-11-02T09:10:00.000000Z")
        }
    }

    @Test func rearmRestartsADelayAndTheCountOfRuns() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            var user = try await client.user("ann")
            let id = try await user.job(["schedule": "in 30m"])
            bed.clock.advance(by: .minutes(10))
            let kept = try await user.call(.patch, "/jobs/\(id)", ["schedule": "in 30m", "priority": 1])
            #expect(kept.json["next_run_time"] == "2026-11-02T09:00:00.000000Z", "\(kept)")
            let patched = try await user.call(.patch, "/jobs/\(id)", ["rearm": true])
            #expect(patched.json["next_run_time"] == "2026-11-02T09:10:00.000000Z", "\(patched)")
            bed.clock.advance(by: .minutes(10))
            user = try await client.signedIn("ann")
            let body = Jobs.valid.merging(patch: ["schedule": "in 30m", "rearm": true])
            let put = try await user.call(.put, "/jobs/\(id)", body)
            #expect(put.json["next_run_time"] == "2026-11-02T09:20:00.000000Z", "\(put)")

            let counted = try await user.job(["name": "b", "schedule": "* * * * *", "max_runs": 1])
            bed.clock.advance(by: .minutes(1))
            for token in try await bed.startDueRuns() {
                _ = try await bed.store.finish([Finish(token: token, outcome: .success)], node: TestBed.node)
            }
            #expect(try await user.call(.get, "/jobs/\(counted)").json["state"] == "finished")
            let again = try await user.call(.patch, "/jobs/\(counted)", ["rearm": true])
            #expect(again.json["state"] == "active", "\(again)")
            #expect(again.json["next_run_time"] == "2026-11-02T08:52:00.000000Z")
            for (method, path) in [(HTTPRequest.Method.post, "/jobs"), (.patch, "/jobs/\(id)")] {
                let bad = try await user.call(method, path, Jobs.valid.merging(patch: ["name": "c", "rearm": 1]))
                #expect(bad.status == 422 && bad.message("rearm") != nil, "\(bad)")
            }
        }
    }

    @Test func bulkAnswersEachJobForItself() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let jobs: JSONValue = [
                Jobs.valid, Jobs.valid, Jobs.valid.merging(patch: ["name": "b", "schedule": "61 * * * *"]),
                Jobs.valid.merging(patch: ["name": "c"]), 7,
            ]
            let reply = try await user.call(.post, "/jobs/bulk", ["jobs": jobs])
            #expect(reply.status == 200, "\(reply)")
            let results = try #require(reply.json["results"]?.arrayValue)
            #expect(results.map { $0["status"] } == [201, 409, 422, 201, 422])
            #expect(results.map { $0["index"] } == [0, 1, 2, 3, 4])
            #expect(results[2]["error"]?["errors"]?.arrayValue?.first?["field"] == "schedule")
            #expect(results[3]["job"]?["name"] == "c")
            for bad: JSONValue in [["jobs": 7], [:], ["jobs": [], "x": 1], 7] {
                #expect(try await user.call(.post, "/jobs/bulk", bad).status == 422)
            }
            let many = JSONValue.array(Array(repeating: 1, count: 1_001))
            #expect(try await user.call(.post, "/jobs/bulk", ["jobs": many]).message("jobs") != nil)
        }
    }

    @Test func pauseResumeCancelAndDelete() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let id = try await user.job()
            let paused = try await user.call(.post, "/jobs/\(id)/pause")
            #expect(
                paused.status == 200 && paused.json["state"] == "paused" && paused.json["next_run_time"] == .some(nil))
            let bad = try await user.call(.post, "/jobs/\(id)/resume", ["policy": "some"])
            #expect(bad.status == 422 && bad.message("policy") != nil)
            let resumed = try await user.call(.post, "/jobs/\(id)/resume", ["policy": "last"])
            #expect(resumed.status == 200 && resumed.json["state"] == "active")
            #expect(resumed.json["next_run_time"] == "2026-11-03T03:00:00.000000Z")
            #expect(try await user.call(.post, "/jobs/\(id)/pause", ["x": 1]).message("x") != nil)
            let triggered = try await user.call(.post, "/jobs/\(id)/trigger", ["payload": ["n": 1]])
            #expect(triggered.status == 202 && triggered.json["origin"] == "trigger", "\(triggered)")
            #expect(triggered.json["scheduled_for"] == .string(TestBed.start))
            let cancelled = try await user.call(.post, "/jobs/\(id)/cancel")
            #expect(cancelled.status == 202 && cancelled.json["id"] == .string(id), "\(cancelled)")
            _ = try await user.call(.post, "/jobs/\(id)/trigger")
            _ = try await bed.startDueRuns()
            let asked = try await user.call(.post, "/jobs/\(id)/cancel")
            #expect(asked.status == 202 && asked.json["state"] == "active", "\(asked)")
            #expect(bed.signal.cancelled.count == 1)
            #expect(try await user.call(.post, "/jobs/\(id)/cancel").status == 202, "nothing is left to cancel")
            let deleted = try await user.call(.delete, "/jobs/\(id)")
            #expect(deleted.status == 204 && deleted.text.isEmpty)
            #expect(try await user.call(.get, "/jobs/\(id)").status == 404)
            #expect(try await user.call(.delete, "/jobs/\(id)").status == 404)
            #expect(try await user.call(.get, "/runs?job_id=\(id)").items.count == 2)
        }
    }

    @Test func listsPageAndFilter() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            for index in 0..<7 {
                _ = try await user.job(["name": .string("job \(index)"), "tags": index < 3 ? ["low"] : ["high"]])
                bed.clock.advance(by: .seconds(1))
            }
            var names: [String] = []
            var path: String? = "/jobs?limit=3"
            while let current = path {
                let page = try await user.call(.get, current)
                try #require(page.status == 200, "\(current) \(page)")
                names += page.items.compactMap { $0["name"]?.stringValue }
                path = page.json["next_cursor"]?.stringValue.map { "/jobs?limit=3&cursor=\($0)" }
            }
            #expect(names == (0..<7).map { "job \($0)" })
            #expect(try await user.call(.get, "/jobs?order=desc&limit=1").items.first?["name"] == "job 6")
            #expect(try await user.call(.get, "/jobs?tag=low").items.count == 3)
            #expect(try await user.call(.get, "/jobs?q=JOB+5").items.count == 1)
            #expect(try await user.call(.get, "/jobs?state=paused").items.isEmpty)
            let bad = [
                "limit=0", "limit=1001", "limit=x", "cursor=x", "order=up", "state=x", "size=3", "limit=1&limit=2",
                "tag=%zq",
            ]
            for query in bad {
                let reply = try await user.call(.get, "/jobs?\(query)")
                let name = query.split(separator: "=")[0]
                #expect(reply.status == 422 && reply.message(String(name)) != nil, "\(query) \(reply)")
            }
        }
    }
}
