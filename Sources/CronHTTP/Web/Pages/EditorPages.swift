import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// Making and changing a job. Each button sends the whole form, so that nothing typed is lost, with or without script.
struct EditorPages: Sendable {
    static let previewRegion = "preview-region"
    static let retryRegion = "retry-region"
    static let reviewRegion = "review-region"
    static let testRegion = "test-region"
    /// Names that a list offers.
    static let names = 200

    let jobs: JobControl
    let tests: ActionTestControl
    let actions: ActionRegistry
    let store: any ResourceStore
    let counts: WebCounts
    let clock: any EngineClock

    // MARK: Showing

    @Sendable func new(_ request: WebRequest) async throws -> WebReply {
        var query = request.query
        let preset = query.choice("preset", EditorPreset.self)
        let from = query.id("from", of: JobKind.self)
        try query.finish()
        let fields = try await fields(request)
        var state = EditorForm(kind: kinds(request).first ?? "", fields)
        var notes: [String] = []
        if let preset {
            state.kind = preset.rawValue
            state.texts.merge(preset.texts) { $1 }
        } else if let from {
            let original = try await jobs.read(from, owner: request.base.owner)
            let (definition, hadSecrets) = Self.copy(original.definition)
            state = EditorForm(definition: definition, isEdit: false, fields)
            if hadSecrets { notes.append("Secrets are not copied: give them anew.") }
        }
        return try page(state, fields, request, editing: nil, id: freshID(), notes: notes)
    }

    @Sendable func edit(_ request: WebRequest) async throws -> WebReply {
        var query = request.query
        try query.finish()
        let job = try await jobs.read(request.base.id(), owner: request.base.owner)
        let fields = try await fields(request)
        let state = EditorForm(definition: .object(job.definition), isEdit: true, fields)
        return try page(state, fields, request, editing: job, version: job.version, id: job.id.description)
    }

    // MARK: The form's buttons

    @Sendable func create(_ request: WebRequest) async throws -> WebReply {
        let fields = try await fields(request)
        let sent = Sent(request.form, isEdit: false, kept: [], fields)
        let id = JobID(request.form["_id"] ?? "")?.description ?? freshID()
        if let reply = try await besides(sent, fields, request, nil, id: id) { return reply }
        var (definition, problems) = sent.state.definition(fields)
        do {
            guard problems.isEmpty else { throw Problem.invalid(problems) }
            // A schedule with `H` runs as it was previewed.
            if definition["id"] == nil { definition = definition.merging(patch: .object(["id": .string(id)])) }
            let (job, _) = try await jobs.create(
                definition, by: request.base.actor, idempotency: request.once("create a job"))
            counts.forget()
            return .seeOther(Self.path(job.id), Flash("\(Self.name(job)) is saved."))
        } catch {
            let problem = Problem(error)
            guard problem.isAboutForm, !Self.isLacking(error) else { throw error }
            problems = problem.errors
            return try page(sent.state, fields, request, editing: nil, id: id, problems: problems, refusal: problem)
        }
    }

    @Sendable func save(_ request: WebRequest) async throws -> WebReply {
        let job = try await jobs.read(request.base.id(), owner: request.base.owner)
        let fields = try await fields(request)
        let stored = EditorForm(definition: .object(job.definition), isEdit: true, fields)
        let sent = Sent(
            request.form, isEdit: true, kept: stored.kind == request.form["kind"] ? stored.kept : [], fields)
        guard let version = request.form["_version"].flatMap({ Int64($0) }) else {
            throw Problem.invalid("_version", "is not what the page had")
        }
        if let reply = try await besides(sent, fields, request, job, version: version, id: job.id.description) {
            return reply
        }
        let (definition, problems) = sent.state.definition(fields)
        do {
            guard problems.isEmpty else { throw Problem.invalid(problems) }
            let edited = try await jobs.edit(job.id, by: request.base.actor, .replace(definition), version: version)
            return .seeOther(Self.path(edited.id), Flash("\(Self.name(edited)) is saved as version \(edited.version)."))
        } catch {
            let problem = Problem(error)
            guard problem.isAboutForm || problem.kind == .versionMismatch, !Self.isLacking(error) else { throw error }
            return try page(
                sent.state, fields, request, editing: job, version: version, id: job.id.description,
                problems: problem.errors, refusal: problem)
        }
    }

