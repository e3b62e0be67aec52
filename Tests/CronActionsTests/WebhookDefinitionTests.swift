import CronModel
import CronSchedule
import NIOHTTP1
import Testing

@testable import CronActions

@Suite struct WebhookDefinitionTests {
    static func problems(_ fields: [String: JSONValue]) -> [FieldProblem] {
        do throws(FieldProblems) {
            _ = try WebhookDefinition(definition("https://example.com/", fields), addresses: nothingAllowed)
            return []
        } catch {
            return error.all
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let fields: [String: JSONValue]
        let field: String
        let part: String
        var testDescription: String { "\(field): \(part)" }

        init(_ fields: [String: JSONValue], _ field: String, _ part: String) {
            self.fields = fields
            self.field = field
            self.part = part
        }
    }

    static let wrong: [Case] = [
        Case(["urll": .null], "urll", "did you mean \"url\"?"),
        Case(["time_out": .string("1s")], "time_out", "did you mean \"timeout\"?"),
        Case(["conect_timeout": .string("1s")], "conect_timeout", "did you mean \"connect_timeout\"?"),
        Case(["follow_redirects": .bool(true)], "follow_redirects", "unknown field"),
        Case(["url": .integer(3)], "url", "must be a string, not a number"),
        Case(["url": .null], "url", "is required"),
        Case(["method": .string("TRACE")], "method", "is not one of DELETE"),
        Case(["method": .string("GET\r\nX: y")], "method", "is not one of"),
        Case(["headers": .string("x")], "headers", "must be an object"),
        Case(["headers": .object(["X-A": .integer(1)])], "headers.X-A", "must be a string, not a number"),
        Case(["headers": .object(["X-A": .string("a\r\nX-B: b")])], "headers.X-A", "line break"),
        Case(["headers": .object(["X-A": .string("a\nb")])], "headers.X-A", "line break"),
        Case(["headers": .object(["X-A": .string("a\u{0}b")])], "headers.X-A", "control character"),
        Case(["headers": .object(["X-A": .string("a\u{7F}b")])], "headers.X-A", "control character"),
        Case(["headers": .object(["X A": .string("a")])], "headers.X A", "is not a header name"),
        Case(["headers": .object(["X-A:": .string("a")])], "headers.X-A:", "is not a header name"),
        Case(["headers": .object(["X\r\nY": .string("a")])], "headers.X\r\nY", "is not a header name"),
        Case(["headers": .object(["": .string("a")])], "headers.", "is not a header name"),
        Case(["headers": .object(["Ä": .string("a")])], "headers.Ä", "is not a header name"),
        Case(["headers": .object(["x-a": .string("a"), "X-A": .string("b")])], "headers.x-a", "given twice"),
        Case(
            ["headers": .object(["X-A": .string(String(repeating: "a", count: 20_000))])], "headers.X-A",
            "longer than 8192 bytes"),
        Case(
            ["headers": .object(Dictionary(uniqueKeysWithValues: (0..<65).map { ("h\($0)", .string("v")) }))],
            "headers", "more than 64"),
        Case(["timeout": .integer(5)], "timeout", "must be a duration such as \"30s\""),
        Case(["timeout": .string("5")], "timeout", "needs a unit"),
        Case(["timeout": .string("0s")], "timeout", "0s is outside 1ms–1d"),
        Case(["timeout": .string("25h")], "timeout", "outside 1ms–"),
        Case(["connect_timeout": .string("11s")], "connect_timeout", "11s is outside 1ms–10s"),
        Case(["read_timeout": .string("0s")], "read_timeout", "0s is outside 1ms–"),
        Case(["read_timeout": .bool(true)], "read_timeout", "not a boolean"),
        Case(["success_statuses": .string("200-299-300")], "success_statuses", "must be"),
        Case(["success_statuses": .string("299-200")], "success_statuses", "must be"),
        Case(["success_statuses": .array([])], "success_statuses", "must be"),
        Case(["success_statuses": .array([.integer(99)])], "success_statuses", "within 100-599"),
        Case(["success_statuses": .array([.string("2xx")])], "success_statuses", "must be"),
        Case(["success_statuses": .array([.string("200-600")])], "success_statuses", "must be"),
        Case(["signing_secret": .string("abc")], "signing_secret", "whsec_"),
        Case(["signing_secret": .string("whsec_!!!")], "signing_secret", "base64"),
        Case(["signing_secret": .string("whsec_c2hvcnQ=")], "signing_secret", "24 to 64"),
        Case(
            ["signing_secrets": .string(NetworkTests.WebhookRequestTests.secret)], "signing_secrets", "a list of 1 to 5"
        ),
        Case(["signing_secrets": .array([])], "signing_secrets", "a list of 1 to 5"),
        Case(
            ["signing_secrets": .array(Array(repeating: .string(NetworkTests.WebhookRequestTests.secret), count: 6))],
            "signing_secrets", "a list of 1 to 5"),
        Case(
            ["signing_secrets": .array([.string(NetworkTests.WebhookRequestTests.secret), .string("whsec_c2hvcnQ=")])],
            "signing_secrets[1]", "24 to 64"),
        Case(["signing_secrets": .array([.integer(1)])], "signing_secrets[0]", "whsec_"),
        Case(
            [
                "signing_secret": .string(NetworkTests.WebhookRequestTests.secret),
                "signing_secrets": .array([.string(NetworkTests.WebhookRequestTests.secret)]),
            ], "signing_secrets", "set to null"),
        Case(["body": .string(String(repeating: "x", count: 262_144))], "body", "longer than 262144"),
        Case(["body": .string("x {{nope}}")], "body", "unknown name \"nope\""),
        Case(["body": .object(["a": .array([.string("{{run_idd}}")])])], "body.a[0]", "did you mean \"run_id\"?"),
    ]

    @Test(arguments: wrong) func refuses(_ wrong: Case) {
        let problems = Self.problems(wrong.fields)
        #expect(problems.map(\.field) == ["action.\(wrong.field)"])
        #expect(problems.first?.message.contains(wrong.part) == true, "\(problems)")
    }

    @Test(arguments: [
        "Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "TE", "Trailer",
        "webhook-id", "Webhook-Signature", "webhook-anything", "Cronpp-Fence", "CRONPP-x", "traceparent", "Expect",
        "Proxy-Connection",
    ]) func reserves(_ name: String) {
        let problems = Self.problems(["headers": .object([name: .string("x")])])
        #expect(problems.map(\.message) == ["is set by Cron++ and cannot be changed"])
    }

    @Test func tellsEverythingAtOnce() {
        let problems = Self.problems(["timeout": .string("x"), "method": .string("X"), "nope": .null])
        #expect(Set(problems.map(\.field)) == ["action.timeout", "action.method", "action.nope"])
    }

    @Test func theActionTellsThemWhenAJobIsSaved() async {
        let action = makeAction(allowed: [])
        #expect(
            action.validate(definition("http://10.0.0.1/", ["nope": .null])).map(\.field) == [
                "action.url", "action.nope",
            ])
        #expect(action.validate(definition("https://example.com/")).isEmpty)
        #expect(action.secretFields == ["signing_secret", "signing_secrets", "client_key"])
        await action.shutdown()
    }

