import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// Who works in the space: for its admins.
struct UserPages: Sendable {
    static let rows = 50
    static let listRegion = "users-region"
    static let region = "user-region"

    let people: People
    /// Where people reach the server, if the operator has said so.
    let publicURL: String?
    let clock: any EngineClock

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        var query = UserQuery(space: try request.base.owner)
        var reader = request.query
        (_, query.after, _) = reader.page()
        try reader.finish()
        query.limit = Self.rows
        let view = UsersPageView(
            try await people.list(query), isFirst: query.after == nil, times(request), for: request)
        return .page(
            WebPage(
                title: "Users", template: "users", view: view, regions: [Self.listRegion], section: .settings))
    }

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        return .page(page(try await user(request), request))
    }

    @Sendable func changeRole(_ request: WebRequest) async throws -> WebReply {
        let user = try await user(request)
        do {
            let changed = try await edit(user, ["role": .text(request.form["role"])], request)
            // Whoever is no admin any more sees no users.
            let isOut = changed.id == request.visitor?.user.id && !changed.role.allows(Permission(.people, .read))
            return .seeOther(
                isOut ? .settings : path(user), Flash("The role of \(name(user)) is \(changed.role.rawValue) now."))
        } catch {
            return try refused(error, user, request, at: "role")
        }
    }

    // MARK: Disabling

    @Sendable func reviewDisabling(_ request: WebRequest) async throws -> WebReply {
        let user = try await user(request)
        guard user.disabledAt == nil else { return .seeOther(path(user)) }
        let own = user.id == request.visitor?.user.id ? " It is your own: you are signed out at once." : ""
        let view = DecisionView(
            "Disable", name(user),
            consequence: "Its sessions end and its API keys are refused, on all nodes within a second. "
                + "Jobs go on, also those that it made. It can be enabled again.\(own)",
            action: "\(path(user).text)/disable", isGrave: true, parts: Self.parts(user), back: path(user))
        return .page(WebPage(title: view.title, template: "decision", view: view, section: .settings))
    }

    @Sendable func disable(_ request: WebRequest) async throws -> WebReply {
        let user = try await user(request)
        do {
            _ = try await edit(user, ["disabled": .bool(true)], request)
            return .seeOther(path(user), Flash("\(name(user)) is disabled."))
        } catch {
            return try refused(error, user, request)
        }
    }

    @Sendable func enable(_ request: WebRequest) async throws -> WebReply {
        let user = try await user(request)
        _ = try await edit(user, ["disabled": .bool(false)], request)
        return .seeOther(path(user), Flash("\(name(user)) is enabled, with the password that it had."))
    }

    // MARK: Parts

    private func edit(_ user: User, _ change: [String: JSONValue], _ request: WebRequest) async throws -> User {
        _ = try request.base.session
        return try await people.edit(user.id, .object(change), by: request.base.actor)
    }

    /// What is in conflict with the space is to leave it without an admin.
    private func refused(
        _ error: any Error, _ user: User, _ request: WebRequest, at field: String? = nil
    ) throws -> WebReply {
        var problem = Problem(error)
        guard problem.isAboutForm else { throw error }
        if problem.kind == .conflict {
            let words = "\(problem.detail), so nothing was changed. Make somebody else an admin first"
            problem = Problem(
                .conflict, words, errors: field.map { [FieldProblem(field: $0, message: words)] } ?? [])
        }
        return .page(page(user, request, problem))
    }

    private func page(_ user: User, _ request: WebRequest, _ problem: Problem? = nil) -> WebPage {
        let form = FormView([Self.role(of: user)], typed: request.form, problem: problem)
        let view = UserPageView(user, form, times(request), for: request)
        var page = WebPage.form(name(user), "user", view, problem)
        page.regions = [Self.region]
        page.section = .settings
        return page
    }

    func user(_ request: WebRequest) async throws -> User {
        try await people.read(request.base.id(), space: request.base.owner)
    }

    func times(_ request: WebRequest) -> TimeText { TimeText(now: clock.now, choices: request.choices) }

    func path(_ user: User) -> LocalPath { LocalPath("\(LocalPath.users.text)/\(user.id)") ?? .users }

    func name(_ user: User) -> String { ShownText.line(user.email) }

    static func parts(_ user: User) -> [DecisionView.Part] {
        let name = user.name.map { [DecisionView.Part(label: "Name", value: ShownText.line($0))] } ?? []
        return name + [DecisionView.Part(label: "Role", value: user.role.title)]
    }

    /// - Parameter user: nil for one that is to be made.
    static func role(of user: User?) -> FormField {
        FormField(
            name: "role", label: "Role",
            hint: UserRole.allCases.map { "\($0.title): \($0.about)" }.joined(separator: " ")
                + " A space keeps at least one admin.",
            options: UserRole.allCases.map { FormOption(value: $0.rawValue, label: $0.title) },
            value: (user?.role ?? .viewer).rawValue)
    }
}
