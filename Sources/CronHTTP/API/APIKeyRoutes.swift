import CronModel
import Hummingbird

/// One's own API keys.
struct APIKeyRoutes: Sendable {
    let keys: APIKeys

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        let owner = try request.access.user
        var reader = request.query
        let page = reader.page()
        try reader.finish()
        let own = try await keys.list(of: owner, after: page.after, descending: page.descending)
        return Answer.list(own.prefix(page.limit).map(\.apiKeyJSON))
    }

    @Sendable func create(_ request: APIRequest) async throws -> Response {
        let session = try request.session
        let (made, secret) = try await keys.create(try await request.json(), by: session, request.actor)
        guard case .object(var members) = made.apiKeyJSON else { throw Problem.notFound }
        members["key"] = .string(secret)
        return Answer.json(
            .object(members), status: .created,
            headers: [.location: "/api/v1/api-keys/\(made.id)", .cacheControl: "no-store"])
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        Answer.json(try await keys.read(request.id(), of: request.access.user).apiKeyJSON)
    }

    @Sendable func delete(_ request: APIRequest) async throws -> Response {
        try await keys.delete(request.id(), of: request.access.user, by: request.actor)
        return Answer.noContent
    }
}
