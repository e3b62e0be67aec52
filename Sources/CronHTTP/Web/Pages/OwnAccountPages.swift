import CronModel
import CronSchedule
import Hummingbird

/// What everybody may do about their own account.
struct OwnAccountPages: Sendable {
    static let region = "account-region"

    let accounts: Accounts
    let people: People
    let clock: any EngineClock

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        return .page(try await page(request))
    }

    @Sendable func save(_ request: WebRequest) async throws -> WebReply {
        do {
            switch request.form["_do"] {
            case "name": return try await rename(request)
            case "password": return try await changePassword(request)
            default: throw Problem.invalid("_do", "is not what the page had")
            }
        } catch {
            let problem = Problem(error)
            guard problem.isAboutForm else { throw error }
            return .page(try await page(request, problem))
        }
    }

    private func rename(_ request: WebRequest) async throws -> WebReply {
        // Nothing typed is no name, and not an empty one.
        let name = request.form["name"].flatMap { $0.isEmpty ? nil : $0 }
        _ = try await accounts.rename(
            .object(["name": .text(name)]), of: request.base.session, from: request.base.caller)
        return .seeOther(.account, Flash("Your name is saved."))
    }

    private func changePassword(_ request: WebRequest) async throws -> WebReply {
        try await accounts.changePassword(
            request.form.json, of: request.base.session, from: request.base.caller)
        return .seeOther(.account, Flash("Your password is changed. You are signed out everywhere else."))
    }

    private func page(_ request: WebRequest, _ problem: Problem? = nil) async throws -> WebPage {
        let user = try request.base.session.user
        let name = Self.name(user)
        let form = FormView([name] + Self.passwords, typed: request.form, problem: problem)
        let view = OwnAccountView(
            user, space: try await space(of: user), form, isName: { $0 == name.name },
            TimeText(now: clock.now, choices: request.choices))
        var page = WebPage.form("Your account", "account", view, problem)
        page.regions = [Self.region]
        page.section = .settings
        return page
    }

    /// A space is known by whose it was first.
    private func space(of user: User) async throws -> String {
        if user.space == user.id { return "your own" }
        let email = try await people.emails(of: [user.space], space: user.space)[user.space]
        return email.map { "that of \(ShownText.line($0))" } ?? user.space.description
    }

    private static func name(_ user: User) -> FormField {
        FormField(
            name: "name", label: "Your name", autocomplete: "name", hint: "As others see it. May be left empty.",
            isRequired: false, value: user.name ?? "")
    }

    private static let passwords = [
        FormField(
            name: "current_password", label: "Current password", type: "password", autocomplete: "current-password"),
        FormField(
            name: "new_password", label: "New password", type: "password", autocomplete: "new-password",
            hint: "At least \(Passwords.fewestCharacters) characters."),
    ]
}

struct OwnAccountView: Sendable {
    let email: String
    let role: String
    let roleAbout: String
    let space: String
    let made: TimeView
    /// All that is wrong, of either form.
    let form: FormView
    let nameFields: [FieldView]
    let passwordFields: [FieldView]

    init(_ user: User, space: String, _ form: FormView, isName: (String) -> Bool, _ times: TimeText) {
        email = ShownText.line(user.email)
        role = user.role.title
        roleAbout = user.role.about
        self.space = space
        made = times.view(user.createdAt, zone: "UTC")
        self.form = form
        nameFields = form.fields.filter { isName($0.name) }
        passwordFields = form.fields.filter { !isName($0.name) }
    }
}

extension UserRole {
    var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    /// What it may do, in words: each role may do what those before it may.
    var about: String {
        switch self {
        case .viewer: "Sees jobs, runs and settings."
        case .operator: "Sees everything here; pauses, runs, cancels and redrives."
        case .editor: "Does what operators do; makes, changes and deletes jobs and what they use."
        case .admin: "Does everything; looks after users and commands, and reads the audit log."
        }
    }
}
