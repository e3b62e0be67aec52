import CronModel
import CronSchedule

/// The list of users as its template sees it.
struct UsersPageView: Sendable {
    let rows: [UserView]
    let next: String?
    let isFirst: Bool
    let mayChange: Bool

    init(_ page: Page<User>, isFirst: Bool, _ times: TimeText, for request: WebRequest) {
        rows = page.items.map { UserView($0, times, for: request) }
        next = page.next.map { RunsFilter.path(.users, [("cursor", $0.text)]) }
        self.isFirst = isFirst
        mayChange = request.visitor?.allows(Permission(.people, .write)) ?? false
    }
}

/// A user in the list, and the head of their own page.
struct UserView: Sendable {
    let id: String
    let path: String
    let email: String
    let called: String?
    let role: String
    let roleAbout: String
    let state: StateView
    let disabled: TimeView?
    let added: TimeView
    let isOwn: Bool

    init(_ user: User, _ times: TimeText, for request: WebRequest) {
        id = user.id.description
        path = "\(LocalPath.users.text)/\(user.id)"
        email = ShownText.line(user.email)
        called = user.name.map(ShownText.line)
        role = user.role.title
        roleAbout = user.role.about
        state =
            user.disabledAt == nil
            ? StateView(key: "active", word: "Active") : StateView(key: "disabled", word: "Disabled")
        disabled = user.disabledAt.map { times.view($0, zone: "UTC") }
        added = times.view(user.createdAt, zone: "UTC")
        isOwn = user.id == request.visitor?.user.id
    }
}

/// One user as its template sees it.
struct UserPageView: Sendable {
    let user: UserView
    let form: FormView
    let mayChange: Bool
    let isOwn: Bool
    let isDisabled: Bool
    let auditPath: String?
    let crumb = SettingsCrumb.users

    init(_ user: User, _ form: FormView, _ times: TimeText, for request: WebRequest) {
        self.user = UserView(user, times, for: request)
        self.form = form
        mayChange = request.visitor?.allows(Permission(.people, .write)) ?? false
        isOwn = self.user.isOwn
        isDisabled = user.disabledAt != nil
        let mayRead = request.visitor?.allows(Permission(.audit, .read)) ?? false
        auditPath = mayRead ? RunsFilter.path(.audit, [("target", user.id.description)]) : nil
    }
}

/// A page with one form that makes something.
struct SettingFormView: Sendable {
    let form: FormView
    let about: String
    let target: String
    let button: String
    let back: String
    let crumb: SettingsCrumb
}

/// A secret that was made just now, and that nobody sees again.
struct ShownOnceView: Sendable {
    let label: String
    let secret: String
    let about: String
    let facts: [DecisionView.Part]
    let back: String
    let crumb: SettingsCrumb
}
