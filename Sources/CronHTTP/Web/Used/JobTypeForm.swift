import CronModel

/// A job type as a form has it: a text for each default that the form shows, and the remainder as JSON.
struct JobTypeForm: Sendable {
    static let name = EditorField("name", "Name", hint: "Jobs name it as their type.", isRequired: true)
    static let about = EditorField("about", "About", hint: "What jobs of it have in common.", control: .area(rows: 2))
    static let isGlobal = EditorField(
        "global", "For",
        control: .choice([.init(value: "", label: "This space"), .init(value: "true", label: "All spaces")]))
    /// The field of the remainder.
    static let more = EditorField(
        "more", "Further defaults",
        hint: "All else that a type may give, such as an action, as JSON: one object, with members as jobs have them.",
        control: .area(rows: 8), coding: .json, isCode: true)
    /// Of the editor's fields those that a type may give; empty: not given, which leaves it to the jobs.
    static let defaults = (EditorFields().when.filter { $0.name != "timezones" } + EditorFields().failure).map(
        \.orNotGiven)

    /// By the field's name.
    private(set) var texts: [String: String] = [:]

    /// A new type's.
    init() {}

    init(_ type: Resource) {
        texts[Self.about.name] = type.body["about"]?.stringValue?.replacing("\r\n", with: "\n")
        var rest = type.body["defaults"] ?? .object([:])
        for field in Self.defaults {
            guard let value = rest.member(field.keys), value != .null, let text = field.text(value) else { continue }
            texts[field.name] = text
            rest.remove(field.keys)
        }
        let told = (rest.objectValue ?? [:]).filter { $0.key != "retry" || $0.value != .object([:]) }
        texts[Self.more.name] = told.isEmpty ? nil : PrettyJSON.text(.object(told))
    }

    /// As it was sent.
    init(_ form: FormFields) {
        for field in [Self.name, Self.about, Self.isGlobal] + Self.defaults + [Self.more] {
            texts[field.name] = form[field.name].flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    /// All of a type but its name and whose it is, as the API takes it.
    var body: (value: JSONValue, problems: [FieldProblem]) {
        var problems: [FieldProblem] = []
        var defaults = JSONValue.object([:])
        if let more = texts[Self.more.name], !more.allSatisfy(\.isWhitespace) {
            do throws(EditorFault) {
                let read = try EditorCoding.json.value(more)
                guard read.objectValue != nil else { throw EditorFault("must be an object, not \(read.kindName)") }
                defaults = read
            } catch {
                problems.append(FieldProblem(field: Self.more.name, message: error.message))
            }
        }
        for field in Self.defaults {
            guard let text = texts[field.name] else { continue }
            do throws(EditorFault) {
                let value = try field.coding.value(text)
                if defaults.member(field.keys) != nil { throw EditorFault("is there twice; give it once") }
                guard defaults.set(field.keys, value) else {
                    throw EditorFault("has no place: \"\(field.keys[0])\" of the further defaults is no object")
                }
            } catch {
                problems.append(FieldProblem(field: field.name, message: error.message))
            }
        }
        var members = ["defaults": defaults]
        members["about"] = texts[Self.about.name].map { .string($0) }
        return (.object(members), problems)
    }

    /// What makes a new type.
    var draft: (value: JSONValue, problems: [FieldProblem]) {
        let (body, problems) = body
        var members = body.objectValue ?? [:]
        members["name"] = .string(texts[Self.name.name] ?? "")
        members["global"] = .bool(texts[Self.isGlobal.name] == "true")
        return (.object(members), problems)
    }
}

extension EditorField {
    /// The same where nothing need be chosen.
    fileprivate var orNotGiven: EditorField {
        guard case .choice(let options) = control else { return self }
        var field = self
        field.control = .choice([Option(value: "", label: "Not given")] + options.filter { !$0.value.isEmpty })
        return field
    }
}