    /// What buttons do that save nothing; nil for the one that saves.
    private func besides(
        _ sent: Sent, _ fields: EditorFields, _ request: WebRequest, _ job: JobAnswer?, version: Int64? = nil,
        id: String
    ) async throws -> WebReply? {
        var sent = sent
        let form = request.form
        if let kind = form["_kind"] {
            sent.state.kind = String(kind.prefix(JobLimit.nameBytes))
        } else if let schedule = form["_fill"] {
            sent.state.texts["schedule"] = schedule
        } else if form["_do"] == "curl" {
            do throws(EditorFault) {
                let command = try CurlCommand(form["_curl"] ?? "")
                for name in ["action.headers", "action.body", "action.body.json"] { sent.state.texts[name] = nil }
                sent.state.texts.merge(command.texts) { $1 }
                sent.state.kind = "webhook"
            } catch {
                return try page(
                    sent.state, fields, request, editing: job, version: version, id: id,
                    curl: (form["_curl"] ?? "", error.message))
            }
        } else if form["_do"] == "test" {
            return try await test(sent, fields, request, job, version: version, id: id)
        } else if form["_do"] != "preview" {
            return nil
        }
        return try page(sent.state, fields, request, editing: job, version: version, id: id)
    }

    // MARK: The preview alone

    /// For scripts, from the whole form, and for a page of its own, from its address.
    @Sendable func preview(_ request: WebRequest) async throws -> WebReply {
        let form =
            request.http.method == .get ? try FormFields(Array((request.http.uri.query ?? "").utf8)) : request.form
        let fields = EditorFields()
        let state = EditorForm(form, isEdit: false, fields)
        let (definition, problems) = state.definition(fields)
        let view = PreviewPageView(
            schedule: form["schedule"] ?? "", timezone: form["timezone"] ?? "",
            preview: preview(state, definition, problems, id: form["_id"]), curve: curve(definition, problems),
            review: ShownText.output(PrettyJSON.text(Self.hidden(definition, fields, state.kind))))
        return .page(
            WebPage(
                title: "When would it run?", template: "preview", view: view,
                regions: [Self.previewRegion, Self.retryRegion, Self.reviewRegion], section: .jobs))
    }

    // MARK: Parts

    /// A form as it was sent.
    struct Sent {
        var state: EditorForm

        init(_ form: FormFields, isEdit: Bool, kept: Set<String>, _ fields: EditorFields) {
            state = EditorForm(form, isEdit: isEdit, fields)
            state.kept = kept
        }
    }

    func page(
        _ state: EditorForm, _ fields: EditorFields, _ request: WebRequest, editing job: JobAnswer?,
        version: Int64? = nil,
        id: String, problems: [FieldProblem] = [], refusal: Problem? = nil, curl: (text: String, error: String)? = nil,
        test: TestView? = nil, notes: [String] = []
    ) throws -> WebReply {
        let (definition, unread) = state.definition(fields)
        let shown = Self.hidden(definition, fields, state.kind)
        let isConflict = refusal?.kind == .versionMismatch
        let path = job.map { "/jobs/\($0.id)" }
        var view = EditorView(
            state, fields, heading: job.map { "Edit \(Self.name($0))" } ?? "New job",
            target: path.map { "\($0)/edit" } ?? "/jobs/new",
            back: path ?? "/jobs", kinds: kinds(request),
            // Who saves again after a conflict means the newer version.
            version: isConflict ? job?.version : version, jobID: id, problems: problems, refusal: refusal,
            preview: preview(state, definition, unread, id: id), curve: curve(definition, unread), review: shown,
            testing: actions[state.kind].map { $0.hasDryRun ? .dryRun : .real })
        view.notes = notes
        view.test = test
        if let curl { (view.curl, view.curlError) = (curl.text, curl.error) }
        if isConflict, let job, let path {
            view.conflict = EditorView.Conflict(
                version: "\(job.version)", theirs: ShownText.output(PrettyJSON.text(.object(job.definition))),
                yours: ShownText.output(PrettyJSON.text(shown)), path: "\(path)/edit")
        }
        var page = WebPage.form(view.heading, "editor", view, refusal)
        page.section = .jobs
        page.regions = [Self.testRegion]
        if view.curlError != nil { page.status = .unprocessableContent }
        return .page(page)
    }

