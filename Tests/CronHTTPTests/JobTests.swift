import CronHTTP
import CronModel
import CronSchedule
import CronStoreSQLite
import HTTPTypes
import Testing

@Suite struct JobTests {
    @Test func aJobLivesFromCreationToDeletion() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let created = try await api.call(.post, "/jobs", APIHarness.job(), token: token)
            #expect(created.status == 201)
            #expect(created.headers[.eTag] == "\"1\"")
            #expect(created.json["next_run_time"]?.stringValue?.hasSuffix("T03:00:00.000000Z") == true)
            #expect(created.json["state"] == .string("active"))
            #expect(created.json["status"] == .string("PENDING"))
            let path = "/jobs/\(created.id)"
            #expect(try await api.call(.get, path, token: token).json == created.json)

            let patched = try await api.call(
                .patch, path, .object(["timezone": .string("Europe/Berlin")]), token: token)
            #expect(patched.status == 200)
            #expect(patched.json["version"] == .integer(2))
            #expect(patched.json["next_run_time"]?.stringValue?.hasSuffix("T02:00:00.000000Z") == true)

            let paused = try await api.call(.post, path + "/pause", token: token)
            #expect(paused.json["state"] == .string("paused"))
            #expect(paused.json["next_run_time"] == .null)
            let resumed = try await api.call(
                .post, path + "/resume", .object(["policy": .string("none")]), token: token)
            #expect(resumed.json["state"] == .string("active"))
            #expect(resumed.json["next_run_time"] != .null)

            let triggered = try await api.call(
                .post, path + "/trigger", .object(["payload": .integer(5)]), token: token)
            #expect(triggered.status == 202)
            #expect(triggered.json["origin"] == .string("trigger"))
            #expect(try await api.call(.get, "/runs?job_id=\(created.id)", token: token).items.count == 1)
            #expect(try await api.call(.post, path + "/cancel", token: token).status == 202)
            let run = try await api.call(.get, "/runs/\(triggered.id)", token: token)
            #expect(run.json["status"] == .string("CANCELLED"))

