import CronModel
import CronSchedule

/// What a sign-in gives.
struct Session: Sendable {
    let family: RefreshToken.UserFamily
    let accessToken: String
    let refreshToken: String
    let life: Span
}

/// Where a request comes from, before it is known who sent it.
struct Caller: Sendable {
    let address: String
    let requestID: String

    func actor(_ user: User, key: ResourceID? = nil) -> Actor {
        Actor(space: user.space, user: user.id, key: key, address: address, requestID: requestID)
    }
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
    let resets: ResetTokens
    let throttle: LoginThrottle
    let identities: Identities

    func register(_ json: JSONValue, from caller: Caller) async throws -> User {
        var reader = try FieldReader(request: json)
        let email = reader.email()
        let password = reader.newPassword()
        let name = reader.string("name", limit: Self.nameLimitBytes)
        let code = reader.string("setup_code", limit: SetupCode.longest)
        reader.refuseUnknown()
        try await admit(setupCode: code, address: caller.address)
        guard reader.problems.isEmpty, let email, let password else { throw Problem.invalid(reader.problems) }
        let user = try await user(email, name, password: password)
        let audit = caller.actor(user).entry("account.register", target: user.id.description, after: user.json)
        try await store.createUser(user, onlyFirst: registration == .first, audit: audit)
        if registration == .first { onFirstAccount() }
        return user
    }

    func user(
        _ email: String, _ name: String?, password: String, space: UserID? = nil, role: UserRole = .admin
    ) async throws -> User {
        var random = RandomSource()
        let now = store.clock.now
        return User(
            id: UserID(at: now, using: &random), email: email, name: name,
            passwordHash: try await passwords.hash(password), createdAt: now, space: space, role: role)
    }

    /// An unknown user and a wrong password look the same, also in the time they take.
    func login(_ json: JSONValue, from caller: Caller) async throws -> Session {
        var reader = try FieldReader(request: json)
        let email = reader.required("email", limit: Passwords.mostBytes)
        let password = reader.required("password", limit: Passwords.mostBytes)
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let email, let password else { throw Problem.invalid(reader.problems) }
        let account = EmailAddress.normalized(email) ?? ""
        try await throttle(["account:\(account)", "address:\(caller.address)"])
        // Twice: of two sign-ins at once the first may have put a hash of today's cost in place of the one by which the
        // other was checked. The password fits that one too, unless it was another that somebody chose.
        for _ in 1...2 {
            guard let session = try await signIn(account, password, from: caller) else { continue }
            await throttle.succeed(account: "account:\(account)", address: "address:\(caller.address)")
            return session
        }
        throw Self.wrongSignIn
    }

    private static let wrongSignIn = Problem(.unauthenticated, "the email or the password is wrong")

    /// Nil when what was proven was changed meanwhile.
    private func signIn(_ account: String, _ password: String, from caller: Caller) async throws -> Session? {
        let user = try await store.user(email: account)
        let check = try await passwords.check(password, against: user?.passwordHash)
        guard check != .wrong, let user, user.disabledAt == nil else {
            if let user { try await tellRefusal(user, caller) }
            throw Self.wrongSignIn
        }
        let audit = caller.actor(user).entry("session.begin", target: user.id.description)
        do {
            let hash = check == .outdated ? try await rehashed(user, password) : user.passwordHash
            let (session, token) = try await refreshTokens.start(for: user.id, proven: hash, audit: audit)
            return try await self.session(user.id, session, refreshToken: token)
        } catch StoreError.conflict {
            return nil
        }
    }

    private func rehashed(_ user: User, _ password: String) async throws -> String {
        let hash = try await passwords.hash(password)
        _ = try await store.changeUser(user.id, space: nil, .rehash(hash, over: user.passwordHash), audit: nil)
        return hash
    }

    func refresh(_ json: JSONValue) async throws -> Session {
        let token = try refreshToken(json)
        guard let (user, session, next) = try await refreshTokens.rotate(token) else {
            identities.forget()
            throw Problem(.unauthenticated, "the refresh token is not valid")
        }
        return try await self.session(user, session, refreshToken: next)
    }

