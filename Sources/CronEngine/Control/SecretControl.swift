package import CronModel
import CronSchedule

/// Secrets that actions name: written and replaced, never read back.
package struct SecretControl: Sendable {
    package static let nameLimitBytes = 100
    package static let valueLimitBytes = 64 * 1_024
    static let tries = 5

    private let store: any Store
    private let vault: Vault

    package init(store: any Store, vault: Vault) {
        self.store = store
        self.vault = vault
    }

    package func list(_ query: ResourceQuery) async throws(ControlError) -> Page<Resource> {
        try await ControlError.storing { () async throws(StoreError) in try await store.resources(query) }
    }

    package func read(_ name: String, space: UserID) async throws(ControlError) -> Resource {
        guard let found = try await find(name, space) else { throw .store(.notFound) }
        return found
    }

    /// Creates the secret or gives it another value.
    /// - Parameter body: `{"value": …}`.
    /// - Returns: the secret, and whether it is new.
    package func put(
        _ name: String, _ body: JSONValue, version: Int64?, by actor: Actor
    ) async throws(ControlError) -> (secret: Resource, isNew: Bool) {
        let value = try Self.value(body)
        try Self.check(name)
        for _ in 0..<Self.tries {
            let found = try await find(name, actor.space)
            if let version, version != found?.version {
                throw .store(found.map { .versionMismatch(current: $0.version) } ?? .notFound)
            }
            if let secret = try await write(name, value, over: found, by: actor, isFinal: version != nil) {
                return (secret, found == nil)
            }
        }
        throw .store(.conflict("the secret is being changed by others; try again"))
    }

    package func delete(_ name: String, version: Int64?, by actor: Actor) async throws(ControlError) {
        let found = try await read(name, space: actor.space)
        try await ControlError.storing { () async throws(StoreError) in
            try await store.deleteResource(found.id, .secret, space: actor.space, version: version) {
                actor.entry("secret.delete", target: $0.id.description, before: .object(["name": .string($0.name)]))
            }
        }
    }

    /// Nil when another request came between.
    private func write(
        _ name: String, _ value: String, over found: Resource?, by actor: Actor, isFinal: Bool
    ) async throws(ControlError) -> Resource? {
        let version = (found?.version ?? 0) + 1
        let body: JSONValue
        do throws(VaultError) {
            body = try await vault.body(of: value, name: name, version: version, in: actor.space)
        } catch {
            throw ControlError(error)
        }
        do throws(StoreError) {
            if let found {
                return try await store.changeResource(
                    found.id, .secret, space: actor.space, version: found.version, ResourceChange(body: body)
                ) { actor.entry("secret.replace", target: $0.after.id.description, after: Self.shown($0.after)) }
            }
            var random = RandomSource()
            let now = store.clock.now
            let draft = Resource(
                id: ResourceID(at: now, using: &random), kind: .secret, space: actor.space, name: name, body: body,
                createdAt: now)
            return try await store.createResource(draft) {
                actor.entry("secret.create", target: $0.id.description, after: Self.shown($0))
            }
        } catch {
            switch error {
            case .versionMismatch, .notFound, .conflict: if !isFinal { return nil }
            default: break
            }
            throw ControlError(error)
        }
    }

    private func find(_ name: String, _ space: UserID) async throws(ControlError) -> Resource? {
        try await ControlError.storing { () async throws(StoreError) in
            try await store.resource(named: name, .secret, space: space)
        }
    }

    private static func shown(_ secret: Resource) -> JSONValue {
        .object(["name": .string(secret.name), "version": .integer(secret.version)])
    }

    private static func value(_ body: JSONValue) throws(ControlError) -> String {
        guard body.objectValue != nil else { throw .invalid("", "must be an object, not \(body.kindName)") }
        var reader = try JobControl.reader(body)
        let value = reader.string("value", limit: valueLimitBytes)
        if value == nil, reader.problems.isEmpty { reader.refuse("value", "is required") }
        if value == "" { reader.refuse("value", "must not be empty") }
        try JobControl.finish(&reader)
        return value ?? ""
    }

    /// A name that a template can hold: `{{secrets.NAME}}`.
    private static func check(_ name: String) throws(ControlError) {
        let isSound = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isSound, (1...nameLimitBytes).contains(name.utf8.count) else {
            throw .invalid("name", "must be 1 to \(nameLimitBytes) letters, digits, \"_\" or \"-\"")
        }
    }
}
