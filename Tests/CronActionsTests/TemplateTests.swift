import CronModel
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
        return try Template(text).rendered(with: TemplateValues(attempt: context))
    }

    @Test(arguments: [
        ("", ""), ("plain } {", "plain } {"), ("{{run_id}}", "018f0000-0000-7000-8000-000000000001"),
        ("{{job_id}}", "018f0000-0000-7000-8000-000000000002"),
        ("<{{ job_name }}>", "<nightly \"backup\">"), ("{{scheduled_for}}", "2026-02-02T02:39:00.000000Z"),
        ("{{attempt}}/{{zone}}", "2/Europe/Berlin"),
        ("{{payload.user.name}}", "A \"B\"\n"), ("{{payload.user.age}}", "7"),
        ("{{payload.user.tags.0}}{{payload.user.tags.1}}", "xtrue"),
        ("{{payload.user.tags}}", "[\"x\",true]"), ("{{payload.none}}", "null"),
        ("{{zone}}{{zone}}", "Europe/BerlinEurope/Berlin"),
        ("{{payload}}", "{\"none\":null,\"user\":{\"age\":7,\"name\":\"A \\\"B\\\"\\n\",\"tags\":[\"x\",true]}}"),
    ]) func renders(_ text: String, _ expected: String) throws {
        #expect(try Self.render(text) == expected)
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
