import CronModel
import CronSchedule
import HTTPTypes

/// Signing in and out, and the first account.
struct AccountPages: Sendable {
    let accounts: Accounts
    let keys: WebKeys

    // MARK: Signing in

    @Sendable func login(_ request: WebRequest) async throws -> WebReply {
        let next = try Self.next(request)
        if request.visitor != nil { return .seeOther(next) }
        if try await isFirstStart { return .seeOther(.setup) }
        return .page(try await loginPage(FormView(Self.loginFields), next))
    }

    @Sendable func signIn(_ request: WebRequest) async throws -> WebReply {
        let next = request.next(else: .home)
        do {
            return try await begin(request.form.json, request, next)
        } catch let problem as Problem where problem.isAboutForm {
            let form = FormView(Self.loginFields, typed: request.form, problem: problem)
            return .page(try await loginPage(form, next, problem))
        }
    }

    @Sendable func signOut(_ request: WebRequest) async throws -> WebReply {
        if let session = request.session {
            try await accounts.logout(.object(["refresh_token": .string(session.refreshToken)]))
        }
        let gone = WebCookie.session.field(nil, life: .zero, isSecure: request.isSecure)
        return .seeOther(.login, Flash("You are signed out."), cookies: [gone])
    }

    private func begin(_ json: JSONValue, _ request: WebRequest, _ next: LocalPath) async throws -> WebReply {
        let session = try await accounts.login(json, from: request.base.caller)
        let cookie = WebSession(family: session.family, refreshToken: session.refreshToken).cookie(keys)
        let field = WebCookie.session.field(cookie, life: accounts.refreshTokens.life, isSecure: request.isSecure)
        return .seeOther(next, cookies: [field])
    }

    private func loginPage(_ form: FormView, _ next: LocalPath, _ problem: Problem? = nil) async throws -> WebPage {
        let view = SignInView(form: form, next: next.text, mayRegister: try await mayRegister)
        return .form("Sign in", "login", view, problem)
    }

    // MARK: The first account

    @Sendable func setup(_ request: WebRequest) async throws -> WebReply {
        guard try await mayRegister else { return .seeOther(.login) }
        return .page(setupPage(FormView(setupFields)))
    }

    @Sendable func register(_ request: WebRequest) async throws -> WebReply {
        do {
            _ = try await accounts.register(request.form.json, from: request.base.caller)
            let credentials = request.form.json.objectValue?.filter { ["email", "password"].contains($0.key) }
            return try await begin(.object(credentials ?? [:]), request, .home)
        } catch {
            let problem = Problem(error)
            guard problem.isAboutForm else { throw error }
            return .page(setupPage(FormView(setupFields, typed: request.form, problem: problem), problem))
        }
    }

    private func setupPage(_ form: FormView, _ problem: Problem? = nil) -> WebPage {
        .form("Set up Cron++", "setup", SetupView(form: form, needsCode: needsCode), problem)
    }

    private var needsCode: Bool { accounts.registration == .first }

    private var mayRegister: Bool {
        get async throws {
            switch accounts.registration {
            case .open: true
            case .closed: false
            case .first: try await !accounts.store.hasUsers()
            }
        }
    }

    private var isFirstStart: Bool {
        get async throws { needsCode ? try await !accounts.store.hasUsers() : false }
    }

    /// Where a link wants to go on to; no other page's address is believed.
    private static func next(_ request: WebRequest) throws -> LocalPath {
        var query = request.query
        let next = query.string("next").flatMap { LocalPath($0) } ?? .home
        try query.finish()
        return next
    }
}

// MARK: - Fields

extension AccountPages {
    private static let email = FormField(name: "email", label: "Email", type: "email", autocomplete: "username")

    static let loginFields = [
        email,
        FormField(name: "password", label: "Password", type: "password", autocomplete: "current-password"),
    ]

    private var setupFields: [FormField] {
        let code = FormField(
            name: "setup_code", label: "Setup code",
            hint: "The server has printed it into its log at its first start. Nobody else can make the first account.")
        return (needsCode ? [code] : []) + [
            Self.email,
            FormField(
                name: "name", label: "Your name", autocomplete: "name", hint: "As others see it. May be left empty.",
                isRequired: false),
            FormField(
                name: "password", label: "Password", type: "password", autocomplete: "new-password",
                hint: "At least \(Passwords.fewestCharacters) characters."),
        ]
    }
}

struct SignInView: Sendable {
    let form: FormView
    let next: String
    let mayRegister: Bool
}

struct SetupView: Sendable {
    let form: FormView
    let needsCode: Bool
}

extension LocalPath {
    static let setup = LocalPath("/setup") ?? .home
}

extension Problem {
    /// Whether it is about what was typed, and belongs beside it.
    var isAboutForm: Bool {
        switch kind {
        case .validation, .unauthenticated, .forbidden, .conflict, .tooManyAttempts, .limitReached: true
        default: false
        }
    }
}

extension WebPage {
    /// A page with a form; with what is wrong with it, if it was sent.
    static func form(_ title: String, _ template: String, _ view: some Sendable, _ problem: Problem?) -> WebPage {
        var page = WebPage(title: title, template: template, view: view)
        guard let problem else { return page }
        // 401 asks for HTTP's own sign-in, which this is not.
        page.status = problem.kind == .unauthenticated ? .unprocessableContent : problem.kind.status
        page.headers = problem.headers
        return page
    }
}
