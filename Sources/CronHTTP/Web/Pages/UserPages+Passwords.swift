import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// New accounts, and links by which their owners choose passwords: nobody else ever knows one.
extension UserPages {
    @Sendable func new(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        return .page(newPage(request))
    }

    @Sendable func create(_ request: WebRequest) async throws -> WebReply {
        _ = try request.base.session
        do {
            let (user, reset) = try await people.invite(request.form.json, by: request.base.actor)
            return .page(
                linkPage("\(name(user)) is added", user, reset, request))
        } catch {
            let problem = Problem(error)
            guard problem.isAboutForm else { throw error }
            return .page(newPage(request, problem))
        }
    }

    @Sendable func reviewLink(_ request: WebRequest) async throws -> WebReply {
        let user = try await user(request)
        let view = DecisionView(
            "Make a link for", name(user), button: "Make the link",
            consequence: "Whoever opens it chooses a new password for this account, which ends its sessions. It works once, "
                + "within \(DurationText.coarse(People.resetLife)). Links that were made before work no more. "
                + "Until it is used, the password stays as it is.",
            action: "\(path(user).text)/password", isGrave: false, parts: Self.parts(user), back: path(user))
        return .page(WebPage(title: view.title, template: "decision", view: view, section: .settings))
    }

    @Sendable func makeLink(_ request: WebRequest) async throws -> WebReply {
        let user = try await user(request)
        _ = try request.base.session
        let reset = try await people.reset(user.id, by: request.base.actor)
        return .page(linkPage("A link for \(name(user))", user, reset, request))
    }

    private func newPage(_ request: WebRequest, _ problem: Problem? = nil) -> WebPage {
        let view = SettingFormView(
            form: FormView(Self.newFields, typed: request.form, problem: problem),
            about: "You are shown a link, by which whoever it is for chooses a password.",
            target: "\(LocalPath.users.text)/new", button: "Add the user", back: LocalPath.users.text, crumb: .users)
        var page = WebPage.form("Add a user", "setting-form", view, problem)
        page.section = .settings
        return page
    }

    /// The answer to the form itself: neither an address nor a cookie ever holds the token.
    private func linkPage(_ title: String, _ user: User, _ reset: PasswordReset, _ request: WebRequest) -> WebPage {
        let expiry = times(request).view(reset.expiresAt, zone: "UTC")
        let view = ShownOnceView(
            label: "Link for a password",
            secret: PasswordPage.link(publicURL ?? Self.origin(of: request), token: reset.token),
            about: "Hand it to whoever the account is for, by a way that only they read. It is shown only now.",
            facts: [
                DecisionView.Part(label: "Account", value: name(user)),
                DecisionView.Part(label: "Works", value: "once, until \(expiry.absolute) \(expiry.zone)"),
            ], back: path(user).text, crumb: .users)
        return WebPage(title: title, template: "shown-once", view: view, section: .settings)
    }

    /// Where the visitor's own browser reaches the server. Mails never hold this: there somebody else could have chosen it.
    private static func origin(of request: WebRequest) -> String {
        "\(request.isSecure ? "https" : "http")://\(request.http.head.authority ?? "")"
    }

    private static let newFields = [
        FormField(name: "email", label: "Email", type: "email"),
        FormField(name: "name", label: "Name", hint: "As others see it. May be left empty.", isRequired: false),
        role(of: nil),
    ]
}