    private func preview(
        _ state: EditorForm, _ definition: JSONValue, _ unread: [FieldProblem], id: String?
    ) -> PreviewView {
        guard let schedule = definition["schedule"]?.stringValue, !schedule.isEmpty else { return .blank }
        if let problem = unread.first(where: { $0.field == EditorFields.more.name }) {
            return PreviewView([problem], schedule: schedule)
        }
        do {
            let answer = try jobs.preview(state.previewRequest(definition, id: id))
            return PreviewView(answer, now: clock.now)
        } catch {
            return PreviewView(Problem(error).errors, schedule: schedule)
        }
    }

    private func curve(_ definition: JSONValue, _ unread: [FieldProblem]) -> RetryCurveView {
        RetryCurveView(unread.isEmpty ? EditorForm.retry(definition) : nil)
    }

    /// With marks in the place of secrets.
    private static func hidden(_ definition: JSONValue, _ fields: EditorFields, _ kind: String) -> JSONValue {
        guard var action = definition["action"]?.objectValue else { return definition }
        for name in secrets(fields, kind) where action[name] != nil { action[name] = .string(ActionSecrets.mark) }
        guard var members = definition.objectValue else { return definition }
        members["action"] = .object(action)
        return .object(members)
    }

    private static func secrets(_ fields: EditorFields, _ kind: String) -> [String] {
        fields.action(kind).filter(\.isSecret).compactMap { $0.keys.last } + ["signing_secrets", "client_key"]
    }

    /// What another job may have of it.
    private static func copy(_ definition: [String: JSONValue]) -> (JSONValue, hadSecrets: Bool) {
        var copy = definition
        copy["name"] = .string(
            String((definition["name"]?.stringValue ?? "").prefix(JobLimit.nameBytes / 4)) + " (copy)")
        let action = definition["action"]?.objectValue ?? [:]
        let open = action.filter { $0.value != .string(ActionSecrets.mark) }
        copy["action"] = .object(open)
        return (.object(copy), open.count < action.count)
    }

    private func fields(_ request: WebRequest) async throws -> EditorFields {
        EditorFields(
            connections: try await names(.connection, request), channels: try await names(.channel, request))
    }

    private func names(_ kind: Resource.Kind, _ request: WebRequest) async throws -> [String] {
        var query = ResourceQuery(kind, spaces: [try request.base.owner])
        query.limit = Self.names
        return try await store.resources(query).items.map(\.name).sorted()
    }

    /// Those that this server has and the visitor may define.
    private func kinds(_ request: WebRequest) -> [String] {
        let known = EditorFields.kinds + actions.types.filter { !EditorFields.kinds.contains($0) }
        return known.filter { kind in
            guard let runner = actions[kind] else { return false }
            guard let needed = runner.permission else { return true }
            return request.visitor?.allows(needed) ?? false
        }
    }

    private func freshID() -> String {
        var random = RandomSource()
        return JobID(at: clock.now, using: &random).description
    }

    static func isLacking(_ error: any Error) -> Bool {
        if case ControlError.lacking = error { true } else { false }
    }

    private static func path(_ id: JobID) -> LocalPath { LocalPath("/jobs/\(id)") ?? .home }

    private static func name(_ job: JobAnswer) -> String {
        ShownText.line(String((job.definition["name"]?.stringValue ?? "The job").prefix(100)))
    }
}

/// What a new job may begin with.
enum EditorPreset: String, CaseIterable, Sendable {
    case webhook, sql, alert

    var texts: [String: String] {
        switch self {
        case .webhook: ["name": "hello", "schedule": "*/5 * * * *", "action.url": "https://example.com/hook"]
        case .sql:
            [
                "name": "nightly clean-up", "schedule": "0 3 * * *",
                "action.sql": "DELETE FROM sessions WHERE expires_at < now()",
            ]
        case .alert:
            [
                "name": "reminder", "schedule": "in 30m", "action.title": "Reminder",
                "action.message": "{{job_name}}: it is time.",
            ]
        }
    }
}

/// The preview alone, as its template sees it.
struct PreviewPageView: Sendable {
    let schedule: String
    let timezone: String
    let preview: PreviewView
    let curve: RetryCurveView
    let review: String
}
