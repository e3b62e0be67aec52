import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// Secrets: written and replaced, never read back.
struct SecretRoutes: Sendable {
    let secrets: SecretControl

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        var query = ResourceQuery(.secret, spaces: [try request.owner])
        var reader = request.query
        query.text = reader.string("q")
        (query.limit, query.after, query.descending) = reader.page()
        try reader.finish()
        return Answer.page(try await secrets.list(query), \.secretJSON)
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        let secret = try await secrets.read(request.text("name"), space: request.owner)
        return Answer.versioned(secret.secretJSON, version: secret.version)
    }

    @Sendable func put(_ request: APIRequest) async throws -> Response {
        let (secret, isNew) = try await secrets.put(
            request.text("name"), try await request.json(), if: request.precondition, by: request.actor)
        return Answer.versioned(
            secret.secretJSON, version: secret.version, status: isNew ? .created : .ok,
            location: isNew ? "/api/v1/secrets/\(secret.name)" : nil)
    }

    @Sendable func delete(_ request: APIRequest) async throws -> Response {
        try await secrets.delete(request.text("name"), version: request.ifMatch, by: request.actor)
        return Answer.noContent
    }
}

extension Resource {
    fileprivate var secretJSON: JSONValue {
        .object([
            "id": .string(id.description),
            "name": .string(name),
            "version": .integer(version),
            "created_at": .string(createdAt.description),
            "updated_at": .string(updatedAt.description),
        ])
    }
}
