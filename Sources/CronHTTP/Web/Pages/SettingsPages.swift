import CronModel
import Hummingbird

/// The index of what can be set.
struct SettingsPages: Sendable {
    /// Things that are counted for a card; more are told as `200+`.
    static let counted = 200

    let people: People
    let keys: APIKeys
    let store: any ResourceStore

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        let visitor = try request.base.access
        var cards: [SettingsPart.Group: [SettingsCardView]] = [:]
        for part in SettingsPart.all where part.access.allows(visitor) {
            cards[part.group, default: []].append(SettingsCardView(part, try await count(part.things, visitor.user)))
        }
        let groups = SettingsPart.Group.allCases.compactMap { group in
            cards[group].map { SettingsGroupView(title: group.rawValue, parts: $0) }
        }
        return .page(
            WebPage(
                title: "Settings", template: "settings", view: SettingsPageView(groups: groups), section: .settings))
    }

    /// As words: `3 secrets`.
    private func count(_ things: SettingsPart.Things?, _ user: User) async throws -> String? {
        switch things {
        case nil: return nil
        case .ownKeys:
            return Self.text(try await keys.list(of: user).count, hasMore: false, "API key")
        case .users:
            var query = UserQuery(space: user.space)
            query.limit = Self.counted
            let page = try await people.list(query)
            return Self.text(page.items.count, hasMore: page.next != nil, "user")
        case .resources(let kind):
            var query = ResourceQuery(kind, spaces: [user.space])
            query.limit = Self.counted
            let page = try await store.resources(query)
            return Self.text(page.items.count, hasMore: page.next != nil, kind.noun)
        }
    }

    private static func text(_ count: Int, hasMore: Bool, _ noun: String) -> String {
        if count == 0 { return "no \(noun) yet" }
        return "\(count)\(hasMore ? "+" : "") \(noun)\(count == 1 ? "" : "s")"
    }
}

/// One page of the settings, as its index shows it: a line in `all`.
struct SettingsPart: Sendable {
    enum Group: String, CaseIterable, Sendable {
        case own = "Yours"
        case space = "Your space"
        case server = "This server"
    }

    enum Things: Sendable {
        case users
        case ownKeys
        case resources(Resource.Kind)
    }

    let group: Group
    let name: String
    let path: String
    /// Who sees it: whoever may open the page.
    let access: Route.Access
    let about: String
    /// What the card counts.
    let things: Things?

    init(
        _ group: Group, _ name: String, _ path: String, _ access: Route.Access, _ about: String,
        counting things: Things? = nil
    ) {
        self.group = group
        self.name = name
        self.path = path
        self.access = access
        self.about = about
        self.things = things
    }

    static let all = [
        SettingsPart(.own, "Account", "/settings/account", .signedIn, "Your name and your password."),
        SettingsPart(
            .own, "API keys", "/settings/api-keys", .signedIn, "By which your programs sign in.", counting: .ownKeys),
        SettingsPart(
            .space, "Users", "/settings/users", .people(.read), "Who works here, and what they may do.",
            counting: .users),
        SettingsPart(
            .space, "Job types", "/settings/job-types", .settings(.read), "Defaults that jobs of a kind share.",
            counting: .resources(.jobType)),
        SettingsPart(
            .space, "Connections", "/settings/connections", .settings(.read), "Databases that SQL actions may use.",
            counting: .resources(.connection)),
        SettingsPart(
            .space, "Channels", "/settings/channels", .settings(.read), "Where alerts go.",
            counting: .resources(.channel)),
        SettingsPart(
            .space, "Secrets", "/settings/secrets", .settings(.read), "Values that actions use and nobody sees again.",
            counting: .resources(.secret)),
        SettingsPart(
            .space, "Audit log", "/settings/audit", .audit(.read), "Who did what, when, and from where."),
        SettingsPart(
            .server, "About", "/settings/about", .signedIn, "Its version, its time zone data, and where its state lies."),
    ]
}

extension Route.Access {
    fileprivate func allows(_ visitor: SignedIn) -> Bool {
        if case .allowed(let permission) = self { visitor.allows(permission) } else { true }
    }
}

struct SettingsPageView: Sendable {
    let groups: [SettingsGroupView]
}

struct SettingsGroupView: Sendable {
    let title: String
    let parts: [SettingsCardView]
}

struct SettingsCardView: Sendable {
    let name: String
    let path: String
    let about: String
    let count: String?

    init(_ part: SettingsPart, _ count: String?) {
        name = part.name
        path = part.path
        about = part.about
        self.count = count
    }
}

/// The page of the settings above another.
struct SettingsCrumb: Sendable {
    let title: String
    let path: String

    static let users = SettingsCrumb(title: "Users", path: LocalPath.users.text)
    static let apiKeys = SettingsCrumb(title: "API keys", path: LocalPath.apiKeys.text)
}
