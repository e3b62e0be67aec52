import CronModel
import CronSchedule
import Crypto

/// Who works in a space, as its admins see and change it.
struct People: Sendable {
    static let resetLife = Span.hours(24)
    static let resetBytes = 32

    let accounts: Accounts
    private var store: any Store { accounts.store }

    init(accounts: Accounts) { self.accounts = accounts }

    func list(_ query: UserQuery) async throws -> Page<User> { try await store.users(query) }

    func read(_ id: UserID, space: UserID) async throws -> User {
        guard let user = try await store.user(id), user.space == space else { throw Problem.notFound }
        return user
    }

    /// An account in the actor's space. Whoever it is for chooses a password by the token that comes with it.
    func invite(_ json: JSONValue, by actor: Actor) async throws -> (user: User, reset: PasswordReset) {
        var reader = try FieldReader(request: json)
        let email = reader.email()
        let name = reader.string("name", limit: Accounts.nameLimitBytes)
        let role = reader.choice("role", UserRole.self)
        if role == nil, reader.problems.isEmpty { reader.refuse("role", "is required") }
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let email, let role else { throw Problem.invalid(reader.problems) }
        // Nobody knows this password: the account cannot be used before one is chosen.
        let unknown = Base64.url.text(RandomBytes.make(Self.resetBytes))
        let user = try await accounts.user(email, name, password: unknown, space: actor.space, role: role)
        try await store.createUser(
            user, onlyFirst: false,
            audit: actor.entry("user.create", target: user.id.description, after: user.json))
        return (user, try await makeReset(for: user, by: actor, audit: nil))
    }

    func edit(_ id: UserID, _ json: JSONValue, by actor: Actor) async throws -> User {
        var user = try await read(id, space: actor.space)
        var reader = try FieldReader(request: json)
        let role = reader.choice("role", UserRole.self)
        let isDisabled = reader.bool("disabled")
        reader.refuseUnknown()
        guard reader.problems.isEmpty else { throw Problem.invalid(reader.problems) }
        if let role, role != user.role {
            let audit = actor.entry(
                "user.role", target: id.description, before: .object(["role": .string(user.role.rawValue)]),
                after: .object(["role": .string(role.rawValue)]))
            user = try await accounts.change(user, .role(role), audit: audit)
        }
        if let isDisabled, isDisabled != (user.disabledAt != nil) {
            let audit = actor.entry(isDisabled ? "user.disable" : "user.enable", target: id.description)
            user = try await accounts.change(user, .disabled(isDisabled), audit: audit)
        }
        return user
    }
}

// MARK: - A new password for somebody who has none

/// A token by which a password is chosen once.
struct PasswordReset: Sendable {
    let token: String
    let expiresAt: Instant
}

extension People {
    func reset(_ id: UserID, by actor: Actor) async throws -> PasswordReset {
        let user = try await read(id, space: actor.space)
        return try await makeReset(
            for: user, by: actor, audit: actor.entry("user.password_reset", target: user.id.description))
    }

    private func makeReset(for user: User, by actor: Actor, audit: AuditEntry?) async throws -> PasswordReset {
        let token = Base64.url.text(RandomBytes.make(Self.resetBytes))
        var random = RandomSource()
        let now = store.clock.now
        let expiresAt = now + Self.resetLife
        let draft = Resource(
            id: ResourceID(at: now, using: &random), kind: .passwordReset, space: user.space,
            name: Base64.url.text(RandomBytes.make(12)), lookup: Self.hash(token),
            body: .object(["user_id": .string(user.id.description), "expires_at": .string(expiresAt.description)]),
            createdAt: now)
        try await dropExpired(in: user.space)
        _ = try await store.createResource(draft) { _ in audit }
        return PasswordReset(token: token, expiresAt: expiresAt)
    }

    /// Chooses a password by a token; it is used up, and all sessions end.
    func choosePassword(_ json: JSONValue, from caller: Caller) async throws {
        var reader = try FieldReader(request: json)
        let token = reader.required("token", limit: Passwords.mostBytes)
        let password = reader.newPassword()
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let token, let password else { throw Problem.invalid(reader.problems) }
        try await accounts.throttle(["reset:\(caller.address)"])
        let invalid = Problem(.unauthenticated, "the token is not valid, was used, or has expired")
        guard let reset = try await store.resource(lookup: Self.hash(token), .passwordReset),
            let id = reset.body["user_id"]?.stringValue.flatMap({ UserID($0) }), reset.isGood(at: store.clock.now),
            let user = try await store.user(id)
        else { throw invalid }
        await accounts.throttle.succeed(account: "reset:\(caller.address)", address: "")
        let hash = try await accounts.passwords.hash(password)
        // First: of two requests with one token at once, only one goes on.
        guard try await useUp(reset) else { throw invalid }
        try await accounts.change(
            user, .password(hash: hash, keeping: nil),
            audit: caller.actor(user).entry("account.password_chosen", target: user.id.description))
    }

    /// False when somebody else has used it.
    private func useUp(_ reset: Resource) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            try await store.deleteResource(reset.id, .passwordReset, space: reset.space, version: nil, audit: nil)
            return true
        } catch {
            guard error == .notFound else { throw error }
            return false
        }
    }

    private func dropExpired(in space: UserID) async throws {
        var query = ResourceQuery(.passwordReset, spaces: [space])
        query.limit = PageLimit.most
        for old in try await store.resources(query).items where !old.isGood(at: store.clock.now) {
            try? await store.deleteResource(old.id, .passwordReset, space: space, version: nil, audit: nil)
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
