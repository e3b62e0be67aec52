import CronModel
import CronTesting
import Testing

@testable import CronActions

/// The document and the readers of alerts say the same.
@Suite struct AlertSchemaTests {
    private static let check = SchemaCheck(
        document: .object(["components": .object(["schemas": .object(["JSON": Schema.json.definition])])]))

    private static func fits(_ value: JSONValue, _ schema: Schema) -> Bool { check.isValid(value, schema.json) }

    private static func attachment(_ name: String) -> JSONValue { .object(["name": .string(name), "csv": "a"]) }
    private static func texts(_ texts: String...) -> JSONValue { .array(texts.map { .string($0) }) }
    private static func person(_ address: String) -> JSONValue { .object(["to": .string(address)]) }
    private static let most = String(repeating: "é", count: AlertDefinition.maxLineBytes / 2)

    @Test(
        arguments: [
            ("recipients", texts("a@b.example"), true), ("recipients", .string(""), false),
            ("recipients", texts(""), false),
            ("recipients", .array([person("")]), false), ("recipients", .string(most), true),
            ("recipients", .string(most + "x"), false), ("recipients", texts(most), true),
            ("recipients", texts(most + "x"), false),
            ("recipients", .array([person(most)]), true), ("recipients", .array([person(most + "x")]), false),
            ("recipients", .array([person("a").merging(patch: ["deep": [.array([.integer(.max)]), "x"]])]), true),
            ("title", .string(most), true), ("title", .string(most + "x"), false),
            ("channels", texts("a", "b"), true), ("channels", texts("a", "a"), false), ("channels", texts(""), false),
            ("attach", attachment("orders.csv"), true), ("attach", attachment(""), false),
            ("attach", attachment("a/b.csv"), false), ("attach", attachment("a\\b.csv"), false),
            ("attach", attachment("a\nb.csv"), false), ("attach", attachment("a\u{85}b.csv"), false),
            ("attach", attachment("a/{{payload.x}}.csv"), false), ("attach", attachment("{{payload.x}}/a.csv"), false),
            ("attach", attachment("{{payload.a/b}} {{run_id}}.csv"), true), ("attach", attachment("{a}.csv"), true),
            ("attach", attachment("{{payload.x.csv"), false),
        ] as [(String, JSONValue, Bool)])
    func theyAgree(_ name: String, _ value: JSONValue, _ isRight: Bool) {
        var fields: [String: JSONValue] = ["message": "hello", "channels": ["ops"]]
        fields[name] = value
        #expect(Self.fits(.object(fields), AlertDefinition.schema) == isRight)
        let problems = FieldProblems.found { () throws(FieldProblems) in
            _ = try AlertDefinition(ActionDefinition(type: "alert", fields: fields))
        }
        #expect(problems.isEmpty == isRight, "\(problems)")
        #expect(problems.allSatisfy { $0.field.hasPrefix("action.\(name)") })
    }

    /// What no request holds is no member of a recipient either.
    @Test(arguments: [["a\0": 1], ["a": "\0"], ["a": .number(1e300)], ["a": ["b": ["\0"]]]] as [JSONValue])
    func recipientsHoldNothingThatNoRequestCan(_ members: JSONValue) {
        let recipients = JSONValue.array([Self.person("a@b.example").merging(patch: members)])
        #expect(!Self.fits(recipients, AlertRecipients.schema))
        #expect(throws: (any Error).self) { try JSONReader.read(JSONWriter.bytes(recipients)) }
    }

    @Test(
        arguments: [
            (.integer(0), true), (.integer(999_999_999_999_999_999), true), (.integer(.max), false),
            (.integer(-1), false),
            ("0", true), ("007", true), ("1-10", true), ("2-", true), ("999999999999999999-", true),
            ("1000000000000000000", false), ("1-1000000000000000000", false), ("0000000000000000001", false),
            ("", false),
            ("+1", false), ("1-+2", false), ("-1", false), ("1-2-3", false), ("a", false), (" 1", false),
            (.bool(true), false),
        ] as [(JSONValue, Bool)])
    func theyAgreeAboutCountsOfRows(_ value: JSONValue, _ isRight: Bool) {
        #expect(Self.fits(value, SQLRowCount.schema) == isRight)
        #expect((SQLRowCount(value) != nil) == isRight)
    }
}
