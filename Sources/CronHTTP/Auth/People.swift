import CronModel
import CronSchedule

/// Who works in a space, as its admins see and change it.
struct People: Sendable {
    /// Of a token that an admin hands to somebody.
    static let resetLife = Span.hours(24)

    let accounts: Accounts
    private var store: any Store { accounts.store }

    init(accounts: Accounts) { self.accounts = accounts }

    func list(_ query: UserQuery) async throws -> Page<User> { try await store.users(query) }

    func read(_ id: UserID, space: UserID) async throws -> User {
        guard let user = try await store.user(id), user.space == space else { throw Problem.notFound }
        return user
    }

    /// What some of a space are called; those that are not its own are left out. One read for each.
    func emails(of ids: Set<UserID>, space: UserID) async throws -> [UserID: String] {
        var emails: [UserID: String] = [:]
        for id in ids {
            if let user = try await store.user(id), user.space == space { emails[id] = user.email }
        }
        return emails
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
        let unknown = Base64.url.text(RandomBytes.make(ResetTokens.bytes))
        let user = try await accounts.user(email, name, password: unknown, space: actor.space, role: role)
        try await store.createUser(
            user, onlyFirst: false,
            audit: actor.entry("user.create", target: user.id.description, after: user.json))
        return (user, try await accounts.resets.make(for: user, life: Self.resetLife, audit: nil))
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

extension People {
    func reset(_ id: UserID, by actor: Actor) async throws -> PasswordReset {
        let user = try await read(id, space: actor.space)
        return try await accounts.resets.make(
            for: user, life: Self.resetLife, audit: actor.entry("user.password_reset", target: user.id.description))
    }
}