    /// A token that is not valid is as good as signed out.
    func logout(_ json: JSONValue) async throws {
        try await refreshTokens.revoke(try refreshToken(json))
        identities.forget()
    }
}

// MARK: - One's own account

extension Accounts {
    /// Ends all sessions but the one that asks, and takes its guesses from the same budget as signing in.
    func changePassword(_ json: JSONValue, of signedIn: SignedIn, from caller: Caller) async throws {
        var reader = try FieldReader(request: json)
        let current = reader.required("current_password", limit: Passwords.mostBytes)
        let password = reader.newPassword("new_password")
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let current, let password else { throw Problem.invalid(reader.problems) }
        let keys = ["account:\(signedIn.user.email)", "address:\(caller.address)"]
        try await throttle(keys)
        guard try await passwords.check(current, against: signedIn.user.passwordHash) != .wrong else {
            throw Problem.invalid("current_password", "is wrong")
        }
        await throttle.succeed(account: keys[0], address: keys[1])
        let hash = try await passwords.hash(password)
        // First: if the store fails here, it is true that the password is still the old one.
        try await resets.drop(of: signedIn.user)
        try await change(
            signedIn.user,
            .password(hash: hash, keeping: signedIn.session, over: signedIn.user.passwordHash),
            audit: caller.actor(signedIn.user).entry("account.password", target: signedIn.user.id.description))
    }

    /// Chooses a password by a token; it is used up, and all sessions end.
    func choosePassword(_ json: JSONValue, from caller: Caller) async throws {
        var reader = try FieldReader(request: json)
        let token = reader.required("token", limit: Passwords.mostBytes)
        let password = reader.newPassword("new_password")
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let token, let password else { throw Problem.invalid(reader.problems) }
        try await throttle(["reset:\(caller.address)"])
        let invalid = Problem(.unauthenticated, "the token is not valid, was used, or has expired")
        guard let (reset, user) = try await resets.find(token) else { throw invalid }
        await throttle.succeed(account: "reset:\(caller.address)", address: "")
        let hash = try await passwords.hash(password)
        // First: of two requests with one token at once, only one goes on.
        guard try await resets.useUp(reset) else { throw invalid }
        try await change(
            user, .password(hash: hash, keeping: nil),
            audit: caller.actor(user).entry("account.password_chosen", target: user.id.description))
    }

    func rename(_ json: JSONValue, of signedIn: SignedIn, from caller: Caller) async throws -> User {
        var reader = try FieldReader(request: json)
        let name = reader.string("name", limit: Self.nameLimitBytes)
        reader.refuseUnknown()
        guard reader.problems.isEmpty else { throw Problem.invalid(reader.problems) }
        guard json.objectValue?["name"] != nil else { return signedIn.user }
        return try await change(
            signedIn.user, .name(name),
            audit: caller.actor(signedIn.user).entry(
                "account.edit", target: signedIn.user.id.description,
                before: .object(["name": .text(signedIn.user.name)]), after: .object(["name": .text(name)])))
    }

    @discardableResult
    func change(_ user: User, _ change: UserChange, audit: AuditEntry) async throws -> User {
        let changed = try await store.changeUser(user.id, space: user.space, change, audit: audit)
        identities.forget()
        return changed
    }
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

    func throttle(_ keys: [String]) async throws {
        guard let wait = await throttle.admit(keys) else { return }
        throw Problem.refused(.tooManyAttempts, "too many failed attempts", for: wait)
    }

    private func tellRefusal(_ user: User, _ caller: Caller) async throws {
        let actor = Actor(space: user.space, address: caller.address, requestID: caller.requestID)
        try await store.appendAudit(actor.entry("session.refused", target: user.id.description))
    }

    private func session(
        _ user: UserID, _ session: RefreshToken.UserFamily, refreshToken: String
    ) async throws -> Session {
        Session(
            family: session, accessToken: try await tokens.issue(to: user, session: session), refreshToken: refreshToken,
            life: tokens.life)
    }

    private func refreshToken(_ json: JSONValue) throws -> String {
        var reader = try FieldReader(request: json)
        let token = reader.required("refresh_token", limit: Passwords.mostBytes)
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let token else { throw Problem.invalid(reader.problems) }
        return token
    }
}
