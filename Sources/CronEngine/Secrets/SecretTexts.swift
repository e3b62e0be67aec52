import CronModel

/// The texts of a secret value that are to be hidden.
enum SecretTexts {
    static func inside(_ value: JSONValue) -> [String] { value.texts.map(unlessPublic) }

    /// A URL that is secret is so for its path and query: a message must be able to name the host.
    private static func unlessPublic(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://"), ["http", "https"].contains(text[..<scheme.lowerBound].lowercased())
        else { return text }
        return String(text[scheme.upperBound...].drop { $0 != "/" && $0 != "?" })
    }
}

extension JSONValue {
    /// All texts in it.
    var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let items): items.flatMap(\.texts)
        case .object(let members): members.values.flatMap(\.texts)
        case .null, .bool, .integer, .number: []
        }
    }
}
