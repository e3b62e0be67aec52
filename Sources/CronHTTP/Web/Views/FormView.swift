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
            FieldView(field, value: field.isSecret ? "" : typed[field.name] ?? "", errors.first { $0.field == field.name })
        }
        let known = errors.map { error in
            let field = fields.first { $0.name == error.field }
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
    var isSecret: Bool { type == "password" }
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
    let error: String?
    /// Whether an input refers to a hint or an error.
    let describedBy: String?

    init(_ field: FormField, value: String, _ error: FieldProblem?) {
        name = field.name
        label = field.label
        type = field.type
        autocomplete = field.autocomplete
        hint = field.hint
        isRequired = field.isRequired
        self.value = value
        self.error = error?.message
        let ids = [error.map { _ in "\(field.name)-error" }, field.hint.map { _ in "\(field.name)-hint" }]
        describedBy = ids.contains { $0 != nil } ? ids.compactMap(\.self).joined(separator: " ") : nil
    }
}
