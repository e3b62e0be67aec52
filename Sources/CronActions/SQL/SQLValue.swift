import CronModel

/// A value for `$1`, `$2`, …: as it stands, or a text with names in it. A text that is one name and nothing else takes that
/// value as it is, a number or null for instance.
enum SQLValue: Hashable, Sendable {
    case constant(JSONValue)
    case text(Template)
    case value(Template.Name)

    init(_ value: JSONValue) throws(Template.Problem) {
        guard let text = value.stringValue else {
            self = .constant(value)
            return
        }
        let template = try Template(text)
        self = template.onlyName.map { .value($0) } ?? (template.hasNames ? .text(template) : .constant(value))
    }

    /// - Parameter room: bytes that the values of an attempt may have at most; what this one takes is taken off.
    func bound(with values: TemplateValues, room: inout Int) throws(TemplateValues.Missing) -> JSONValue {
        let value: JSONValue
        switch self {
        case .constant(let constant): value = constant
        case .value(let name): value = try values.value(of: name)
        case .text(let template): return try Self.checked(.string(try template.rendered(with: values, room: &room)))
        }
        room -= JSONWriter.bytes(value).count
        guard room >= 0 else { throw TemplateValues.Missing(message: "the values are too long together") }
        return try Self.checked(value)
    }

    private static func checked(_ value: JSONValue) throws(TemplateValues.Missing) -> JSONValue {
        guard value.stringValue?.utf8.contains(0) != true else {
            throw TemplateValues.Missing(message: "no database takes U+0000 in a text")
        }
        return value
    }
}
