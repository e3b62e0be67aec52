package import CronModel

/// Secret fields of actions, each sealed as a JSON text.
extension Vault {
    func seal(
        _ value: JSONValue, field: String, of job: JobID, in space: UserID
    ) async throws(VaultError) -> String {
        try await seal(JSONWriter.text(value), of: space, as: Self.what(field, job))
    }

    /// With every sealed field opened. What was stored before fields were sealed is as it was.
    package func opened(
        _ action: ActionDefinition, of job: JobID, in space: UserID
    ) async throws(VaultError) -> ActionDefinition {
        var opened = action
        for (field, value) in action.fields {
            guard let text = value.stringValue, Self.isSealed(text) else { continue }
            let what = Self.what(field, job)
            guard let value = JSONValue(text: try await open(text, of: space, as: what)) else { throw .damaged(what) }
            opened.fields[field] = value
        }
        return opened
    }

    private static func what(_ field: String, _ job: JobID) -> String { "job \(job) action.\(field)" }
}
