import CronModel
import HTTPTypes
import Testing

@Suite struct RefusalTests {
    static let schedules = [
        "", " ", "* * * *", "* * * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
        "* * * 0 *", "* * * * 8", "-1 * * * *", "a * * * *", "* * * * MONDAY", "* * * FOO *", "1,,2 * * * *",
        "1, * * * *",
        ",1 * * * *", "*/0 * * * *", "*/90 * * * *", "/5 * * * *", "*5 * * * *", "** * * * *", "1-5-9 * * * *",
        "1/2/3 * * * *", "0~59 * * * *", "1.5 * * * *", "0x1 * * * *", "* * 25-5 * *", "? * * * *", "* ? * * *",
        "* * * * L", "* * L/2 * *", "* * L-0 * *", "* * L-31 * *", "* * 32W * *", "* * * * 1#6", "* * * * 1#0",
        "* * * * +", "+1 * * * *", "* * * * 1-5L", "@dayly", "@every", "@every 5", "@every 0s", "@every 1x", "@reboots",
        "TZ=Mars/Olympus * * * * *", "TZ= * * * * *", "* * * * * 2026", "0 0 30 2 *", "0 0 31 4,6 *",
        "0 0 0 1 1 * 1971",
        "2026-13-01 00:00:00", "2027-02-30 10:00", "2027-01-01 24:00", "2027-01-01T23:59:60Z", "1767225600", "in",
        "in 5",
        "in 1 month", "P1M", "*\n* * * *", "* * * *\u{00A0}*", "１ * * * *", "H(5-1) * * * *",
    ]

    @Test func malformedSchedulesAreRefusedByFieldAndNothingIsStored() async throws {
        #expect(Self.schedules.count >= 60)
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            for schedule in Self.schedules {
                let answer = try await api.call(
                    .post, "/jobs", APIHarness.job(["schedule": .string(schedule)]), token: token)
                #expect(answer.status == 422, "\(schedule): \(answer.status)")
                #expect(answer.fields == ["schedule"], "\(schedule): \(answer.text)")
            }
            #expect(try await api.call(.get, "/jobs", token: token).items.isEmpty)
            #expect(try await api.call(.get, "/runs", token: token).items.isEmpty)
        }
    }

    @Test func theColumnOfAMistakeIsTold() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let answer = try await api.call(
                .post, "/jobs", APIHarness.job(["schedule": .string("*/90 * * * *")]), token: token)
            #expect(answer.json["errors"]?.arrayValue?.first?["column"] == .integer(3))
            #expect(answer.text.contains("@every 90m"))
        }
    }

    static let fields: [(String, JSONValue)] = [
        ("name", .integer(1)), ("name", .string("")), ("name", .string("a\nb")), ("type", .bool(true)),
        ("schedule", .integer(5)), ("timezone", .string("Mars/Olympus")), ("timezone", .integer(1)),
        ("dialect", .string("unix")), ("dst_gap", .string("x")), ("dst_fold", .integer(1)),
        ("run_if_past", .string("yes")),
        ("start_at", .string("tomorrow")), ("end_at", .integer(5)), ("jitter", .integer(5)), ("jitter", .string("5")),
        ("max_runs", .integer(0)), ("max_runs", .string("5")), ("expires_after", .string("0s")),
        ("expires_at", .bool(true)),
        ("delivery", .string("exactly_once")), ("timeout", .integer(30)), ("timeout", .string("0s")),
        ("misfire", .string("x")),
        ("misfire_after", .integer(1)), ("catchup_limit", .integer(0)), ("catchup_window", .string("x")),
        ("resume", .string("x")), ("overlap", .string("queue(0)")), ("overlap", .string("queue(1001)")),
        ("overlap", .integer(1)),
        ("max_concurrent", .integer(0)), ("priority", .integer(101)), ("max_retries", .integer(-1)),
        ("max_retries", .number(1.5)), ("base_delay", .integer(1)), ("retry", .string("x")), ("tags", .string("x")),
        ("action", .string("x")), ("idd", .string("x")), ("id", .string("x")),
    ]

    @Test func wrongValuesAreRefusedByField() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            for (field, value) in Self.fields {
                let answer = try await api.call(.post, "/jobs", APIHarness.job([field: value]), token: token)
                #expect(answer.status == 422, "\(field) = \(value): \(answer.status)")
                #expect(answer.fields.contains { $0.hasPrefix(field) }, "\(field) = \(value): \(answer.text)")
                #expect(answer.headers[.contentType] == "application/problem+json")
            }
            let nested: [(String, JSONValue)] = [
                ("retry.strategy", .object(["strategy": .string("x")])),
                ("retry.delays", .object(["strategy": .string("list")])),
                ("retry.factor", .object(["factor": .integer(0)])), ("retry.extra", .object(["extra": .integer(0)])),
            ]
            for (field, value) in nested {
                let answer = try await api.call(.post, "/jobs", APIHarness.job(["retry": value]), token: token)
                #expect(answer.fields == [field])
            }
            let action = try await api.call(
                .post, "/jobs", APIHarness.job(["action": .object(["bad": .integer(1)])]), token: token)
            #expect(action.fields == ["action.bad"])
            let unknown = try await api.call(
                .post, "/jobs", APIHarness.job(["action": .object(["type": .string("fax")])]), token: token)
            #expect(unknown.fields == ["action.type"])
            #expect(try await api.call(.get, "/jobs", token: token).items.isEmpty)
        }
    }

    @Test func bodiesThatAreNotJSONObjectsAreRefused() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            for text in [
                "", "{", "[]", "5", "\"x\"", "{\"a\":}", "nul", "{\"name\":\"\\ud800\"}",
                String(repeating: "[", count: 100_000),
            ] {
                let answer = try await api.send(.post, "/jobs", text, token)
                #expect(answer.status == 400 || answer.status == 422, "\(text.prefix(20)): \(answer.status)")
            }
            let form = try await api.send(.post, "/jobs", "a=b", token, ["content-type": "text/plain"])
            #expect(form.status == 415)
            let big = try await api.send(.post, "/jobs", String(repeating: " ", count: 10_000_000), token)
            #expect(big.status == 413)
        }
    }

    @Test func unknownRoutesAndMethodsAreProblemsToo() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            let answer = try await api.call(.get, "/nothing", token: token)
            #expect(answer.status == 404)
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(try await api.call(.get, "/jobs/not-a-uuid", token: token).status == 404)
            #expect(try await api.call(.get, "/livez").status == 200)
            #expect(try await api.call(.get, "/readyz").status == 200)
            #expect(try await api.call(.get, "/metrics").text.contains("cronpp_up"))
        }
    }
}
