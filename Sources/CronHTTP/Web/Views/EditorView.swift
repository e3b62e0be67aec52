import CronEngine
import CronModel

/// The editor as its template sees it.
struct EditorView: Sendable {
    let heading: String
    /// Where the form is sent.
    let target: String
    /// Where one goes who changes nothing.
    let back: String
    let kind: String
    let kinds: [ChoiceView]
    let form: Problems
    let what: [EditorFieldView]
    let action: [EditorFieldView]
    let payload: EditorFieldView
    let schedule: EditorFieldView
    let when: [EditorFieldView]
    let failure: [EditorFieldView]
    let more: EditorFieldView
    let hasMore: Bool
    let presets: [ChoiceView]
    /// What was typed for other kinds of action.
    let others: [Hidden]
    /// The version that is edited; empty for a new job.
    let version: String
    let jobID: String
    let preview: PreviewView
    let curve: RetryCurveView
    let review: String
    let isEdit: Bool
    let isWebhook: Bool
    /// What the button does that tests the action; nil for an action that is not here.
    let testing: TestWords?
    var curl = ""
    var curlError: String?
    var notes: [String] = []
    var conflict: Conflict?
    var test: TestView?

    struct Hidden: Sendable {
        let name: String
        let value: String
    }

    /// Everything that is wrong, for the top of the form.
    struct Problems: Sendable {
        let problems: [FormView.ProblemLine]
        let hasProblems: Bool
    }

    /// Somebody else was faster.
    struct Conflict: Sendable {
        let version: String
        let theirs: String
        let yours: String
        let path: String
    }

    static let schedules = [
        ("*/5 * * * *", "Every 5 minutes"), ("0 * * * *", "Hourly"), ("0 3 * * *", "Daily at 03:00"),
        ("0 9 * * MON-FRI", "Workdays at 09:00"), ("0 6 1 * *", "Monthly"), ("in 30m", "Once, in 30 minutes"),
    ]

    init(
        _ state: EditorForm, _ fields: EditorFields, heading: String, target: String, back: String, kinds: [String],
        version: Int64?, jobID: String, problems: [FieldProblem], refusal: Problem?, preview: PreviewView,
        curve: RetryCurveView, review: JSONValue, testing: TestWords.Effect?
    ) {
        self.heading = heading
        self.target = target
        self.back = back
        kind = state.kind
        let shownKinds = kinds.contains(state.kind) || state.kind.isEmpty ? kinds : kinds + [state.kind]
        self.kinds = shownKinds.map {
            ChoiceView($0, $0 == "sql" ? "SQL" : $0.prefix(1).uppercased() + $0.dropFirst(), isChosen: $0 == state.kind)
        }
        let shown = fields.all(state.kind) + [EditorFields.more]
        let places = problems.map { ($0, Self.field(of: $0, in: shown)) }
        func view(_ field: EditorField) -> EditorFieldView {
            let text = field.name == EditorFields.more.name ? state.more : state.texts[field.name] ?? ""
            let own = places.filter { $0.1?.name == field.name }.map(\.0)
            return EditorFieldView(
                field, text: text, isKept: state.kept.contains(field.name),
                error: own.isEmpty ? nil : own.map { Self.message($0, at: field) }.joined(separator: "; "))
        }
        let lines = places.map { problem, field in
            FormView.ProblemLine(
                field: field?.name, label: field?.label,
                message: field.map { Self.message(problem, at: $0) } ?? "\(problem.field) \(problem.message)")
        }
        let all =
            lines.isEmpty
            ? refusal.map { [FormView.ProblemLine(field: nil, label: nil, message: $0.detail)] } ?? [] : lines
        form = Problems(problems: all, hasProblems: !all.isEmpty)
        what = fields.what.map(view)
        action = fields.action(state.kind).map(view)
        payload = view(EditorFields.payload)
        schedule = view(fields.schedule)
        when = fields.when.map(view)
        failure = fields.failure.map(view)
        more = view(EditorFields.more)
        hasMore = !state.more.isEmpty || more.error != nil || action.isEmpty
        presets = Self.schedules.map { ChoiceView($0, $1, isChosen: false) }
        let names = Set(shown.map(\.name))
        var seen = names
        others = fields.ofEveryKind.compactMap { field in
            guard !field.isSecret, let text = state.texts[field.name], seen.insert(field.name).inserted else {
                return nil
            }
            return Hidden(name: field.name, value: text)
        }
        self.version = version.map { "\($0)" } ?? ""
        self.jobID = jobID
        self.preview = preview
        self.curve = curve
        self.review = ShownText.output(PrettyJSON.text(review))
        isEdit = version != nil
        isWebhook = state.kind == "webhook"
        self.testing = testing.map { TestWords($0, kind: state.kind) }
    }

    /// The field that a problem is about: the one whose member it names, or a part of.
    private static func field(of problem: FieldProblem, in fields: [EditorField]) -> EditorField? {
        let found = fields.filter { field in
            let rest = problem.field.hasPrefix(field.path) ? problem.field.dropFirst(field.path.count) : "x"
            return problem.field == field.name || rest.isEmpty || rest.first == "." || rest.first == "["
        }
        // Of two ways to write a member the one that was named, or the first.
        return found.first { $0.name == problem.field } ?? found.max { $0.path.count < $1.path.count }
            ?? (problem.field.isEmpty ? nil : fields.last)
    }

    private static func message(_ problem: FieldProblem, at field: EditorField) -> String {
        let isWhole = problem.field == field.path || problem.field == field.name
        let column = problem.column.map { " (column \($0))" } ?? ""
        return "\(isWhole ? "" : "\(problem.field) ")\(problem.message)\(column)"
    }
}

/// A field of the editor with what was typed into it.
struct EditorFieldView: Sendable {
    let name: String
    let label: String
    let hint: String?
    let value: String
    let isLine: Bool
    let isSecret: Bool
    /// Its height.
    let area: String?
    let options: [ChoiceView]
    let isChoice: Bool
    let isRequired: Bool
    let isCode: Bool
    let isKept: Bool
    let error: String?
    let describedBy: String?

    init(_ field: EditorField, text: String, isKept: Bool, error: String?) {
        name = field.name
        label = field.label
        hint = field.hint
        value = field.isSecret ? "" : text
        isSecret = field.isSecret
        self.isKept = isKept
        isRequired = field.isRequired
        isCode = field.isCode
        self.error = error.map(ShownText.line)
        switch field.control {
        case .line:
            (isLine, area, options, isChoice) = (true, nil, [], false)
        case .secret:
            (isLine, area, options, isChoice) = (false, nil, [], false)
        case .area(let rows):
            let lines = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
            (isLine, area, options, isChoice) = (false, "\(min(max(rows, lines), 20))", [], false)
        case .choice(let known):
            // What the form does not know stays what it is.
            let others =
                text.isEmpty || known.contains { $0.value == text }
                ? [] : [EditorField.Option(value: text, label: text)]
            let all = known + others
            (isLine, area, isChoice) = (false, nil, true)
            options = all.map { ChoiceView($0.value, $0.label, isChosen: $0.value == text) }
        }
        let ids = [error.map { _ in "\(field.name)-error" }, field.hint.map { _ in "\(field.name)-hint" }].compactMap(
            \.self)
        describedBy = ids.isEmpty ? nil : ids.joined(separator: " ")
    }
}
