package import CronModel

/// Secrets that actions name: written and replaced, never read back.
package struct SecretControl: Sendable {
    package static let valueLimitBytes = 64 * 1_024

    private let secrets: NamedResources
    private let vault: Vault

    package init(store: any Store, vault: Vault) {
        secrets = NamedResources(kind: .secret, store: store) { secret in
            .object(["name": .string(secret.name), "version": .integer(secret.version)])
        }
        self.vault = vault
    }

    package func list(_ query: ResourceQuery) async throws(ControlError) -> Page<Resource> {
        try await secrets.list(query)
    }

    package func read(_ name: String, space: UserID) async throws(ControlError) -> Resource {
        try await secrets.read(name, space: space)
    }

    /// Creates the secret or gives it another value.
    /// - Parameter body: `{"value": …}`.
    /// - Returns: the secret, and whether it is new.
    package func put(
        _ name: String, _ body: JSONValue, if condition: Precondition, by actor: Actor
    ) async throws(ControlError) -> (resource: Resource, isNew: Bool) {
        let value = try Self.value(body)
        return try await secrets.put(name, if: condition, by: actor) { _, version throws(ControlError) in
            do throws(VaultError) {
                return try await vault.body(of: value, name: name, version: version, in: actor.space)
            } catch {
                throw ControlError(error)
            }
        }
    }

    package func delete(_ name: String, version: Int64?, by actor: Actor) async throws(ControlError) {
        try await secrets.delete(name, version: version, by: actor)
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
}
