import CronEngine
import CronModel

/// A setting as a form has it. Saving it as it was shown changes nothing.
struct SettingForm: Sendable {
    let fields: SettingFields
    var name = ""
    /// By the field's name.
    private(set) var texts: [String: String] = [:]
    /// Names of fields whose secret is stored. It stays unless another is typed.
    private(set) var kept: Set<String> = []
    /// What is stored and no field can hold unchanged. It stays unless something is typed in its place.
    private var unshown: [String: JSONValue] = [:]

    /// A new setting's.
    init(_ fields: SettingFields) {
        self.fields = fields
    }

    /// - Parameter stored: its members, with marks in the place of secrets.
    init(_ fields: SettingFields, name: String, stored: JSONValue) {
        self.init(fields)
        self.name = name
        // What was given for another variant is nothing to this one.
        if let selector = fields.selector, stored[selector]?.stringValue != fields.variant?.name { return }
        for field in fields.fields {
            guard let value = stored[field.path], value != .null else { continue }
            if field.isSecret {
                if value == .string(ActionSecrets.mark) { kept.insert(field.name) }
            } else if let text = field.text(Self.withPlainBreaks(value)) {
                texts[field.name] = text
            } else {
                unshown[field.path] = value
            }
        }
    }

    /// Takes what was typed.
    mutating func take(_ form: FormFields) {
        if let name = form["name"] { self.name = name }
        for field in fields.fields { texts[field.name] = form[field.name].flatMap { $0.isEmpty ? nil : $0 } }
    }

    /// What was typed into fields that are never shown again.
    var hasTypedSecrets: Bool { fields.fields.contains { $0.isSecret && texts[$0.name] != nil } }

    /// As the API takes it. A secret that stays is sent as its mark, so that it is missed where it may not stay.
    var json: (value: JSONValue, problems: [FieldProblem]) {
        var members = unshown
        var problems: [FieldProblem] = []
        if let selector = fields.selector, let variant = fields.variant { members[selector] = .string(variant.name) }
        for field in fields.fields {
            guard let text = texts[field.name] else {
                if kept.contains(field.name) { members[field.path] = .string(ActionSecrets.mark) }
                continue
            }
            do throws(EditorFault) {
                members[field.path] = try field.coding.value(text)
            } catch {
                problems.append(FieldProblem(field: field.name, message: error.message))
            }
        }
        return (.object(members), problems)
    }

    /// A form has no other line breaks; certificates mean the same with them.
    private static func withPlainBreaks(_ value: JSONValue) -> JSONValue {
        value.stringValue.map { .string($0.replacing("\r\n", with: "\n")) } ?? value
    }
}
