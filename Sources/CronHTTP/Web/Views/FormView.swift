import CronModel

/// A form as a page shows it again: what was typed, and what is wrong with it.
struct FormView: Sendable {
    /// Everything that is wrong, for the top of the form.
    let problems: [ProblemLine]
    let hasProblems: Bool
    let fields: [FieldView]

    struct ProblemLine: Sendable {
        /// The field's id; nil for the form as a whole.
        let field: String?
        let label: String?
        let message: String
    }

    /// - Parameters:
    ///   - typed: what to show again.
    ///   - problem: why it was refused; nil for a form that nobody has sent.
    init(_ fields: [FormField], typed: FormFields = .none, problem: Problem? = nil) {
        let errors = problem?.errors ?? []
        self.fields = fields.map { field in
            FieldView(field, typed, errors.first(where: field.isMeant))
        }
        let known = errors.map { error in
            let field = fields.first { $0.isMeant(error) }
            return ProblemLine(field: field?.name, label: field?.label, message: error.message)
        }
        problems = known.isEmpty ? (problem.map { [ProblemLine(field: nil, label: nil, message: $0.detail)] } ?? []) : known
        hasProblems = !problems.isEmpty
    }
}

/// A field of a form, as the page's code describes it.
struct FormField: Sendable {
    let name: String
    let label: String
    var type = "text"
    var autocomplete = "off"
    var hint: String?
    var isRequired = true
    /// What there is to choose from: one of them, or any number where `isMany`.
    var options: [FormOption] = []
    var isMany = false
    /// What stands there before anybody has typed.
    var value = ""
    var isSecret: Bool { type == "password" }

    /// The part of a field's name that stands before an option's, where each is a box of its own.
    var optionPrefix: String { "\(name)." }

    /// Whether it is this field that is wrong, or an item of it: `scopes[0]`.
    func isMeant(_ problem: FieldProblem) -> Bool { problem.field == name || problem.field.hasPrefix("\(name)[") }
}

struct FormOption: Sendable {
    let value: String
    let label: String
}

extension FormFields {
    /// The options of a field that somebody has ticked.
    func ticked(_ field: FormField) -> [String] {
        field.options.map(\.value).filter { self[field.optionPrefix + $0] != nil }
    }
}

/// A field with what was typed into it and what is wrong with that.
struct FieldView: Sendable {
    let name: String
    let label: String
    let type: String
    let autocomplete: String
    let hint: String?
    let isRequired: Bool
    let value: String
    let options: [ChoiceView]
    let isInput: Bool
    let isSelect: Bool
    let isBoxes: Bool
    let error: String?
    /// Whether an input refers to a hint or an error.
    let describedBy: String?

    init(_ field: FormField, _ typed: FormFields, _ error: FieldProblem?) {
        let value = field.isSecret ? "" : typed[field.name] ?? field.value
        let ticked = field.isMany ? typed.ticked(field) : [value]
        name = field.name
        label = field.label
        type = field.type
        autocomplete = field.autocomplete
        hint = field.hint
        isRequired = field.isRequired
        self.value = value
        options = field.options.map { ChoiceView($0.value, $0.label, isChosen: ticked.contains($0.value)) }
        isInput = options.isEmpty
        isSelect = !isInput && !field.isMany
        isBoxes = !isInput && field.isMany
        self.error = error?.message
        let ids = [error.map { _ in "\(field.name)-error" }, field.hint.map { _ in "\(field.name)-hint" }]
        describedBy = ids.contains { $0 != nil } ? ids.compactMap(\.self).joined(separator: " ") : nil
    }
}
