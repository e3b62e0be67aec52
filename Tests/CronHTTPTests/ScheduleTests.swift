import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct ScheduleTests {
    static let malformed = [
        "", " ", "*", "* *", "* * *", "* * * *", "* * * * * * * *", "60 * * * *", "-1 * * * *", "75 3 * * *",
        "* 24 * * *",
        "* 25 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8", "* * * * 9", "*/0 * * * *",
        "*/90 * * * *", "*/x * * * *", "* * 25-5 * *", "* 9-5-3 * * *", "1, * * * *", ",1 * * * *", "1,,2 * * * *",
        "1- * * * *",
        "-5 * * * *", "a * * * *", "* * * FOO *", "* * * * MONDAY", "* * * * FUNDAY", "* * L-40 * *", "* * 32W * *",
        "* * * * 1#6", "* * * * 1#0", "@dayly", "@", "@every", "@every 0s", "@every -5m", "@every 5",
        "@every 5 minutes ago",
        "@every 1.5s", "@hourly 5", "2026-13-01 10:00:00", "2026-02-30 10:00:00", "2026-12-24 25:00:00",
        "2026-12-24 24:00",
        "2026-12-24 10:60:00", "2026-12-24T10:00:00+99:00", "2026-12-24 23:59:60", "1767225600", "in", "in 5",
        "in five minutes",
        "in -5m", "P1Y", "PT", "P1M", "tomorrow", "0 3 * * * ; rm -rf /", "0 3 * * *\n0 4 * * *", "0 3 * * \u{661}",
        "TZ= 0 3 * * *", "TZ=Mars/Base 0 3 * * *", "0 0 30 2 *", "0 0 31 4,6 *", String(repeating: "*", count: 2_000),
    ]

    @Test func malformedSchedulesAreRefusedByFieldAndPosition() async throws {
        #expect(Self.malformed.count >= 60)
        try await TestBed().run { client in
            let user = try await client.user("ann")
            var withColumn = 0
            for text in Self.malformed {
                let reply = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["schedule": .string(text)]))
                #expect(reply.status == 422 && reply.problem == "validation", "\(text) \(reply)")
                #expect(reply.message("schedule")?.isEmpty == false, "\(text) \(reply)")
                if reply.errors.first?["column"]?.integerValue != nil { withColumn += 1 }
                let preview = try await user.call(.post, "/schedules/preview", ["schedule": .string(text)])
                #expect(preview.status == 422 || preview.json["never_fires"] == true, "\(text) \(preview)")
            }
            #expect(withColumn > 40)
            #expect(try await user.call(.get, "/jobs").items.isEmpty)
            #expect(try await user.call(.get, "/runs").items.isEmpty)
        }
    }

    @Test(arguments: ["Mars/Base", "europe/berlin", "CET+1", "../../etc/passwd", "", "Europe/Berlin "])
    func unknownZonesAreRefused(zone: String) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["timezone": .string(zone)]))
            #expect(reply.status == 422 && reply.message("timezone") != nil, "\(reply)")
            #expect(try await user.call(.get, "/jobs").items.isEmpty)
        }
    }

    @Test(arguments: [
        (["timezones": ["Europe/Berlin", "Mars/Base"]], "timezones[1]"), (["timezones": []], "timezones"),
        (["timezones": ["Europe/Berlin", "Europe/Berlin"]], "timezones[1]"), (["timezones": [5]], "timezones[0]"),
        (["timezones": "Europe/Berlin"], "timezones"),
        (["timezones": ["Europe/Berlin"], "schedule": "TZ=UTC 0 9 * * *"], "schedule"),
        (["timezones": ["Europe/Berlin"], "schedule": "@every 5m"], "timezones"),
        (["timezones": ["Europe/Berlin"], "schedule": "in 5m"], "timezones"),
    ] as [(JSONValue, String)])
    func whatCannotBeReadInSeveralZonesIsRefused(patch: JSONValue, field: String) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: patch))
            #expect(reply.status == 422 && reply.message(field) != nil, "\(reply)")
        }
    }

    @Test func severalZonesArePreviewedAndShown() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let zones: JSONValue = ["Asia/Tokyo", "Europe/Berlin", "Europe/Paris"]
            let preview = try await user.call(
                .post, "/schedules/preview", ["schedule": "0 9 * * *", "timezones": zones, "count": 4])
            let next = preview.json["next"]?.arrayValue?.map {
                "\($0["zone"]?.stringValue ?? "") \($0["local"]?.stringValue ?? "")"
            }
            #expect(
                next == [
                    "Asia/Tokyo 2026-11-03T09:00:00+09:00", "Europe/Berlin 2026-11-03T09:00:00+01:00",
                    "Europe/Paris 2026-11-03T09:00:00+01:00", "Asia/Tokyo 2026-11-04T09:00:00+09:00",
                ], "\(preview)")
            let id = try await user.job(["schedule": "0 9 * * *", "timezones": zones])
            let job = try await user.call(.get, "/jobs/\(id)")
            #expect(job.json["timezones"] == zones && job.json["next_run_time"] == "2026-11-03T00:00:00.000000Z")
            #expect(try await user.call(.put, "/jobs/\(id)", job.json).status == 200, "as it was shown")
            let one = try await user.call(.patch, "/jobs/\(id)", ["timezones": nil, "timezone": "Europe/Berlin"])
            #expect(one.json["timezones"] == .some(.null) && one.json["next_run_time"] == "2026-11-03T08:00:00.000000Z")
        }
    }

    @Test func aZoneInTheTextIsTheSchedulesFault() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(
                .post, "/jobs", Jobs.valid.merging(patch: ["schedule": "TZ=Mars/Base 0 3 * * *"]))
            #expect(reply.errors.first?["field"] == "schedule" && reply.errors.first?["column"] == 4, "\(reply)")
        }
    }

    @Test(arguments: [("0 0 30 2 *", 5), ("TZ=UTC 0 0 30 2 *", 12), ("0 0 12 1 1 * 1971", 14)])
    func whatNeverFiresIsRefusedAtTheFieldThatForbidsIt(schedule: String, column: Int64) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["schedule": .string(schedule)]))
            #expect(reply.status == 422 && reply.message("schedule")?.hasPrefix("never fires") == true, "\(reply)")
            #expect(reply.errors.first?["column"] == .integer(column), "\(reply)")
            #expect(reply.headers[.contentType] == "application/problem+json")
            #expect(try await user.call(.get, "/jobs").items.isEmpty)
        }
    }

    @Test func aDelayFiresThatLongAfterTheCommit() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let created = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["schedule": "in 30m"]))
            #expect(created.json["created_at"] == .string(TestBed.start))
            #expect(created.json["next_run_time"] == "2026-11-02T09:00:00.000000Z", "\(created)")
            bed.clock.advance(by: .milliseconds(30 * 60_000 - 1))
            #expect(try await bed.startDueRuns().isEmpty)
            bed.clock.advance(by: .milliseconds(1))
            #expect(try await bed.startDueRuns().count == 1)
            let later = try await client.signedIn("ann")
            let run = try #require(try await later.call(.get, "/runs").items.first)
            #expect(run["scheduled_for"] == "2026-11-02T09:00:00.000000Z" && run["started_at"] == run["scheduled_for"])
        }
    }

    @Test func aOneShotIsReadInItsZone() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(
                .post, "/schedules/preview", ["schedule": "2026-12-24 18:00:00", "timezone": "Europe/Berlin"])
            #expect(reply.status == 200, "\(reply)")
            #expect(reply.json["kind"] == "at" && reply.json["zone"] == "Europe/Berlin")
            #expect(
                reply.json["next"] == [
                    [
                        "instant": "2026-12-24T17:00:00.000000Z", "local": "2026-12-24T18:00:00+01:00",
                        "zone": "Europe/Berlin",
                    ]
                ])
            #expect(reply.json["never_fires"] == false)
        }
    }

    @Test func aPastTimeNeedsRunIfPast() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let past: JSONValue = ["schedule": "2020-01-01 00:00:00"]
            let refused = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: past))
            #expect(refused.status == 422)
            let message = try #require(refused.message("schedule"))
            #expect(message.contains("in the past") && message.contains("run_if_past"), "\(message)")
            #expect(
                try await user.call(.post, "/schedules/preview", past).message("schedule")?.contains("run_if_past")
                    == true)
            let allowed = past.merging(patch: ["run_if_past": true])
            let preview = try await user.call(.post, "/schedules/preview", allowed)
            #expect(preview.json["next"]?.arrayValue?.count == 1, "\(preview)")
            let created = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: allowed))
            #expect(created.status == 201, "\(created)")
            #expect(created.json["next_run_time"] != .some(nil))
        }
    }

    @Test func aPreviewCountsAndStartsAsAsked() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let standard = try await user.call(.post, "/schedules/preview", ["schedule": "*/5 * * * *"])
            #expect(standard.json["next"]?.arrayValue?.count == 10)
            #expect(standard.json["next"]?.arrayValue?.first?["instant"] == "2026-11-02T08:35:00.000000Z")
            let later = try await user.call(
                .post, "/schedules/preview",
                ["schedule": "@hourly", "count": 1_000, "after": "2027-01-01T00:00:00Z", "timezone": "Asia/Kathmandu"])
            #expect(later.json["next"]?.arrayValue?.count == 1_000)
            #expect(later.json["next"]?.arrayValue?.first?["local"] == "2027-01-01T06:00:00+05:45", "\(later)")
            let hashed: JSONValue = ["schedule": "H H * * *", "id": "01890a5d-ac96-774b-bcce-b302099a8057", "count": 1]
            let first = try await user.call(.post, "/schedules/preview", hashed)
            let job = try await user.call(
                .post, "/jobs",
                Jobs.valid.merging(patch: ["schedule": "H H * * *", "id": "01890a5d-ac96-774b-bcce-b302099a8057"]))
            #expect(first.json["next"]?.arrayValue?.first?["instant"] == job.json["next_run_time"])
            #expect(try await user.call(.post, "/schedules/preview", ["schedule": "H H * * *"]).status == 200)
            let bad: [(JSONValue, String)] = [
                (["schedule": "@daily", "count": 0], "count"), (["schedule": "@daily", "count": 1_001], "count"),
                (["schedule": "@daily", "after": "soon"], "after"), (["schedule": "@daily", "zone": "UTC"], "zone"),
                (["schedule": "@daily", "dialect": "vixie"], "dialect"), (["schedule": "@daily", "id": "x"], "id"),
                ([:], "schedule"), (["schedule": 5], "schedule"),
                (["schedule": "@daily", "timezone": "X/Y"], "timezone"),
                (["schedule": "@daily", "dst_gap": "x"], "dst_gap"),
                (["schedule": "@daily", "run_if_past": 1], "run_if_past"),
            ]
            for (body, field) in bad {
                let reply = try await user.call(.post, "/schedules/preview", body)
                #expect(reply.status == 422 && reply.message(field) != nil, "\(field) \(reply)")
            }
        }
    }

    /// Each field with a value of a wrong type or out of range.
    static let wrong: [(String, JSONValue)] = [
        ("name", 5), ("name", ""), ("name", "a\u{1}"), ("type", 5), ("tags", "a"), ("tags[0]", [1]), ("action", "x"),
        ("action.type", ["type": 5]), ("action.type", ["type": "nothing"]), ("action.url", ["url": 5]),
        ("action.extra", ["extra": 1]), ("schedule", 5), ("timezone", 5), ("dialect", 5), ("dialect", "x"),
        ("dst_gap", 1),
        ("dst_fold", "x"), ("run_if_past", "yes"), ("start_at", "soon"), ("end_at", 5), ("jitter", 5),
        ("jitter", "25h"),
        ("max_runs", 0), ("max_runs", 1.5), ("max_runs", "1"), ("expires_after", 5), ("expires_at", "x"),
        ("delivery", "exactly_once"), ("timeout", 30), ("timeout", "30"), ("timeout", "25h"), ("misfire", "x"),
        ("misfire_after", true), ("catchup_limit", 0), ("catchup_limit", 10_001), ("catchup_window", "x"),
        ("resume", "x"),
        ("overlap", "queue(0)"), ("overlap", 5), ("max_concurrent", 0), ("concurrency_key", ""),
        ("concurrency_key", 5), ("rate_limit", 100), ("rate_limit", "100"), ("rate_limit", "0/1m"),
        ("rate_limit", "1/1ms"), ("rate_limit", "1/m/s"), ("rate_limit", "+1/1m"), ("priority", 101), ("priority", "high"),
        ("max_retries", -1), ("max_retries", 1_001), ("max_retries", "5"), ("base_delay", 1), ("base_delay", "8d"),
        ("retry", 5),
        ("retry.strategy", ["strategy": "x"]), ("retry.factor", ["factor": 0]), ("retry.delays", ["strategy": "list"]),
        ("retry.extra", ["extra": 1]), ("rearm_", true), ("scheduel", "x"), ("id", 5), ("status", "x"), ("version", 1),
    ]

    @Test func wrongValuesAreRefusedByName() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            for (field, value) in Self.wrong {
                let key = String(field.prefix { $0 != "." && $0 != "[" })
                let reply = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: .object([key: value])))
                #expect(reply.status == 422 && reply.message(field) != nil, "\(field) \(value) \(reply)")
            }
            let hint = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["scheduel": "x"]))
            #expect(hint.message("scheduel")?.contains("did you mean \"schedule\"?") == true)
            let many = try await user.call(.post, "/jobs", ["name": 5, "schedule": "x", "priority": "y"])
            #expect(many.errors.count >= 3, "\(many)")
            #expect(try await user.call(.get, "/jobs").items.isEmpty)
        }
    }
}
