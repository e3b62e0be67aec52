import CronModel
import CronSchedule
import Hummingbird

/// Registering, signing in, and one's own account.
struct AccountRoutes: Sendable {
    let accounts: Accounts

    @Sendable func register(_ request: APIRequest) async throws -> Response {
        let user = try await accounts.register(try await request.json(), from: request.caller)
        return Answer.json(user.json, status: .created)
    }

    @Sendable func login(_ request: APIRequest) async throws -> Response {
        answer(try await accounts.login(try await request.json(), from: request.caller))
    }

    @Sendable func refresh(_ request: APIRequest) async throws -> Response {
        answer(try await accounts.refresh(try await request.json()))
    }

    @Sendable func logout(_ request: APIRequest) async throws -> Response {
        try await accounts.logout(try await request.json())
        return Answer.noContent
    }

    @Sendable func me(_ request: APIRequest) async throws -> Response {
        Answer.json(try request.access.user.json)
    }

    @Sendable func rename(_ request: APIRequest) async throws -> Response {
        let user = try await accounts.rename(
            try await request.json(), of: request.session, from: request.caller)
        return Answer.json(user.json)
    }

    @Sendable func changePassword(_ request: APIRequest) async throws -> Response {
        try await accounts.changePassword(try await request.json(), of: request.session, from: request.caller)
        return Answer.noContent
    }

    /// Nothing between here and the client may keep tokens.
    private func answer(_ session: Session) -> Response {
        Answer.json(
            .object([
                "access_token": .string(session.accessToken),
                "refresh_token": .string(session.refreshToken),
                "token_type": .string("Bearer"),
                "expires_in": .integer(session.life.microseconds / 1_000_000),
            ]), headers: [.cacheControl: "no-store"])
    }
}
