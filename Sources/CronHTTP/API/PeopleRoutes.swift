import CronModel
import CronSchedule
import Hummingbird

/// Who works in a space: for its admins. Only a session may make accounts, change them or give tokens for their passwords:
/// a key that leaks must not become a sign-in.
struct PeopleRoutes: Sendable {
    let people: People

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        var query = UserQuery(space: try request.owner)
        var reader = request.query
        (query.limit, query.after, query.descending) = reader.page()
        try reader.finish()
        return Answer.page(try await people.list(query), \.json)
    }

    @Sendable func create(_ request: APIRequest) async throws -> Response {
        _ = try request.session
        let (user, reset) = try await people.invite(try await request.json(), by: request.actor)
        guard case .object(var members) = user.json else { throw Problem.notFound }
        members["password_reset"] = reset.json
        return Answer.json(
            .object(members), status: .created,
            headers: [.location: "/api/v1/users/\(user.id)", .cacheControl: "no-store"])
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        Answer.json(try await people.read(request.id(), space: request.owner).json)
    }

    @Sendable func edit(_ request: APIRequest) async throws -> Response {
        _ = try request.session
        return Answer.json(try await people.edit(request.id(), try await request.json(), by: request.actor).json)
    }

    @Sendable func reset(_ request: APIRequest) async throws -> Response {
        _ = try request.session
        try await request.refuseMembers()
        let reset = try await people.reset(request.id(), by: request.actor)
        return Answer.json(reset.json, status: .created, headers: [.cacheControl: "no-store"])
    }
}

extension PasswordReset {
    var json: JSONValue {
        .object(["token": .string(token), "expires_at": .string(expiresAt.description)])
    }
}