    @Test func namesTheTemplateColumn() {
        #expect(Self.problems(["body": .string("ab {{ nope }}")]).first?.column == 7)
    }

    @Test func readsDefaults() throws {
        let read = try WebhookDefinition(definition("https://example.com/"), addresses: nothingAllowed)
        #expect(read.method == .POST)
        #expect(read.connectTimeout == .seconds(10) && read.readTimeout == nil)
        #expect(
            read.successStatuses == WebhookDefinition.standardStatuses && read.secrets.isEmpty && read.identity == nil && read.headers.isEmpty)
    }

    @Test func readsTimeoutsAndMethods() throws {
        let fields: [String: JSONValue] = [
            "timeout": .string("10m"), "connect_timeout": .string("2s"), "read_timeout": .string("1m"),
            "method": .string("put"),
        ]
        let read = try WebhookDefinition(definition("https://example.com/", fields), addresses: nothingAllowed)
        #expect(read.connectTimeout == .seconds(2) && read.readTimeout == .minutes(1) && read.method == .PUT)
    }

    @Test func readsStatuses() throws {
        let list: JSONValue = .array([.integer(200), .string("204"), .string("300-302")])
        let ranges = try #require(NumberRanges(list, within: WebhookDefinition.statusRange))
        #expect([200, 204, 300, 302].allSatisfy(ranges.contains))
        #expect(![201, 303, 404].contains(where: ranges.contains))
    }

    @Test(arguments: [
        ("120", 120), ("0", 0), (" 5", 5), ("Mon, 02 Feb 2026 02:41:40 GMT", 100),
        ("Mon, 02 Feb 2026 02:40:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("99999999999999999999", Int64.max / 1_000_000),
    ]) func readsWaits(_ text: String, _ seconds: Int64) {
        let wait = RetryAfter.wait(text, now: fixedNow)
        #expect(wait.map { $0.microseconds / 1_000_000 } == seconds)
    }

    @Test(arguments: ["", "-1", "1.5", "soon", "Mon, 32 Feb 2026 02:41:40 GMT", "Mon, 02 Feb 2026 02:41:40 CET"])
    func ignoresOtherWaits(_ text: String) {
        #expect(RetryAfter.wait(text, now: fixedNow) == nil)
    }
}

@Suite struct WebhookHostTests {
    @Test(arguments: [
        ("https://API.Example.com:8443/hook?x=1", "api.example.com"), ("http://[::1]/", "::1"),
        ("http://0x7f.1/x", "127.0.0.1"), ("https://example.com.", "example.com"),
    ])
    func theHostIsToldInOneSpelling(_ url: String, _ host: String) async {
        let webhook = makeAction()
        #expect(webhook.host(of: ActionDefinition(type: "webhook", fields: ["url": .string(url)])) == host)
        await webhook.shutdown()
    }

    @Test func whatIsNoURLHasNoHost() async {
        let webhook = makeAction()
        for fields: [String: JSONValue] in [[:], ["url": .string("x")], ["url": .integer(7)]] {
            #expect(webhook.host(of: ActionDefinition(type: "webhook", fields: fields)) == nil)
        }
        await webhook.shutdown()
    }
}
