import CronEngine
import CronModel
import CronSchedule

/// A definition as a form has it: a text for each field that the form shows, and the remainder as JSON. Reading what was
/// written gives the definition again, whatever is in it.
struct EditorForm: Sendable {
    var kind: String
    /// By the field's name.
    var texts: [String: String] = [:]
    /// What no field shows.
    var more = ""
    /// Names of fields whose secret is stored.
    var kept: Set<String> = []
    /// A job that is there says all of what it is; a new one leaves out what is standard, and its type may decide that.
    let isEdit: Bool

    private static let standard = JSONValue.object(
        JobDefinition(name: "", schedule: "", action: ActionDefinition(type: "", fields: [:])).json)

    /// A new job's.
    init(kind: String, _ fields: EditorFields) {
        self.init(definition: Self.standard, kind: kind, isEdit: false, fields)
    }

    /// - Parameter definition: with marks in the place of secrets.
    init(definition: JSONValue, isEdit: Bool, _ fields: EditorFields) {
        self.init(
            definition: definition, kind: definition["action"]?["type"]?.stringValue ?? "", isEdit: isEdit, fields)
    }

    private init(definition: JSONValue, kind: String, isEdit: Bool, _ fields: EditorFields) {
        self.kind = kind
        self.isEdit = isEdit
        var rest = definition
        rest.remove(["action", "type"])
        for field in fields.all(kind) {
            guard let value = rest.member(field.keys), value != .null else { continue }
            if field.isSecret {
                guard value == .string(ActionSecrets.mark) else { continue }
                kept.insert(field.name)
            } else if let text = field.text(value) {
                texts[field.name] = text
            } else {
                continue
            }
            rest.remove(field.keys)
        }
        let members = rest.objectValue ?? [:]
        // With a type of its own, what a job leaves out is the type's; otherwise it is standard.
        let isTyped = members["type"].map { $0 != .null } ?? false
        let told = members.filter { name, value in
            switch value {
            case .object([:]) where name == "action" || name == "retry": false
            case .null: isTyped && isEdit
            default: (isTyped && isEdit) || value != Self.standard[name]
            }
        }
        more = told.isEmpty ? "" : PrettyJSON.text(.object(told))
    }

    /// As it was sent.
    init(_ form: FormFields, isEdit: Bool, _ fields: EditorFields) {
        kind = form["kind"] ?? ""
        self.isEdit = isEdit
        more = form["more"] ?? ""
        for field in fields.all(kind) + fields.ofEveryKind {
            if let text = form[field.name], !text.isEmpty { texts[field.name] = text }
        }
    }
}

// MARK: - The definition

extension EditorForm {
    /// The definition that it says, as far as it can be read, and what cannot.
    func definition(_ fields: EditorFields) -> (json: JSONValue, problems: [FieldProblem]) {
        var problems: [FieldProblem] = []
        var definition = JSONValue.object([:])
        if !more.allSatisfy(\.isWhitespace) {
            do throws(EditorFault) {
                let read = try EditorCoding.json.value(more)
                guard read.objectValue != nil else { throw EditorFault("must be an object, not \(read.kindName)") }
                definition = read
            } catch {
                problems.append(FieldProblem(field: EditorFields.more.name, message: error.message))
            }
        }
        if !kind.isEmpty { definition.set(["action", "type"], .string(kind)) }
        for field in fields.all(kind) {
            guard let text = texts[field.name] else { continue }
            do throws(EditorFault) {
                let value = try field.coding.value(text)
                if !isEdit, value == Self.standard.member(field.keys) { continue }
                if definition.member(field.keys) != nil { throw EditorFault("is there twice; give it once") }
                guard definition.set(field.keys, value) else {
                    throw EditorFault("has no place: \"\(field.keys[0])\" of the further fields is no object")
                }
            } catch {
                problems.append(FieldProblem(field: field.name, message: error.message))
            }
        }
        return (definition, problems)
    }

    /// What previews of its schedule are asked with.
    func previewRequest(_ definition: JSONValue, id: String?) -> JSONValue {
        var members: [String: JSONValue] = ["count": .integer(Int64(PreviewView.rows))]
        for name in ["schedule", "timezone", "timezones", "dialect", "dst_gap", "dst_fold", "run_if_past"] {
            members[name] = definition[name]
        }
        members["id"] = id.map { .string($0) }
        return .object(members)
    }

    /// How it would be tried again; nil while those fields are wrong.
    static func retry(_ definition: JSONValue) -> RetryPolicy? {
        var members: [String: JSONValue] = [
            "name": .string("x"), "schedule": .string("x"), "action": .object(["type": .string("x")]),
        ]
        for name in ["max_retries", "base_delay", "retry"] { members[name] = definition[name] }
        return try? JobDefinition.read(.object(members)).get().retry
    }
}

extension EditorField {
    var keys: [String] { path.split(separator: ".").map(String.init) }
}

extension JSONValue {
    func member(_ keys: [String]) -> JSONValue? {
        keys.reduce(self as JSONValue?) { $0?[$1] }
    }

    mutating func remove(_ keys: [String]) {
        guard case .object(var members) = self, let key = keys.first else { return }
        if keys.count == 1 {
            members[key] = nil
        } else {
            members[key]?.remove(Array(keys.dropFirst()))
        }
        self = .object(members)
    }

    /// False where something that is no object stands in the way.
    @discardableResult
    mutating func set(_ keys: [String], _ value: JSONValue) -> Bool {
        guard case .object(var members) = self, let key = keys.first else { return false }
        if keys.count == 1 {
            members[key] = value
        } else {
            var inner = members[key] ?? .object([:])
            guard inner.set(Array(keys.dropFirst()), value) else { return false }
            members[key] = inner
        }
        self = .object(members)
        return true
    }
}
