import CronModel
import CronSchedule

/// The keys that programs sign in with, as their owners make and end them.
struct APIKeys: Sendable {
    static let nameLimitBytes = 200
    static let longestLife = Span.days(3_660)

    let store: any Store
    let identities: Identities

    /// All that somebody has: a space has no more than `Resource.Kind.apiKey.limit`.
    func list(of owner: User, after: PageCursor? = nil, descending: Bool = false) async throws -> [Resource] {
        var query = ResourceQuery(.apiKey, spaces: [owner.space])
        (query.after, query.descending) = (after, descending)
        query.limit = Resource.Kind.apiKey.limit
        return try await store.resources(query).items.filter { APIKey($0)?.userID == owner.id }
    }

    /// - Parameter session: a key that leaks must not breed, so only a session makes others.
    /// - Returns: the key as it is kept, and what is told once.
    func create(_ json: JSONValue, by session: SignedIn, _ actor: Actor) async throws -> (key: Resource, secret: String) {
        let (name, scopes, expiresAt) = try read(json, role: session.user.role)
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
        let made = try await store.createResource(draft) {
            actor.entry("api_key.create", target: $0.id.description, after: $0.apiKeyJSON)
        }
        return (made, secret)
    }

    /// - Throws: `notFound`, also for somebody else's.
    func read(_ id: ResourceID, of owner: User) async throws -> Resource {
        guard let found = try await store.resource(id, .apiKey, spaces: [owner.space]),
            APIKey(found)?.userID == owner.id
        else { throw Problem.notFound }
        return found
    }

    func delete(_ id: ResourceID, of owner: User, by actor: Actor) async throws {
        let key = try await read(id, of: owner)
        try await store.deleteResource(key.id, .apiKey, space: key.space, version: nil) {
            actor.entry("api_key.delete", target: $0.id.description, before: $0.apiKeyJSON)
        }
        identities.forget()
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
    var apiKeyJSON: JSONValue {
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
