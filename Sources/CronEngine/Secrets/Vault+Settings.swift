import CronModel

/// Secret fields of settings, each sealed as a JSON text under its setting's name and version.
extension Vault {
    func body(
        of fields: [String: JSONValue], secret: Set<String>, _ kind: Resource.Kind, name: String, version: Int64,
        in space: UserID
    ) async throws(VaultError) -> JSONValue {
        var sealed = fields
        for field in secret {
            guard let value = fields[field], value != .null else { continue }
            sealed[field] = .string(
                try await seal(JSONWriter.text(value), of: space, as: Self.what(kind, name, version, field)))
        }
        return .object(sealed)
    }

    /// The fields of a setting with those opened that are sealed.
    func fields(of setting: Resource) async throws(VaultError) -> [String: JSONValue] {
        var opened = setting.body.objectValue ?? [:]
        for (field, value) in opened {
            guard let text = value.stringValue, Self.isSealed(text) else { continue }
            let what = Self.what(setting.kind, setting.name, setting.version, field)
            guard let value = JSONValue(text: try await open(text, of: setting.space, as: what)) else {
                throw .damaged(what)
            }
            opened[field] = value
        }
        return opened
    }

    private static func what(_ kind: Resource.Kind, _ name: String, _ version: Int64, _ field: String) -> String {
        "\(kind.rawValue) \(name) version \(version) \(field)"
    }
}
