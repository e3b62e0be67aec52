import CronModel
import CronSchedule
import Crypto

/// A token by which somebody chooses a password once.
struct PasswordReset: Sendable {
    let id: ResourceID
    let token: String
    let expiresAt: Instant
}

/// Tokens for a new password: 256 random bits, of which the store keeps only the SHA-256. Of an account only the newest is
/// good.
struct ResetTokens: Sendable {
    static let bytes = 32
    /// Others may make one for the same account at the same time.
    private static let tries = 5

    let store: any Store

    func make(for user: User, life: Span, audit: AuditEntry?) async throws(StoreError) -> PasswordReset {
        try await dropExpired(in: user.space)
        for _ in 1..<Self.tries {
            try await drop(of: user)
            do throws(StoreError) {
                return try await create(for: user, life: life, audit: audit)
            } catch {
                guard case .conflict = error else { throw error }
            }
        }
        try await drop(of: user)
        return try await create(for: user, life: life, audit: audit)
    }

    private func create(for user: User, life: Span, audit: AuditEntry?) async throws(StoreError) -> PasswordReset {
        let token = Base64.url.text(RandomBytes.make(Self.bytes))
        var random = RandomSource()
        let now = store.clock.now
        let expiresAt = now + life
        // Named after the account: there is one of each.
        let draft = Resource(
            id: ResourceID(at: now, using: &random), kind: .passwordReset, space: user.space,
            name: user.id.description, lookup: Self.hash(token),
            body: .object(["user_id": .string(user.id.description), "expires_at": .string(expiresAt.description)]),
            createdAt: now)
        _ = try await store.createResource(draft) { _ in audit }
        return PasswordReset(id: draft.id, token: token, expiresAt: expiresAt)
    }

    /// Whose a good token is.
    func find(_ token: String) async throws(StoreError) -> (reset: Resource, user: User)? {
        guard let reset = try await store.resource(lookup: Self.hash(token), .passwordReset),
            reset.isGood(at: store.clock.now), let id = reset.body["user_id"]?.stringValue.flatMap({ UserID($0) }),
            let user = try await store.user(id), user.disabledAt == nil
        else { return nil }
        return (reset, user)
    }

    /// False when somebody else has used it.
    func useUp(_ reset: Resource) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            try await store.deleteResource(reset.id, .passwordReset, space: reset.space, version: nil, audit: nil)
            return true
        } catch {
            guard error == .notFound else { throw error }
            return false
        }
    }

    /// What was sent to somebody is of no use any more.
    func drop(of user: User) async throws(StoreError) {
        guard
            let old = try await store.resource(named: user.id.description, .passwordReset, space: user.space)
        else { return }
        _ = try await useUp(old)
    }

    private func dropExpired(in space: UserID) async throws(StoreError) {
        var query = ResourceQuery(.passwordReset, spaces: [space])
        query.limit = PageLimit.most
        for old in try await store.resources(query).items where !old.isGood(at: store.clock.now) {
            _ = try await useUp(old)
        }
    }

    private static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
}

extension Resource {
    fileprivate func isGood(at now: Instant) -> Bool {
        let expiry = body["expires_at"]?.stringValue.flatMap { try? Instant(rfc3339: $0) }
        return expiry.map { $0 > now } ?? false
    }
}
