import CronModel

/// The fields of a form with what was typed into them and what is wrong with it, and all that is wrong for the form's top.
struct PlacedFields: Sendable {
    let views: [EditorFieldView]
    let form: EditorView.Problems

    /// - Parameters:
    ///   - texts: by the field's name.
    ///   - kept: names of fields whose secret is stored.
    ///   - refusal: why the form was not taken; nil for one that nobody has sent.
    ///   - rest: the field of whatever no other field has.
    init(
        _ fields: [EditorField], texts: [String: String], kept: Set<String> = [], refusal: Problem? = nil,
        rest: EditorField? = nil
    ) {
        let places = (refusal?.errors ?? []).map { problem in (problem, Self.field(of: problem, in: fields) ?? rest) }
        views = fields.map { field in
            let own = places.filter { $0.1?.name == field.name }.map { Self.message($0.0, at: field) }
            return EditorFieldView(
                field, text: texts[field.name] ?? "", isKept: kept.contains(field.name),
                error: own.isEmpty ? nil : own.joined(separator: "; "))
        }
        var lines = places.map { problem, field in
            FormView.ProblemLine(
                field: field?.name, label: field?.label,
                message: ShownText.line(
                    field.map { Self.message(problem, at: $0) } ?? "\(problem.field) \(problem.message)"))
        }
        if lines.isEmpty, let refusal {
            lines = [FormView.ProblemLine(field: nil, label: nil, message: ShownText.line(refusal.detail))]
        }
        form = EditorView.Problems(problems: lines, hasProblems: !lines.isEmpty)
    }

    subscript(name: String) -> EditorFieldView? { views.first { $0.name == name } }

    /// The one whose member a problem names, or a part of that.
    private static func field(of problem: FieldProblem, in fields: [EditorField]) -> EditorField? {
        let found = fields.filter { field in
            guard problem.field.hasPrefix(field.path) else { return false }
            let part = problem.field.dropFirst(field.path.count).first
            return part == nil || part == "." || part == "["
        }
        return found.max { $0.path.count < $1.path.count }
    }

    private static func message(_ problem: FieldProblem, at field: EditorField) -> String {
        let column = problem.column.map { " (column \($0))" } ?? ""
        return "\(problem.field == field.path ? "" : "\(problem.field) ")\(problem.message)\(column)"
    }
}
