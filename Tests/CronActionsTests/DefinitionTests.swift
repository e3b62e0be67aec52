import CronModel
import CronSchedule
import Testing

@testable import CronActions

@Suite struct DefinitionTests {
    static let bad: [(field: String, fields: [String: JSONValue])] = [
        ("action.url", [:]), ("action.url", ["url": .integer(1)]), ("action.url", ["url": .string("example.com")]),
        ("action.url", ["url": .string("ftp://example.com")]),
        ("action.url", ["url": .string("http://a:b@example.com")]),
        ("action.url", ["url": .string("http://10.0.0.1/")]), ("action.url", ["url": .string("http://exa mple.com/")]),
        ("action.method", ["url": .string("http://example.com"), "method": .string("FETCH")]),
        ("action.headers.Host", ["url": .string("http://example.com"), "headers": .object(["Host": .string("x")])]),
        (
            "action.headers.webhook-id",
            ["url": .string("http://example.com"), "headers": .object(["webhook-id": .string("x")])]
        ),
        (
            "action.headers.Cronpp-Fence",
            ["url": .string("http://example.com"), "headers": .object(["Cronpp-Fence": .string("x")])]
        ),
        ("action.headers.X A", ["url": .string("http://example.com"), "headers": .object(["X A": .string("x")])]),
        ("action.headers.X", ["url": .string("http://example.com"), "headers": .object(["X": .string("a\r\nb: c")])]),
        ("action.headers.X", ["url": .string("http://example.com"), "headers": .object(["X": .integer(1)])]),
        ("action.body", ["url": .string("http://example.com"), "body": .string("{{nothing}}")]),
        ("action.body", ["url": .string("http://example.com"), "body": .string("{{run_id")]),
        ("action.body.a", ["url": .string("http://example.com"), "body": .object(["a": .string("{{x}}")])]),
        ("action.timeout", ["url": .string("http://example.com"), "timeout": .integer(5)]),
        ("action.timeout", ["url": .string("http://example.com"), "timeout": .string("5")]),
        ("action.read_timeout", ["url": .string("http://example.com"), "read_timeout": .string("0s")]),
        ("action.success_statuses", ["url": .string("http://example.com"), "success_statuses": .string("abc")]),
        (
            "action.success_statuses",
            ["url": .string("http://example.com"), "success_statuses": .array([.integer(99)])]
        ),
        ("action.signing_secret", ["url": .string("http://example.com"), "signing_secret": .string("secret")]),
        ("action.signing_secret", ["url": .string("http://example.com"), "signing_secret": .string("whsec_AAAA")]),
        ("action.uri", ["url": .string("http://example.com"), "uri": .string("x")]),
    ]

    @Test(arguments: bad.indices)
    func eachMistakeIsToldWithItsField(index: Int) async throws {
        try await WebhookFixture.with(allowed: []) { fixture in
            let problems = fixture.action.validate(ActionDefinition(type: "webhook", fields: Self.bad[index].fields))
            #expect(problems.map(\.field) == [Self.bad[index].field], "\(problems)")
        }
    }

    @Test func aTemplatesMistakeHasAColumn() {
        #expect(throws: BodyTemplate.Problem(message: "\"{{\" is not closed by \"}}\"", column: 4)) {
            try BodyTemplate("ab {{run_id")
        }
    }

    @Test func templatesTakeTheAttemptsValues() throws {
        let payload: JSONValue = .object([
            "customer": .object(["name": .string("O\"Hara\n")]), "n": .integer(3), "list": .array([.bool(true)]),
        ])
        let attempt = WebhookFixture(allowed: []).attemptWithoutClient(payload)
        let cases = [
            ("{{ run_id }}", attempt.runID.description), ("{{attempt}}/{{job_name}}", "2/nightly \"report\""),
            ("{{scheduled_for}}", attempt.scheduledFor.description), ("{{payload.customer.name}}", "O\"Hara\n"),
            ("{{payload.n}} {{payload.list}}", "3 [true]"), ("plain", "plain"),
        ]
        for (text, rendered) in cases {
            #expect(try BodyTemplate(text).render(attempt, escapesJSON: false) == rendered)
        }
        #expect(try BodyTemplate("{{payload.customer.name}}").render(attempt, escapesJSON: true) == "O\\\"Hara\\n")
        #expect(throws: BodyTemplate.Problem.self) {
            try BodyTemplate("{{payload.x}}").render(attempt, escapesJSON: false)
        }
    }

    @Test func aJSONBodyStaysJSONWhateverThePayloadHolds() async throws {
        let receiver = try await Receiver()
        try await WebhookFixture.with { fixture in
            let body: JSONValue = .object(["who": .string("{{payload.name}}"), "n": .integer(1)])
            let fields: [String: JSONValue] = ["url": .string("http://127.0.0.1:\(receiver.port)/"), "body": body]
            _ = await fixture.action.run(fixture.attempt(fields, payload: .object(["name": .string("a\"},{")])))
        }
        #expect(receiver.requests.first?.hasSuffix("{\"n\":1,\"who\":\"a\\\"},{\"}") == true)
        await receiver.stop()
    }

    @Test func aMissingPayloadFieldIsPermanentAndSendsNothing() async throws {
        let receiver = try await Receiver()
        try await WebhookFixture.with { fixture in
            let outcome = await fixture.run(receiver, ["body": .string("{{payload.missing}}")])
            #expect(outcome.verdict == .permanent)
            #expect(outcome.error?.contains("template error") == true)
        }
        #expect(receiver.requests.isEmpty)
        await receiver.stop()
    }
}

extension WebhookFixture {
    func attemptWithoutClient(_ payload: JSONValue) -> AttemptContext {
        defer { Task { [action] in await action.shutdown() } }
        return attempt([:], payload: payload)
    }
}