            #expect(try await api.call(.delete, path, token: token).status == 204)
            #expect(try await api.call(.get, path, token: token).status == 404)
            #expect(
                try await api.call(.get, "/runs/\(triggered.id)", token: token).status == 200, "history stays readable")
        }
    }

    @Test func secretsAreNeverShownAndSurviveEdits() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let created = try await api.call(.post, "/jobs", APIHarness.job(), token: token)
            #expect(!created.text.contains("hunter2"))
            #expect(created.json["action"]?["secret"] == .string("********"))
            let put = APIHarness.job(["action": .object(["secret": .string("********"), "x": .integer(1)])])
            let edited = try await api.call(.put, "/jobs/\(created.id)", put, token: token)
            #expect(edited.status == 200)
            #expect(!edited.text.contains("hunter2"))
            let id = try #require(JobID(created.id))
            let owner = try #require(await api.tokens.user(of: token))
            let stored = try #require(try await api.store.job(id, owner: owner))
            #expect(stored.job.definition.action.fields["secret"] == .string("hunter2"))
        }
    }

    @Test func aStaleVersionIsRefused() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let path = "/jobs/\(try await api.call(.post, "/jobs", APIHarness.job(), token: token).id)"
            let patch: JSONValue = .object(["priority": .integer(1)])
            #expect(try await api.call(.patch, path, patch, token: token, headers: ["If-Match": "\"1\""]).status == 200)
            #expect(try await api.call(.patch, path, patch, token: token, headers: ["If-Match": "\"1\""]).status == 412)
            #expect(try await api.call(.delete, path, token: token, headers: ["If-Match": "\"1\""]).status == 412)
        }
    }

    @Test func anIdempotencyKeyCreatesOnce() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let key = ["Idempotency-Key": "k1"]
            let first = try await api.call(.post, "/jobs", APIHarness.job(), token: token, headers: key)
            let second = try await api.call(.post, "/jobs", APIHarness.job(), token: token, headers: key)
            #expect(second.status == 201)
            #expect(second.id == first.id)
            let other = APIHarness.job(["name": .string("other")])
            #expect(try await api.call(.post, "/jobs", other, token: token, headers: key).status == 409)
            #expect(try await api.call(.get, "/jobs", token: token).items.count == 1)
        }
    }

    @Test func namesAreUniqueAndUpsertFindsThem() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let created = try await api.call(.put, "/jobs/by-name/nightly", APIHarness.job(), token: token)
            #expect(created.status == 201)
            #expect(try await api.call(.post, "/jobs", APIHarness.job(), token: token).status == 409)
            let changed = APIHarness.job(["schedule": .string("0 4 * * *")])
            let replaced = try await api.call(.put, "/jobs/by-name/nightly", changed, token: token)
            #expect(replaced.status == 200)
            #expect(replaced.id == created.id)
            #expect(replaced.json["next_run_time"]?.stringValue?.hasSuffix("T04:00:00.000000Z") == true)
            let wrong = APIHarness.job(["name": .string("else")])
            #expect(try await api.call(.put, "/jobs/by-name/nightly", wrong, token: token).fields == ["name"])
        }
    }

    @Test func bulkCreationAnswersEachByItself() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let jobs: JSONValue = .object([
                "jobs": .array([
                    APIHarness.job(["name": .string("a")]),
                    APIHarness.job(["name": .string("b"), "schedule": .string("x")]),
                    APIHarness.job(["name": .string("a")]), APIHarness.job(["name": .string("c")]),
                ])
            ])
            let answer = try await api.call(.post, "/jobs/bulk", jobs, token: token)
            let statuses = (answer.json["results"]?.arrayValue ?? []).map { $0["status"] }
            #expect(statuses == [.integer(201), .integer(422), .integer(409), .integer(201)])
            #expect(try await api.call(.get, "/jobs", token: token).items.count == 2)
        }
    }

    @Test func listsArePaged() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            for number in 0..<5 {
                api.clock.advance(by: .seconds(1))
                _ = try await api.call(.post, "/jobs", APIHarness.job(["name": .string("j\(number)")]), token: token)
            }
            var names: [JSONValue?] = []
            var cursor = ""
            for _ in 0..<3 {
                let page = try await api.call(.get, "/jobs?limit=2\(cursor)", token: token)
                names += page.items.map { $0["name"] }
                cursor = page.json["next_cursor"]?.stringValue.map { "&cursor=\($0)" } ?? ""
            }
            #expect(names == (0..<5).map { JSONValue.string("j\($0)") })
            #expect(cursor.isEmpty)
            #expect(try await api.call(.get, "/jobs?limit=0", token: token).fields == ["limit"])
            #expect(try await api.call(.get, "/jobs?cursor=zzz", token: token).fields == ["cursor"])
            #expect(try await api.call(.get, "/jobs?colour=red", token: token).fields == ["colour"])
        }
    }

    @Test func oneShotsInAZoneInThePastAndByDelay() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let berlin: JSONValue = .object([
                "schedule": .string("2026-12-24 18:00:00"), "timezone": .string("Europe/Berlin"),
            ])
            let preview = try await api.call(.post, "/schedules/preview", berlin, token: token)
            #expect(preview.json["next"]?.arrayValue?.first?["instant"] == .string("2026-12-24T17:00:00.000000Z"))
            #expect(preview.json["next"]?.arrayValue?.first?["local"] == .string("2026-12-24T18:00:00+01:00"))

            let past = APIHarness.job(["schedule": .string("2020-01-01 00:00:00")])
            let refused = try await api.call(.post, "/jobs", past, token: token)
            #expect(refused.status == 422)
            #expect(refused.fields == ["schedule"])
            #expect(refused.text.contains("past"))
            #expect(refused.text.contains("run_if_past"))
            let allowed = try await api.call(
                .post, "/jobs", past.merging(patch: .object(["run_if_past": .bool(true)])), token: token)
            #expect(allowed.status == 201)

            let delay = APIHarness.job(["name": .string("later"), "schedule": .string("in 30m")])
            let created = try await api.call(.post, "/jobs", delay, token: token)
            #expect(created.json["next_run_time"] == .string((APIHarness.start + .minutes(30)).description))
        }
    }
}
