import CronModel
import NIOHTTP1
import Testing

@testable import CronActions

@Suite struct TemplateTests {
    static let payload = JSONValue.object([
        "user": .object([
            "name": .string("A \"B\"\n"), "age": .integer(7), "tags": .array([.string("x"), .bool(true)]),
        ]), "none": .null,
    ])

    static func render(_ text: String) throws -> String {
        var context = attempt("https://x.example", payload: payload)
        context.secrets = ["api_token": "t\"k"]
        context.timezone = "America/New_York"
        var room = WebhookBody.maxBytes
        return try Template(text).rendered(with: TemplateValues(attempt: context), room: &room)
    }

    @Test(arguments: [
        ("", ""), ("plain } {", "plain } {"), ("{{run_id}}", "018f0000-0000-7000-8000-000000000001"),
        ("{{job_id}}", "018f0000-0000-7000-8000-000000000002"),
        ("<{{ job_name }}>", "<nightly \"backup\">"), ("{{scheduled_for}}", "2026-02-02T02:39:00.000000Z"),
        ("{{attempt}}/{{zone}}", "2/Europe/Berlin"),
        ("{{timezone}} {{scheduled_local}}", "America/New_York 2026-02-01T21:39:00-05:00"),
        ("{{payload.user.name}}", "A \"B\"\n"), ("{{payload.user.age}}", "7"),
        ("{{payload.user.tags.0}}{{payload.user.tags.1}}", "xtrue"),
        ("{{payload.user.tags}}", "[\"x\",true]"), ("{{payload.none}}", "null"),
        ("{{zone}}{{zone}}", "Europe/BerlinEurope/Berlin"),
        ("{{payload}}", "{\"none\":null,\"user\":{\"age\":7,\"name\":\"A \\\"B\\\"\\n\",\"tags\":[\"x\",true]}}"),
    ]) func renders(_ text: String, _ expected: String) throws {
        #expect(try Self.render(text) == expected)
    }

    /// A short text that names a long value many thousand times is given up at the limit, before it is built.
    @Test func whatGrowsTooLongIsGivenUp() throws {
        let text = String(repeating: "{{payload}}", count: 20_000)
        let long = JSONValue.string(String(repeating: "x", count: 60_000))
        let context = attempt("https://x.example", payload: long)
        #expect(throws: WebhookBody.TooLong.self) {
            try WebhookBody.text(Template(text), isJSON: false).bytes(for: context)
        }
        #expect(throws: WebhookBody.TooLong.self) {
            try WebhookBody.json(.array(.init(repeating: .string("{{payload}}"), count: 20_000))).bytes(for: context)
        }
        #expect(throws: TemplateValues.Missing.self) {
            try WebhookHeaders.rendered(["x-a": "{{payload}}{{payload}}"], for: context)
        }
        var room = 3
        #expect(throws: TemplateValues.Missing.self) {
            try Template("abcd").rendered(with: TemplateValues(attempt: context), room: &room)
        }
    }

    @Test(arguments: [
        ("{{", 1), ("ab{{run_id", 3), ("{{}}", 3), ("{{ }}", 4), ("{{runid}}", 3), ("ä{{x}}", 4), ("{{payload.}}", 3),
        ("{{payload..x}}", 3),
        ("{{payload.a b}}", 3), ("{{{run_id}}}", 3), ("{{run_id}} {{no}}", 14), ("{{RUN_ID}}", 3), ("{{secrets}}", 3),
        ("{{secrets.}}", 3), ("{{secrets.a.b}}", 3), ("{{secrets.a!}}", 3),
    ]) func refuses(_ text: String, _ column: Int) {
        do throws(Template.Problem) {
            _ = try Template(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.column == column, "\(error)")
        }
    }

    @Test(arguments: [
        ("{{payload.nope}}", "payload has no \"nope\""), ("{{payload.user.nope.x}}", "payload.user has no \"nope\""),
        ("{{payload.user.tags.2}}", "payload.user.tags has no \"2\""),
        ("{{payload.user.age.x}}", "payload.user.age has no \"x\""),
        ("{{secrets.other}}", "there is no secret \"other\""),
    ]) func missesPaths(_ text: String, _ message: String) {
        #expect(throws: TemplateValues.Missing(message: message)) { try Self.render(text) }
    }

    @Test func escapesInJSONText() throws {
        let context = attempt(
            "https://x.example",
            [
                "body": .string("{\"n\":\"{{payload.user.name}}\"}"),
                "headers": .object(["Content-Type": .string("application/JSON")]),
            ], payload: Self.payload)
        let read = try WebhookDefinition(context.action, addresses: nothingAllowed)
        #expect(String(decoding: try read.body.bytes(for: context), as: UTF8.self) == "{\"n\":\"A \\\"B\\\"\\n\"}")
        #expect(JSONText.escaped("\u{1}\t\\/é\u{1F}") == "\\u0001\\t\\\\/é\\u001f")
    }

    @Test func keepsTheShapeOfAJSONBody() throws {
        let body = JSONValue.object([
            "a": .array([.string("{{attempt}}"), .integer(1), .null]),
            "{{zone}}": .object(["b": .string("<{{payload.user.name}}>")]),
        ])
        let context = attempt("https://x.example", ["body": body], payload: Self.payload)
        let read = try WebhookDefinition(context.action, addresses: nothingAllowed)
        #expect(
            String(decoding: try read.body.bytes(for: context), as: UTF8.self)
                == "{\"a\":[\"2\",1,null],\"{{zone}}\":{\"b\":\"<A \\\"B\\\"\\n>\"}}")
    }
}
