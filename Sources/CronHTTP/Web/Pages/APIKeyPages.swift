import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// One's own API keys.
struct APIKeyPages: Sendable {
    static let region = "api-keys-region"

    let keys: APIKeys
    let clock: any EngineClock

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        let own = try await keys.list(of: request.base.session.user, descending: true)
        let view = APIKeysPageView(own, TimeText(now: clock.now, choices: request.choices))
        return .page(
            WebPage(
                title: "API keys", template: "api-keys", view: view, regions: [Self.region], section: .settings))
    }

    @Sendable func new(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        return .page(newPage(try fields(request), request))
    }

    /// Answered by the page with the key itself: neither an address nor a cookie ever holds it.
    @Sendable func create(_ request: WebRequest) async throws -> WebReply {
        let fields = try fields(request)
        do {
            let (key, secret) = try await keys.create(
                json(fields, request), by: request.base.session, request.base.actor)
            return .page(madePage(key, secret))
        } catch {
            var problem = Problem(error)
            guard problem.isAboutForm else { throw error }
            problem.errors = problem.errors.map { error in
                guard error.field == Self.scopesName else { return error }
                return FieldProblem(field: error.field, message: "tick at least one thing that it may do")
            }
            return .page(newPage(fields, request, problem))
        }
    }

    @Sendable func review(_ request: WebRequest) async throws -> WebReply {
        let key = try await keys.read(request.base.id(), of: request.base.session.user)
        let row = APIKeyRowView(key, TimeText(now: clock.now, choices: request.choices))
        let used = row.used.map { "\($0.relative) (\($0.absolute) \($0.zone))" } ?? "never"
        let view = DecisionView(
            "Revoke", row.name,
            consequence: "Whatever signs in with it is refused, on all nodes within a second. This cannot be undone.",
            action: "\(row.path)/revoke", isGrave: true,
            parts: [
                DecisionView.Part(label: "Begins with", value: row.beginning),
                DecisionView.Part(label: "Last used", value: used),
            ], back: .apiKeys)
        return .page(WebPage(title: view.title, template: "decision", view: view, section: .settings))
    }

    @Sendable func revoke(_ request: WebRequest) async throws -> WebReply {
        let user = try request.base.session.user
        let key = try await keys.read(request.base.id(), of: user)
        try await keys.delete(key.id, of: user, by: request.base.actor)
        return .seeOther(.apiKeys, Flash("\(ShownText.line(key.name)) is revoked."))
    }

    // MARK: Parts

    private func newPage(_ fields: [FormField], _ request: WebRequest, _ problem: Problem? = nil) -> WebPage {
        let view = SettingFormView(
            form: FormView(fields, typed: request.form, problem: problem),
            about: "It acts in your name, and does no more than what you tick. You are shown it once.",
            target: "\(LocalPath.apiKeys.text)/new", button: "Make the key", back: LocalPath.apiKeys.text,
            crumb: .apiKeys)
        var page = WebPage.form("New API key", "setting-form", view, problem)
        page.section = .settings
        return page
    }

    private func madePage(_ key: Resource, _ secret: String) -> WebPage {
        let view = ShownOnceView(
            label: "API key", secret: secret,
            about: "Copy it to where it is used. It is shown only now: the server itself keeps no more than a hash of it.",
            facts: [
                DecisionView.Part(label: "Key", value: ShownText.line(key.name)),
                DecisionView.Part(label: "As a header", value: "Authorization: Bearer \(APIKey.prefix)…"),
            ], back: LocalPath.apiKeys.text, crumb: .apiKeys)
        return WebPage(
            title: "\(ShownText.line(key.name)) is made", template: "shown-once", view: view, section: .settings,
            status: .created)
    }

    /// As the API takes it. A date is midnight by the visitor's clocks.
    private func json(_ fields: [FormField], _ request: WebRequest) -> JSONValue {
        let scopes = fields.first { $0.name == Self.scopesName }.map(request.form.ticked) ?? []
        var members: [String: JSONValue] = [Self.scopesName: .array(scopes.map { .string($0) })]
        if let name = request.form["name"], !name.isEmpty { members["name"] = .string(name) }
        if let date = request.form["expires_at"], !date.isEmpty {
            let expiry = TypedTime.instant(date, in: request.choices.zone(job: "UTC"))
            members["expires_at"] = .string(expiry?.description ?? date)
        }
        return .object(members)
    }

    private static let scopesName = "scopes"

    private func fields(_ request: WebRequest) throws(Problem) -> [FormField] {
        let role = try request.base.session.user.role
        return [
            FormField(name: "name", label: "Name", hint: "What uses it. No two keys of a space have the same name."),
            FormField(
                name: "expires_at", label: "Expires", type: "date",
                hint: "At the beginning of that day, by the clocks that pages show. Without a date it stays good until it is revoked.",
                isRequired: false),
            FormField(
                name: Self.scopesName, label: "It may",
                options: Permission.inWords.filter { role.allows($0.scope) }.map {
                    FormOption(value: $0.scope.text, label: $0.words)
                }, isMany: true),
        ]
    }
}

extension Permission {
    /// Those that make a difference to a key, for people: changing users takes a password.
    fileprivate static let inWords: [(scope: Permission, words: String)] = [
        (Permission(.jobs, .read), "Jobs: see them, their runs and dead letters"),
        (Permission(.jobs, .operate), "Jobs: also pause, run, cancel and redrive"),
        (Permission(.jobs, .write), "Jobs: also make, change and delete them"),
        (Permission(.settings, .read), "Settings: see job types, connections, channels and names of secrets"),
        (Permission(.settings, .write), "Settings: also change them"),
        (Permission(.commands, .write), "Commands: make jobs that run a program on the nodes"),
        (Permission(.people, .read), "Users: see them"),
        (Permission(.audit, .read), "Audit log: read it"),
    ]
}
