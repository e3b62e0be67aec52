import CronModel
import HTTPTypes

/// The index of all settings, and those pages of it that are about people: accounts, keys of their programs, what they did.
struct WebPeople: Sendable {
    private let settings: SettingsPages
    private let account: OwnAccountPages
    private let users: UserPages
    private let keys: APIKeyPages
    private let audit: AuditPages
    private let about: AboutPages

    init(
        accounts: Accounts, store: any Store, settings: HTTPSettings, node: @escaping @Sendable () -> NodeID
    ) {
        let people = People(accounts: accounts)
        let keys = APIKeys(store: store, identities: accounts.identities)
        self.settings = SettingsPages(people: people, keys: keys, store: store)
        account = OwnAccountPages(accounts: accounts, people: people, clock: store.clock)
        users = UserPages(people: people, publicURL: settings.publicURL, clock: store.clock)
        self.keys = APIKeyPages(keys: keys, clock: store.clock)
        audit = AuditPages(routes: AuditRoutes(store: store), people: people, clock: store.clock)
        about = AboutPages(
            version: settings.version, store: store.description, locks: settings.locks, node: node)
    }

    var routes: [WebRoute] {
        [
            WebRoute(.get, "/settings", .signedIn, settings.show),
            WebRoute(.get, "/settings/about", .signedIn, about.show),
            WebRoute(.get, "/settings/account", .signedIn, account.show),
            WebRoute(.post, "/settings/account", .signedIn, account.save),

            WebRoute(.get, "/settings/users", .people(.read), users.list),
            WebRoute(.get, "/settings/users/new", .people(.write), users.new),
            WebRoute(.post, "/settings/users/new", .people(.write), users.create),
            WebRoute(.get, "/settings/users/{id}", .people(.read), users.show),
            WebRoute(.post, "/settings/users/{id}", .people(.write), users.changeRole),
            WebRoute(.get, "/settings/users/{id}/password", .people(.write), users.reviewLink),
            WebRoute(.post, "/settings/users/{id}/password", .people(.write), users.makeLink),
            WebRoute(.get, "/settings/users/{id}/disable", .people(.write), users.reviewDisabling),
            WebRoute(.post, "/settings/users/{id}/disable", .people(.write), users.disable),
            WebRoute(.post, "/settings/users/{id}/enable", .people(.write), users.enable),

            WebRoute(.get, "/settings/api-keys", .signedIn, keys.list),
            WebRoute(.get, "/settings/api-keys/new", .signedIn, keys.new),
            WebRoute(.post, "/settings/api-keys/new", .signedIn, keys.create),
            WebRoute(.get, "/settings/api-keys/{id}/revoke", .signedIn, keys.review),
            WebRoute(.post, "/settings/api-keys/{id}/revoke", .signedIn, keys.revoke),

            WebRoute(.get, "/settings/audit", .audit(.read), audit.list),
            WebRoute(.get, "/settings/audit/export", .audit(.read), audit.export),
        ]
    }
}

extension LocalPath {
    static let settings = LocalPath("/settings") ?? .home
    static let account = LocalPath("/settings/account") ?? .home
    static let users = LocalPath("/settings/users") ?? .home
    static let apiKeys = LocalPath("/settings/api-keys") ?? .home
    static let audit = LocalPath("/settings/audit") ?? .home
}
