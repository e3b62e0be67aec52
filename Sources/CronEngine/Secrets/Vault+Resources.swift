import CronModel

/// Secrets of their own, as they lie in resources: sealed under their name and version.
extension Vault {
    func body(of value: String, name: String, version: Int64, in space: UserID) async throws(VaultError) -> JSONValue {
        .object(["value": .string(try await seal(value, of: space, as: Self.what(name, version)))])
    }

    func open(_ secret: Resource) async throws(VaultError) -> String {
        let what = Self.what(secret.name, secret.version)
        guard let sealed = secret.body["value"]?.stringValue else { throw .damaged(what) }
        return try await open(sealed, of: secret.space, as: what)
    }

    private static func what(_ name: String, _ version: Int64) -> String { "secret \(name) version \(version)" }
}
