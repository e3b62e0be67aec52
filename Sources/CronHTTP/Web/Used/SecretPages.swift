import CronEngine
import CronModel
import CronSchedule

/// Secrets: set and replaced, and never shown, also not to whoever has just typed one.
struct SecretPages: Sendable {
    let secrets: SecretControl
    let clock: any EngineClock

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        let filter = try NamedFilter(request, of: .secrets)
        let page = try await secrets.list(filter.query(.secret, spaces: [request.base.owner]))
        let times = TimeText(now: clock.now, choices: request.choices)
        let view = SecretListView(
            list: NamedListView(filter, page, for: request), rows: page.items.map { SecretRowView($0, times) })
        return .page(WebPage(title: "Secrets", template: "secrets", view: view))
    }

    @Sendable func new(_ request: WebRequest) async throws -> WebReply {
        var query = request.query
        try query.finish()
        return page(request, over: nil)
    }

    @Sendable func edit(_ request: WebRequest) async throws -> WebReply {
        page(request, over: try await found(request))
    }

    // MARK: The form's buttons

    @Sendable func create(_ request: WebRequest) async throws -> WebReply { try await put(request, over: nil) }

    @Sendable func save(_ request: WebRequest) async throws -> WebReply {
        try await put(request, over: try await found(request))
    }

    @Sendable func delete(_ request: WebRequest) async throws -> WebReply {
        let name = try request.settingName()
        try await secrets.delete(name, version: nil, by: request.base.actor)
        return .seeOther(.secrets, Flash("\(name) is deleted."))
    }

    private func put(_ request: WebRequest, over found: Resource?) async throws -> WebReply {
        do {
            let (secret, isNew) = try await secrets.put(
                found?.name ?? request.form["name"] ?? "", Self.body(request.form),
                if: found == nil ? .absent : .exists,
                by: request.base.actor)
            return .seeOther(.secrets, Flash(isNew ? "\(secret.name) is set." : "\(secret.name) is replaced."))
        } catch {
            let problem = Problem(error)
            guard problem.isMendedAtForm else { throw error }
            return page(request, over: found, refusal: problem.atName(of: found))
        }
    }

    /// As the API takes it, from the one field or the other.
    private static func body(_ form: FormFields) throws(Problem) -> JSONValue {
        let given = [SecretFields.value, SecretFields.lines].compactMap { form[$0.name] }.filter { !$0.isEmpty }
        guard given.count < 2 else { throw .invalid(SecretFields.lines.name, "are a second value; give one") }
        guard let value = given.first else { return .object([:]) }
        return .object(["value": .string(value)])
    }

    private func page(_ request: WebRequest, over found: Resource?, refusal: Problem? = nil) -> WebReply {
        let times = TimeText(now: clock.now, choices: request.choices)
        let view = SecretView(
            name: found?.name ?? request.form["name"] ?? "", found: found.map { SecretRowView($0, times) },
            refusal: refusal)
        return .page(.form(view.title, "secret", view, refusal))
    }

    private func found(_ request: WebRequest) async throws -> Resource {
        try await secrets.read(request.settingName(), space: request.base.owner)
    }
}

enum SecretFields {
    static let name = EditorField(
        "name", "Name", hint: "Letters, digits, “_” and “-”. Actions name it so.", isRequired: true, isCode: true)
    static let value = EditorField("value", "Value", hint: "Nobody can read it back.", control: .secret)
    static let lines = EditorField(
        "lines", "or several lines", hint: "Such as a private key. Lines end in a line feed.", control: .area(rows: 4),
        isCode: true)
}

/// The list as its template sees it.
struct SecretListView: Sendable {
    let list: NamedListView
    let rows: [SecretRowView]
    let use = SecretView.use
}

struct SecretRowView: Sendable {
    let id: String
    let name: String
    let edit: String
    let version: String
    let isFirst: Bool
    let changed: TimeView

    init(_ secret: Resource, _ times: TimeText) {
        id = secret.id.description
        name = secret.name
        edit = "\(LocalPath.secrets.text)/edit?name=\(secret.name)"
        version = "\(secret.version)"
        isFirst = secret.version == 1
        changed = times.view(secret.updatedAt, zone: "UTC")
    }
}

/// The form as its template sees it: without any value.
struct SecretView: Sendable {
    /// Nothing of Mustache's.
    static let use = "{{secrets.NAME}}"

    let title: String
    let target: String
    let found: SecretRowView?
    let delete: String?
    /// How actions name it.
    let use: String
    let nameField: EditorFieldView?
    let fields: [EditorFieldView]
    let form: EditorView.Problems
    let button: String
    let isRefused: Bool

    init(name: String, found: SecretRowView?, refusal: Problem?) {
        title = found.map { "Replace \($0.name)" } ?? "New secret"
        target = found?.edit ?? "\(LocalPath.secrets.text)/new"
        self.found = found
        delete = found.map { "\(LocalPath.secrets.text)/delete?name=\($0.name)" }
        use = found.map { "{{secrets.\($0.name)}}" } ?? Self.use
        let placed = PlacedFields(
            (found == nil ? [SecretFields.name] : []) + [SecretFields.value, SecretFields.lines],
            texts: [SecretFields.name.name: name], refusal: refusal)
        nameField = placed[SecretFields.name.name]
        fields = placed.views.filter { $0.name != SecretFields.name.name }
        form = placed.form
        button = found == nil ? "Set" : "Replace"
        isRefused = refusal != nil
    }
}
