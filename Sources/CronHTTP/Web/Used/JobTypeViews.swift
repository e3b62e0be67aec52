import CronEngine
import CronModel

/// The list of job types as its template sees it.
struct JobTypeListView: Sendable {
    let list: NamedListView
    let rows: [JobTypeRowView]
}

struct JobTypeRowView: Sendable {
    private static let longestAbout = 200

    let id: String
    let path: String
    let name: String
    let about: String?
    let whose: String
    /// The names of its defaults.
    let gives: String
    let version: String
    let changed: TimeView

    init(_ type: Resource, _ times: TimeText) {
        id = type.id.description
        path = "\(LocalPath.jobTypes.text)/\(type.id)"
        name = ShownText.line(type.name)
        about = type.body["about"]?.stringValue.map { ShownText.line(String($0.prefix(Self.longestAbout))) }
        whose = type.space == Resource.everybody ? "All spaces" : "This space"
        let names = (type.body["defaults"]?.objectValue ?? [:]).keys.sorted()
        gives = names.isEmpty ? "nothing" : names.joined(separator: ", ")
        version = "\(type.version)"
        changed = times.view(type.updatedAt, zone: "UTC")
    }
}

/// One job type's page.
struct JobTypeView: Sendable {
    let title: String
    let type: JobTypeRowView
    let about: String?
    let defaults: String
    /// The list of its jobs.
    let jobs: String
    let mayWrite: Bool
    let form: EditorView.Problems

    init(_ type: Resource, _ times: TimeText, mayWrite: Bool, refusal: Problem?) {
        self.type = JobTypeRowView(type, times)
        title = self.type.name
        about = type.body["about"]?.stringValue.map(ShownText.output)
        defaults = ShownText.output(PrettyJSON.text(type.body["defaults"] ?? .object([:])))
        jobs = "/jobs?type=\(PercentText.encoded(type.name))"
        self.mayWrite = mayWrite
        form = PlacedFields([], texts: [:], refusal: refusal).form
    }
}

/// A job type's form.
struct JobTypeFormView: Sendable {
    let title: String
    let target: String
    /// Where one goes who changes nothing.
    let back: String
    /// What it is, whose it is and what it is for.
    let what: [EditorFieldView]
    let when: [EditorFieldView]
    let failure: [EditorFieldView]
    let more: EditorFieldView?
    let form: EditorView.Problems
    let version: String
    /// The newer version, if somebody else was faster.
    let conflict: String?
    let affected: JobTypeAffected?
    let button: String

    init(_ state: JobTypeForm, over type: Resource?, version: String, refusal: Problem?, affected: JobTypeAffected?) {
        let path = type.map { "\(LocalPath.jobTypes.text)/\($0.id)" }
        title = type.map { "Edit \(ShownText.line($0.name))" } ?? "New job type"
        target = path.map { "\($0)/edit" } ?? "\(LocalPath.jobTypes.text)/new"
        back = path ?? LocalPath.jobTypes.text
        let whatFields =
            type == nil ? [JobTypeForm.name, JobTypeForm.isGlobal, JobTypeForm.about] : [JobTypeForm.about]
        let isConflict = refusal?.kind == .versionMismatch
        let placed = PlacedFields(
            whatFields + JobTypeForm.defaults + [JobTypeForm.more], texts: state.texts,
            refusal: isConflict ? nil : refusal?.ofDefaults, rest: JobTypeForm.more)
        let whenNames = Set(EditorFields().when.map(\.name))
        let failureNames = Set(EditorFields().failure.map(\.name))
        what = placed.views.filter { view in whatFields.contains { $0.name == view.name } }
        when = placed.views.filter { whenNames.contains($0.name) }
        failure = placed.views.filter { failureNames.contains($0.name) }
        more = placed[JobTypeForm.more.name]
        form = placed.form
        self.version = version
        conflict = isConflict ? type.map { "\($0.version)" } : nil
        self.affected = affected
        button = affected.map { "Save, and change \($0.jobs)" } ?? "Save"
    }
}

/// The jobs that a change changes, for somebody to look at before it is made.
struct JobTypeAffected: Sendable {
    /// Of them so many are named.
    private static let named = 10

    /// `12 jobs`
    let jobs: String
    let sample: [DecisionView.Sample]
    let more: String?
    /// What is sent back by whoever has seen it: how many they are, and by which change.
    let mark: String

    init(_ affected: [JobAnswer], by body: JSONValue) {
        let count = affected.count
        jobs = "\(CountText.text(count)) \(ManyJobsPages.things(count))"
        sample = affected.prefix(Self.named).map { job in
            .init(text: ShownText.line(job.definition["name"]?.stringValue ?? ""), path: "/jobs/\(job.id)")
        }
        more = count > Self.named ? "and \(CountText.text(count - Self.named)) more" : nil
        mark = "\(count).\(Base64.url.text(WebKeys.digest(JSONWriter.text(body))))"
    }

    static func counted(_ count: Int) -> String {
        "\(CountText.text(count)) \(ManyJobsPages.things(count)) \(count == 1 ? "has" : "have") changed"
    }
}

extension Problem {
    /// Of a default the field is named as jobs have it.
    fileprivate var ofDefaults: Problem {
        let prefix = "defaults."
        var problem = self
        problem.errors = errors.map { error in
            guard error.field.hasPrefix(prefix) else { return error }
            return FieldProblem(
                field: String(error.field.dropFirst(prefix.count)), message: error.message, column: error.column)
        }
        return problem
    }
}
