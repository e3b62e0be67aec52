import CronModel
import CronSchedule
import Crypto

/// Refresh tokens: 256 random bits, of which the store keeps only the SHA-256. Each use replaces the token; using one
/// twice revokes its whole family.
struct RefreshTokens: Sendable {
    static let bytes = 32

    let store: any Store
    let life: Span

    /// A first token, for a sign-in.
    func start(
        for user: UserID, proven: String, audit: AuditEntry?
    ) async throws -> (session: RefreshToken.UserFamily, token: String) {
        var random = RandomSource()
        let now = store.clock.now
        let secret = RandomBytes.make(Self.bytes)
        let family = RefreshToken.UserFamily(at: now, using: &random)
        try await store.addRefreshToken(
            token(secret, family: family, user: user, now: now), proven: proven, audit: audit)
        return (family, Base64.url.text(secret))
    }

    /// The user, the session and the next token; nil for a token that is unknown, expired or used before.
    func rotate(
        _ text: String
    ) async throws -> (user: UserID, session: RefreshToken.UserFamily, token: String)? {
        guard let hash = hash(text) else { return nil }
        let secret = RandomBytes.make(Self.bytes)
        // The store puts the new one into the family, and under the user, of the old one.
        let nobody = UserID(high: 0, low: 0)
        let next = token(secret, family: .init(high: 0, low: 0), user: nobody, now: store.clock.now)
        switch try await store.rotateRefreshToken(hash: hash, next: next) {
        case .rotated(let user, let session): return (user, session, Base64.url.text(secret))
        case .reused(let user):
            try await tellReuse(by: user)
            return nil
        case .unknown: return nil
        }
    }

    /// A copy of a refresh token is in other hands: whoever looks after the space should know.
    private func tellReuse(by user: UserID) async throws {
        guard let user = try await store.user(user) else { return }
        let actor = Actor(space: user.space, user: user.id)
        try await store.appendAudit(actor.entry("session.reused", target: user.id.description))
    }

    func revoke(_ text: String) async throws {
        guard let hash = hash(text) else { return }
        try await store.revokeRefreshFamily(hash: hash)
    }

    private func hash(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 64, let secret = Base64.url.bytes(text), secret.count == Self.bytes else { return nil }
        return Array(SHA256.hash(data: secret))
    }

    private func token(
        _ secret: [UInt8], family: RefreshToken.UserFamily, user: UserID, now: Instant
    ) -> RefreshToken {
        RefreshToken(hash: Array(SHA256.hash(data: secret)), family: family, userID: user, expiresAt: now + life)
    }
}
