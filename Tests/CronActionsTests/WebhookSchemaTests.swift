import CronModel
import CronSchedule
import Testing

@testable import CronActions

@Suite struct WebhookSchemaTests {
    /// A field that is described but not read would be refused as unknown; the document holds the other way by tests
    /// that send fields and look at the answers.
    @Test func everyDescribedFieldIsRead() throws {
        let names = WebhookDefinition.schema.members.map(\.name)
        #expect(names.count == Set(names).count)
        for name in names {
            let definition = ActionDefinition(type: "webhook", fields: [name: .object(["not": .string("this")])])
            let problems = WebhookProblems.of(definition)
            #expect(!problems.contains { $0.message.hasPrefix("unknown field") }, "\(name)")
        }
        #expect(WebhookProblems.of(ActionDefinition(type: "webhook", fields: ["nonsense": .null])).count == 2)
    }

    @Test func defaultsAreAccepted() throws {
        var fields: [String: JSONValue] = ["url": .string("https://example.com/")]
        for member in WebhookDefinition.schema.members {
            if case .value(let initial)? = member.schema.parts["default"] { fields[member.name] = initial }
        }
        #expect(fields.count == 6)
        #expect(WebhookProblems.of(ActionDefinition(type: "webhook", fields: fields)) == [])
    }
}

private enum WebhookProblems {
    static func of(_ definition: ActionDefinition) -> [FieldProblem] {
        do throws(FieldProblems) {
            _ = try WebhookDefinition(definition, addresses: AddressGuard(allowed: []))
            return []
        } catch {
            return error.all
        }
    }
}
