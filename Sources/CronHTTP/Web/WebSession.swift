import CronModel

/// What a browser's cookie says: which session it is, and the refresh token by which it ends. The seal makes it worth
/// something, since ids of sessions are in access tokens too.
struct WebSession: Hashable, Sendable {
    /// Of `1.FAMILY.TOKEN.SEAL`.
    static let longest = 256
    private static let version = "1"

    let family: RefreshToken.UserFamily
    let refreshToken: String

    private var text: String { "\(Self.version).\(family).\(refreshToken)" }

    func cookie(_ keys: WebKeys) -> String { "\(text).\(keys.seal(text, for: .session))" }

    init(family: RefreshToken.UserFamily, refreshToken: String) {
        self.family = family
        self.refreshToken = refreshToken
    }

    /// Nil for what no node has sealed.
    init?(cookie: String, _ keys: WebKeys) {
        let parts = cookie.split(separator: ".", omittingEmptySubsequences: false)
        guard cookie.utf8.count <= Self.longest, parts.count == 4, parts[0] == Self.version,
            let family = RefreshToken.UserFamily(parts[1])
        else { return nil }
        self.init(family: family, refreshToken: String(parts[2]))
        // The id can be written in several ways, and only one was sealed.
        guard keys.isSeal(parts[3], of: text, for: .session), cookie.hasPrefix(text) else { return nil }
    }

    /// What a form of this session carries: whoever cannot read a page cannot make one.
    func formToken(_ keys: WebKeys) -> String { keys.seal(family.description, for: .form) }

    func isFormToken(_ token: String, _ keys: WebKeys) -> Bool {
        keys.isSeal(token, of: family.description, for: .form)
    }
}
