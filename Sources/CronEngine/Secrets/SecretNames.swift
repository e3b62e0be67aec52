import CronModel

/// Where an action names a secret: `{{secrets.NAME}}` in any of its texts.
enum SecretNames {
    /// The names, each with the first field that has it.
    static func found(in action: ActionDefinition) -> [(name: String, field: String)] {
        var found: [(name: String, field: String)] = []
        for (field, value) in action.fields.sorted(by: { $0.key < $1.key }) {
            collect(value, field: "action.\(field)", into: &found)
        }
        return found
    }

    private static func collect(_ value: JSONValue, field: String, into found: inout [(name: String, field: String)]) {
        switch value {
        case .string(let text):
            for name in names(in: text) where !found.contains(where: { $0.name == name }) {
                found.append((name, field))
            }
        case .array(let items):
            for (index, item) in items.enumerated() { collect(item, field: "\(field)[\(index)]", into: &found) }
        case .object(let members):
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                collect(member, field: "\(field).\(key)", into: &found)
            }
        case .null, .bool, .integer, .number: break
        }
    }

    private static func names(in text: String) -> [String] {
        var names: [String] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let word = rest[open.upperBound..<close.lowerBound].filter { $0 != " " }
            if word.hasPrefix("secrets.") { names.append(String(word.dropFirst("secrets.".count))) }
            rest = rest[close.upperBound...]
        }
        return names
    }
}
