import CronModel
import CronSchedule
import Hummingbird
import Logging

/// `/auth` and `/me`.
struct AuthRoutes {
    let store: any Store
    let settings: AuthSettings
    let passwords: Passwords
    let tokens: Tokens
    let throttle: LoginThrottle

    /// Routes that need no token.
    func addOpen(to group: RouterGroup<APIContext>) {
        group.post("/auth/register", use: register)
        group.post("/auth/login", use: login)
        group.post("/auth/refresh", use: refresh)
        group.post("/auth/logout", use: logout)
    }

    func add(to group: RouterGroup<APIContext>) {
        group.get("/me", use: me)
    }

    @Sendable private func register(_ request: Request, _ context: APIContext) async throws -> Response {
        let (json, _) = try await JSONBody.read(request)
        var reader = FieldReader(json.objectValue ?? [:])
        let email = readEmail(&reader)
        let password = readNewPassword(&reader)
        let name = reader.string("name", limit: 200)
        let code = reader.string("setup_code")
        reader.refuseUnknown()
        if !reader.problems.isEmpty { throw APIError.invalid(reader.problems) }
        try await checkAllowed(code, context)
        var random = RandomSource()
        let now = store.clock.now
        let user = User(
            id: UserID(at: now, using: &random), email: email, name: name,
            passwordHash: try await passwords.hash(password), createdAt: now)
        do throws(StoreError) {
            try await store.createUser(user, onlyFirst: settings.registration == .first)
        } catch {
            throw APIError(error)
        }
        settings.firstAccountMade()
        return JSONAnswer.response(Shape.user(user), status: .created)
    }

    private func checkAllowed(_ code: String?, _ context: APIContext) async throws {
        switch settings.registration {
        case .open: return
        case .closed: throw APIError.forbidden("registration is closed on this server")
        case .first:
            if try await store.hasUsers() { throw APIError.forbidden("registration is closed: an account exists") }
            if let wait = throttle.wait(account: "setup", address: context.address) {
                throw APIError.tooMany("too many wrong setup codes", retryAfterSeconds: wait)
            }
            guard let code else {
                throw APIError.invalid([
                    FieldProblem(
                        field: "setup_code",
                        message: "is required for the first account; it was printed when the server started")
                ])
            }
            guard let wanted = settings.setupCode, Self.isEqual(code, wanted) else {
                throttle.failed(account: "setup", address: context.address)
                throw APIError.forbidden("this is not the setup code")
            }
        }
    }

    @Sendable private func login(_ request: Request, _ context: APIContext) async throws -> Response {
        let (json, _) = try await JSONBody.read(request)
        var reader = FieldReader(json.objectValue ?? [:])
        let email = readEmail(&reader)
        let password = reader.string("password", limit: Passwords.longestBytes)
        if password == nil, !reader.problems.contains(where: { $0.field == "password" }) {
            reader.refuse("password", "is required")
        }
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let password else { throw APIError.invalid(reader.problems) }
        if let wait = throttle.wait(account: email, address: context.address) {
            throw APIError.tooMany("too many failed sign-ins", retryAfterSeconds: wait)
        }
        let user = try await store.user(email: email)
        guard try await passwords.verify(password, against: user?.passwordHash), let user else {
            throttle.failed(account: email, address: context.address)
            throw APIError.unauthorized("the email or the password is wrong")
        }
        throttle.succeeded(account: email)
        if passwords.needsRehash(user.passwordHash) {
            try await store.setPasswordHash(try await passwords.hash(password), of: user.id)
        }
        var random = RandomSource()
        let next = tokens.refresh()
        let token = RefreshToken(
            hash: next.hash, family: RefreshToken.UserFamily(at: store.clock.now, using: &random), userID: user.id,
            expiresAt: store.clock.now + Tokens.refreshLifetime)
        try await store.addRefreshToken(token)
        return try await answer(user.id, refresh: next.text)
    }

    @Sendable private func refresh(_ request: Request, _ context: APIContext) async throws -> Response {
        let presented = try await readRefreshToken(request)
        let next = tokens.refresh()
        let rotation = try await store.rotateRefreshToken(
            hash: Tokens.hash(presented),
            next: RefreshToken(
                hash: next.hash, family: RefreshToken.UserFamily(high: 0, low: 0), userID: UserID(high: 0, low: 0),
                expiresAt: store.clock.now + Tokens.refreshLifetime))
        switch rotation {
        case .rotated(let user):
            return try await answer(user, refresh: next.text)
        case .reused:
            context.logger.warning("a refresh token was used twice; its sign-in is revoked")
            throw APIError.unauthorized("the refresh token is not valid")
        case .unknown:
            throw APIError.unauthorized("the refresh token is not valid")
        }
    }

    @Sendable private func logout(_ request: Request, _ context: APIContext) async throws -> Response {
        try await store.revokeRefreshFamily(hash: Tokens.hash(try await readRefreshToken(request)))
        return Response(status: .noContent)
    }

    @Sendable private func me(_ request: Request, _ context: APIContext) async throws -> Response {
        guard let user = try await store.user(try context.user()) else {
            throw APIError.unauthorized("the account is gone")
        }
        return JSONAnswer.response(Shape.user(user))
    }

    private func answer(_ user: UserID, refresh: String) async throws -> Response {
        JSONAnswer.response(
            .object([
                "access_token": .string(try await tokens.access(for: user)), "refresh_token": .string(refresh),
                "token_type": .string("Bearer"), "expires_in": .integer(Tokens.accessLifetime.microseconds / 1_000_000),
            ]))
    }
}

// MARK: - Fields

extension AuthRoutes {
    private func readEmail(_ reader: inout FieldReader) -> String {
        guard let text = reader.string("email", limit: 254) else {
            if !reader.problems.contains(where: { $0.field == "email" }) { reader.refuse("email", "is required") }
            return ""
        }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
        if parts.count != 2 || parts[0].isEmpty || parts[1].isEmpty || !isPlain {
            reader.refuse("email", "is not an email address")
        }
        return text.lowercased()
    }

    private func readNewPassword(_ reader: inout FieldReader) -> String {
        guard let text = reader.string("password", limit: Passwords.longestBytes) else {
            if !reader.problems.contains(where: { $0.field == "password" }) { reader.refuse("password", "is required") }
            return ""
        }
        if text.count < Passwords.shortest {
            reader.refuse("password", "must have at least \(Passwords.shortest) characters")
        }
        return text
    }

    private func readRefreshToken(_ request: Request) async throws -> String {
        let (json, _) = try await JSONBody.read(request)
        var reader = FieldReader(json.objectValue ?? [:])
        let text = reader.string("refresh_token", limit: 512)
        if text == nil, reader.problems.isEmpty { reader.refuse("refresh_token", "is required") }
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let text else { throw APIError.invalid(reader.problems) }
        return text
    }

    /// Takes the same time wherever two texts of a length differ.
    private static func isEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | $1.0 ^ $1.1 } == 0
    }
}
