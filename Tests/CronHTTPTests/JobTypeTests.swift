import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct JobTypeTests {
    private static let report: JSONValue = [
        "name": "report", "about": "for customers",
        "defaults": [
            "max_retries": 9, "timeout": "PT1M", "retry": ["strategy": "fixed"], "priority": 5,
            "action": ["type": "test", "url": "https://default.example/"],
        ],
    ]

    /// The body of a change: all but the name.
    private static func body(_ patch: JSONValue) -> JSONValue {
        report.merging(patch: ["name": nil]).merging(patch: ["defaults": patch])
    }

    @Test func aJobTakesWhatItDoesNotSayFromItsType() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let made = try await ann.call(.post, "/job-types", Self.report)
            #expect(made.status == 201 && made.headers[.eTag] == "\"1\"", "\(made)")
            #expect(made.json["defaults"]?["timeout"] == "1m", "as jobs show it")
            let job = try await ann.call(
                .post, "/jobs", ["name": "a", "type": "report", "schedule": "@daily", "priority": 1])
            #expect(job.status == 201, "\(job)")
            #expect(job.json["max_retries"] == 9 && job.json["timeout"] == "1m" && job.json["priority"] == 1)
            #expect(job.json["retry"]?["strategy"] == "fixed")
            #expect(job.json["action"]?["url"] == "https://default.example/")
            let partly = try await ann.call(
                .put, "/jobs/by-name/b",
                [
                    "type": "report", "schedule": "@daily", "retry": ["factor": 3],
                    "action": ["url": "https://b.example/"],
                ])
            #expect(
                partly.json["retry"]?["strategy"] == "fixed" && partly.json["retry"]?["factor"] == .number(3),
                "\(partly)")
            #expect(partly.json["action"]?["url"] == "https://b.example/" && partly.json["action"]?["type"] == "test")
            // A name that no type has is a label.
            let label = try await ann.call(.post, "/jobs", Jobs.valid.merging(patch: ["type": "none"]))
            #expect(label.status == 201 && label.json["max_retries"] != 9)
            let bob = try await client.user("bob")
            #expect(try await bob.call(.get, "/job-types").items.isEmpty)
            let other = try await bob.call(.post, "/jobs", Jobs.valid.merging(patch: ["type": "report"]))
            #expect(other.status == 201 && other.json["max_retries"] != 9, "another space's type")
        }
    }

    @Test func aChangeShowsAndChangesTheJobsThatFollowIt() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let id = try #require(try await ann.call(.post, "/job-types", Self.report).json["id"]?.stringValue)
            func job(_ name: String, _ patch: JSONValue = [:]) async throws -> String {
                let body: JSONValue = ["name": .string(name), "type": "report", "schedule": "@daily"]
                let reply = try await ann.call(.post, "/jobs", body.merging(patch: patch))
                return try #require(reply.json["id"]?.stringValue)
            }
            let (follows, differs) = (try await job("follows"), try await job("differs", ["max_retries": 2]))
            let patch: JSONValue = [
                "max_retries": 4, "priority": nil, "action": ["url": "https://new.example/"], "overlap": "allow",
            ]
            let dry = try await ann.call(.put, "/job-types/\(id)?dry_run=true", Self.body(patch))
            #expect(dry.status == 200 && dry.json["affected"]?["count"] == 2 && dry.json["dry_run"] == true, "\(dry)")
            #expect(try await ann.call(.get, "/jobs/\(follows)").json["max_retries"] == 9)
            #expect(try await ann.call(.get, "/job-types/\(id)").json["version"] == 1)

            let before = try await bed.store.audit(AuditQuery(space: try await space(ann))).items.count
            let changed = try await ann.call(
                .put, "/job-types/\(id)", Self.body(patch), headers: [.ifMatch: "\"1\""])
            #expect(changed.json["version"] == 2 && changed.json["affected"]?["count"] == 2, "\(changed)")
            let names = changed.json["affected"]?["jobs"]?.arrayValue?.map { $0["name"] ?? nil }
            #expect(Set(names ?? []) == ["follows", "differs"])
            let one = try await ann.call(.get, "/jobs/\(follows)").json
            #expect(one["max_retries"] == 4 && one["priority"] == 0 && one["overlap"] == "allow" && one["version"] == 2)
            #expect(one["action"]?["url"] == "https://new.example/")
            let two = try await ann.call(.get, "/jobs/\(differs)").json
            #expect(two["max_retries"] == 2 && two["overlap"] == "allow", "its own stays")
            #expect(try await bed.store.audit(AuditQuery(space: try await space(ann))).items.count == before + 1)
            let again = try await ann.call(.put, "/job-types/\(id)", Self.body(patch))
            #expect(again.json["affected"]?["count"] == 0)
            let stale = try await ann.call(
                .put, "/job-types/\(id)", Self.body(patch), headers: [.ifMatch: "\"1\""])
            #expect(stale.status == 412)
            // A change that makes a job wrong changes nothing.
            let bad = try await ann.call(.put, "/job-types/\(id)", Self.body(["max_retries": 5_000]))
            #expect(bad.message("defaults.max_retries") != nil)

            let used = try await ann.call(.delete, "/job-types/\(id)")
            #expect(used.status == 409)
            for job in [follows, differs] { _ = try await ann.call(.delete, "/jobs/\(job)") }
            #expect(try await ann.call(.delete, "/job-types/\(id)").status == 204)
        }
    }

    private func space(_ client: TestClient) async throws -> UserID {
        try #require(try await client.call(.get, "/me").json["space"]?.stringValue.flatMap { UserID($0) })
    }

    @Test func typesForEverybodyBelongToTheFirstSpace() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            bed.clock.advance(by: .seconds(1))
            let bob = try await client.user("bob")
            let global = Self.report.merging(patch: ["global": true])
            #expect(try await bob.call(.post, "/job-types", global).status == 403)
            let made = try await ann.call(.post, "/job-types", global)
            #expect(made.status == 201 && made.json["global"] == true, "\(made)")
            let id = try #require(made.json["id"]?.stringValue)
            #expect(try await bob.call(.get, "/job-types/\(id)").status == 200)
            let job = try await bob.call(.post, "/jobs", ["name": "a", "type": "report", "schedule": "@daily"])
            #expect(job.json["max_retries"] == 9, "\(job)")
            #expect(try await bob.call(.put, "/job-types/\(id)", Self.body(["max_retries": 1])).status == 403)
            #expect(try await bob.call(.delete, "/job-types/\(id)").status == 403)
            // A space's own of that name hides it.
            let own = try await bob.call(
                .post, "/job-types", Self.report.merging(patch: ["defaults": ["max_retries": 3]]))
            #expect(own.status == 201)
            let second = try await bob.call(.post, "/jobs", ["name": "b", "type": "report", "schedule": "@daily"])
            #expect(second.json["max_retries"] == 3)
            let changed = try await ann.call(.put, "/job-types/\(id)", Self.body(["max_retries": 1]))
            #expect(changed.status == 200)
            let path = "/jobs/\(job.json["id"]?.stringValue ?? "")"
            #expect(try await bob.call(.get, path).json["max_retries"] == 9, "nobody rewrites another space's jobs")
        }
    }

    @Test func whatIsWrongWithATypeIsNamed() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let bad: [(String, JSONValue)] = [
                ("name", ["name": nil]), ("name", ["name": ""]), ("name", ["name": 5]), ("defaults", ["defaults": nil]),
                ("defaults", ["defaults": 5]), ("defaults.schedule", ["defaults": ["schedule": "@daily"]]),
                ("defaults.payload", ["defaults": ["payload": [:]]]),
                ("defaults.max_retries", ["defaults": ["max_retries": "many"]]),
                ("defaults.retry.factor", ["defaults": ["retry": ["factor": 0]]]),
                ("defaults.timezone", ["defaults": ["timezone": "Europe/Berln"]]),
                ("defaults.action.type", ["defaults": ["action": ["type": "none"]]]),
                ("defaults.action.token", ["defaults": ["action": ["token": "secret"]]]),
                ("defaults.action.x", ["defaults": ["action": ["x": 1]]]), ("extra", ["extra": 1]),
                ("global", ["global": "yes"]), ("about", ["about": 5]),
            ]
            for (field, patch) in bad {
                let reply = try await ann.call(.post, "/job-types", Self.report.merging(patch: patch))
                #expect(reply.status == 422 && reply.message(field) != nil, "\(field) \(reply)")
            }
            #expect(try await ann.call(.get, "/job-types").items.isEmpty)
            #expect(try await ann.call(.post, "/job-types", Self.report).status == 201)
            #expect(try await ann.call(.post, "/job-types", Self.report).status == 409)
        }
    }
}
