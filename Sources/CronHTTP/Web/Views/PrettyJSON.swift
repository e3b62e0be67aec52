import CronModel

/// JSON for people: indented, members in alphabetical order.
enum PrettyJSON {
    static func text(_ value: JSONValue) -> String { text(value, indent: "") }

    private static func text(_ value: JSONValue, indent: String) -> String {
        let inner = indent + "  "
        switch value {
        case .object(let members) where !members.isEmpty:
            let lines = members.sorted { $0.key < $1.key }.map { name, member in
                "\(inner)\(JSONWriter.text(.string(name))): \(text(member, indent: inner))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
        case .array(let items) where items.contains(where: \.isNested):
            return "[\n\(items.map { inner + text($0, indent: inner) }.joined(separator: ",\n"))\n\(indent)]"
        case .array(let items): return "[\(items.map { JSONWriter.text($0) }.joined(separator: ", "))]"
        default: return JSONWriter.text(value)
        }
    }
}

extension JSONValue {
    fileprivate var isNested: Bool {
        switch self {
        case .object(let members): !members.isEmpty
        case .array(let items): !items.isEmpty
        default: false
        }
    }
}
