import CronModel
import CronSchedule
import HTTPTypes

/// What a sign-in gives.
struct Session: Sendable {
    let accessToken: String
    let refreshToken: String
    let life: Span
}

/// Accounts and sessions, as the routes use them.
struct Accounts: Sendable {
    static let nameLimitBytes = 200

    let store: any Store
    let registration: Registration
    /// Without one nobody can make the first account.
    let setupCode: String?
    /// Called when the first account has been made, whose code is of no more use.
    let onFirstAccount: @Sendable () -> Void
    let passwords: Passwords
    let tokens: Tokens
    let refreshTokens: RefreshTokens
    let throttle: LoginThrottle

    func register(_ json: JSONValue, address: String) async throws -> User {
        var reader = try reader(json)
        let email = reader.email()
        let password = reader.newPassword()
        let name = reader.string("name", limit: Self.nameLimitBytes)
        let code = reader.string("setup_code", limit: SetupCode.longest)
        reader.refuseUnknown()
        try await admit(setupCode: code, address: address)
        guard reader.problems.isEmpty, let email, let password else { throw Problem.invalid(reader.problems) }
        var random = RandomSource()
        let now = store.clock.now
        let user = User(
            id: UserID(at: now, using: &random), email: email, name: name,
            passwordHash: try await passwords.hash(password),
            createdAt: now)
        try await store.createUser(user, onlyFirst: registration == .first)
        if registration == .first { onFirstAccount() }
        return user
    }

    /// An unknown user and a wrong password look the same, also in the time they take.
    func login(_ json: JSONValue, address: String) async throws -> Session {
        var reader = try reader(json)
        let email = reader.required("email", limit: Passwords.mostBytes)
        let password = reader.required("password", limit: Passwords.mostBytes)
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let email, let password else { throw Problem.invalid(reader.problems) }
        let account = EmailAddress.normalized(email) ?? ""
        try await throttle(["account:\(account)", "address:\(address)"])
        let user = try await store.user(email: account)
        let check = try await passwords.check(password, against: user?.passwordHash)
        guard check != .wrong, let user else {
            throw Problem(.unauthenticated, "the email or the password is wrong")
        }
        await throttle.succeed(account: "account:\(account)", address: "address:\(address)")
        if check == .outdated {
            try await store.setPasswordHash(try await passwords.hash(password), of: user.id)
        }
        return try await session(user.id, refreshToken: try await refreshTokens.start(for: user.id))
    }

    func refresh(_ json: JSONValue) async throws -> Session {
        let token = try refreshToken(json)
        guard let (user, next) = try await refreshTokens.rotate(token) else {
            throw Problem(.unauthenticated, "the refresh token is not valid")
        }
        return try await session(user, refreshToken: next)
    }

    /// A token that is not valid is as good as signed out.
    func logout(_ json: JSONValue) async throws { try await refreshTokens.revoke(try refreshToken(json)) }
}

// MARK: - The steps

extension Accounts {
    private func admit(setupCode given: String?, address: String) async throws {
        switch registration {
        case .open: return
        case .closed: throw Problem(.forbidden, "registration is closed")
        case .first:
            guard try await !store.hasUsers() else { throw Problem(.forbidden, "registration is closed") }
            try await throttle(["setup:\(address)"])
            guard SetupCode.matches(given, setupCode) else {
                throw Problem(
                    .forbidden,
                    "setup_code: the first account needs the code that the server printed at its first start",
                    errors: [FieldProblem(field: "setup_code", message: "is not the setup code")])
            }
            await throttle.succeed(account: "setup:\(address)", address: "")
        }
    }

    private func throttle(_ keys: [String]) async throws {
        guard let wait = await throttle.admit(keys) else { return }
        let seconds = (wait.microseconds + 999_999) / 1_000_000
        var problem = Problem(.tooManyAttempts, "too many failed attempts; try again in \(seconds) s")
        problem.headers[.retryAfter] = "\(seconds)"
        throw problem
    }

    private func session(_ user: UserID, refreshToken: String) async throws -> Session {
        Session(accessToken: try await tokens.issue(to: user), refreshToken: refreshToken, life: tokens.life)
    }

    private func refreshToken(_ json: JSONValue) throws -> String {
        var reader = try reader(json)
        let token = reader.required("refresh_token", limit: Passwords.mostBytes)
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let token else { throw Problem.invalid(reader.problems) }
        return token
    }

    private func reader(_ json: JSONValue) throws -> FieldReader {
        guard let members = json.objectValue else {
            throw Problem.invalid("", "must be an object, not \(json.kindName)")
        }
        return FieldReader(members)
    }
}

extension FieldReader {
    fileprivate mutating func required(_ field: String, limit: Int) -> String? {
        let known = problems.count
        if let text = string(field, limit: limit) { return text }
        if problems.count == known { refuse(field, "is required") }
        return nil
    }

    fileprivate mutating func email() -> String? {
        guard let text = required("email", limit: EmailAddress.longest) else { return nil }
        guard let email = EmailAddress.normalized(text) else {
            refuse("email", "is not an email address")
            return nil
        }
        return email
    }

    fileprivate mutating func newPassword() -> String? {
        guard let password = required("password", limit: Passwords.mostBytes) else { return nil }
        guard password.count >= Passwords.fewestCharacters else {
            refuse("password", "must have at least \(Passwords.fewestCharacters) characters")
            return nil
        }
        return password
    }
}
