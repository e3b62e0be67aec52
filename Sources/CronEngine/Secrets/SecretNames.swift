import CronModel

/// Where an action names a secret: `{{secrets.NAME}}` in any of its texts.
enum SecretNames {
    /// The names, each with the first field that has it.
    static func found(in action: ActionDefinition) -> [(name: String, field: String)] {
        var found: [(name: String, field: String)] = []
        var known: Set<String> = []
        for (field, value) in action.fields.sorted(by: { $0.key < $1.key }) {
            collect(value, field: "action.\(field)") { name, field in
                if known.insert(name).inserted { found.append((name, field)) }
            }
        }
        return found
    }

    private static func collect(_ value: JSONValue, field: String, _ find: (String, String) -> Void) {
        switch value {
        case .string(let text):
            for name in names(in: text) { find(name, field) }
        case .array(let items):
            for (index, item) in items.enumerated() { collect(item, field: "\(field)[\(index)]", find) }
        case .object(let members):
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                collect(member, field: "\(field).\(key)", find)
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
