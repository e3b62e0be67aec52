import CronModel
import CronSchedule
import Hummingbird

/// One's own API keys. Only a session may make or end them: a key that leaks must not breed.
struct APIKeyRoutes: Sendable {
    static let nameLimitBytes = 200
    static let longestLife = Span.days(3_660)

    let store: any Store
    let identities: Identities

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        let owner = try request.access.user
        var query = ResourceQuery(.apiKey, spaces: [owner.space])
        var reader = request.query
        let page = reader.page()
        (query.after, query.descending) = (page.after, page.descending)
        query.limit = Resource.Kind.apiKey.limit
        try reader.finish()
        let own = try await store.resources(query).items.filter { APIKey($0)?.userID == owner.id }
        return Answer.list(own.prefix(page.limit).map(\.apiKeyJSON))
    }

    @Sendable func create(_ request: APIRequest) async throws -> Response {
        let session = try request.session
        let (name, scopes, expiresAt) = try read(try await request.json(), role: session.user.role)
        let secret = APIKey.make()
        guard let hash = APIKey.hash(secret) else { throw Problem(.defect, "a key that was made is none") }
        var random = RandomSource()
        let now = store.clock.now
        let key = APIKey(
            userID: session.user.id, scopes: scopes, expiresAt: expiresAt,
            hint: String(secret.prefix(APIKey.prefix.count + APIKey.hintLength)))
        let draft = Resource(
            id: ResourceID(at: now, using: &random), kind: .apiKey, space: session.user.space, name: name, lookup: hash,
            body: key.body, createdAt: now)
        let actor = try request.actor
        let made = try await store.createResource(draft) {
            actor.entry("api_key.create", target: $0.id.description, after: $0.apiKeyJSON)
        }
        guard case .object(var members) = made.apiKeyJSON else { throw Problem.notFound }
        members["key"] = .string(secret)
        return Answer.json(
            .object(members), status: .created,
            headers: [.location: "/api/v1/api-keys/\(made.id)", .cacheControl: "no-store"])
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        Answer.json(try await own(request).apiKeyJSON)
    }

    @Sendable func delete(_ request: APIRequest) async throws -> Response {
        let key = try await own(request)
        let actor = try request.actor
        try await store.deleteResource(key.id, .apiKey, space: key.space, version: nil) {
            actor.entry("api_key.delete", target: $0.id.description, before: $0.apiKeyJSON)
        }
        identities.forget()
        return Answer.noContent
    }

    private func own(_ request: APIRequest) async throws -> Resource {
        let user = try request.access.user
        guard let found = try await store.resource(request.id(), .apiKey, spaces: [user.space]),
            APIKey(found)?.userID == user.id
        else { throw Problem.notFound }
        return found
    }

    private func read(
        _ json: JSONValue, role: UserRole
    ) throws -> (name: String, scopes: [Permission], expiresAt: Instant?) {
        var reader = try FieldReader(request: json)
        let name = reader.name(limit: Self.nameLimitBytes)
        let scopes = reader.scopes(role: role)
        let expiresAt = reader.instant("expires_at")
        let now = store.clock.now
        if let expiresAt, expiresAt <= now || expiresAt > now + Self.longestLife {
            reader.refuse("expires_at", "must be in the future, at most \(Self.longestLife) from now")
        }
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let name else { throw Problem.invalid(reader.problems) }
        return (name, scopes, expiresAt)
    }
}

extension FieldReader {
    fileprivate mutating func scopes(role: UserRole) -> [Permission] {
        guard let items = value("scopes")?.arrayValue, !items.isEmpty else {
            refuse("scopes", "must be a list of scopes such as \"jobs:read\"")
            return []
        }
        var scopes: [Permission] = []
        for (index, item) in items.enumerated() {
            guard let scope = item.stringValue.flatMap({ Permission(text: $0) }) else {
                let known = Permission.all.map(\.text).joined(separator: ", ")
                refuse("scopes[\(index)]", "is not one of \(known)")
                continue
            }
            if !role.allows(scope) { refuse("scopes[\(index)]", "\(scope.text) is more than the role \(role) may do") }
            if !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes
    }
}

extension Resource {
    fileprivate var apiKeyJSON: JSONValue {
        .object([
            "id": .string(id.description),
            "name": .string(name),
            "hint": body["hint"] ?? .null,
            "scopes": body["scopes"] ?? .array([]),
            "expires_at": body["expires_at"] ?? .null,
            "last_used_at": body["last_used_at"] ?? .null,
            "created_at": .string(createdAt.description),
        ])
    }
}
