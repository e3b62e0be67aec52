package import CronModel
import CronSchedule

/// Gives an attempt the secrets and settings that its action names, and takes what is secret out of what came of it.
package struct AttemptSecrets: Sendable {
    /// A changed secret is used by every attempt that starts this much later.
    static let remembered = Span.seconds(5)
    static let limit = 10_000

    private struct Key: Hashable, Sendable {
        let space: UserID
        let kind: Resource.Kind
        let name: String
    }

    private let store: any Store
    private let vault: Vault
    private let secrets: Remembered<Key, String>
    private let settings: Remembered<Key, Setting>

    /// An opened setting.
    private struct Setting: Sendable {
        var fields: [String: JSONValue]
        /// What of it is not to be seen.
        var secrets: [String]
    }

    package init(store: any Store, vault: Vault) {
        self.store = store
        self.vault = vault
        secrets = Remembered(for: Self.remembered, limit: Self.limit, clock: store.clock)
        settings = Remembered(for: Self.remembered, limit: Self.limit, clock: store.clock)
    }

    /// The attempt with what its action names in place, or the outcome of one that cannot be made.
    /// - Parameter references: which fields name settings, of which kind.
    func prepared(
        _ attempt: AttemptContext, references: [String: Resource.Kind]
    ) async -> Result<AttemptContext, AttemptRefusal> {
        let sealed = attempt.action
        var attempt = attempt
        do throws(VaultError) {
            attempt.action = try await vault.opened(attempt.action, of: attempt.jobID, in: attempt.userID)
            for (name, field) in SecretNames.found(in: attempt.action) {
                guard let value = try await value(of: name, in: attempt.userID) else {
                    return .failure(.permanent("\(field): there is no secret \"\(name)\""))
                }
                attempt.secrets[name] = value
            }
            for (field, kind) in references {
                for name in attempt.action.names(in: field) {
                    guard let setting = try await setting(kind, name, in: attempt.userID) else {
                        return .failure(.permanent("action.\(field): there is no \(kind.noun) \"\(name)\""))
                    }
                    attempt.settings[kind, name] = setting.fields
                    attempt.hidden += setting.secrets
                }
            }
            let secrets = Self.all(of: attempt, before: sealed)
            attempt.hiding = { SecretMark.hiding(secrets, in: $0) }
            return .success(attempt)
        } catch {
            switch error {
            case .damaged(let what): return .failure(.permanent("a secret does not open: \(what)"))
            case .store(.misconfigured(let text)), .store(.corrupt(let text)): return .failure(.permanent(text))
            case .store: return .failure(.transient("the secrets could not be read from the store"))
            }
        }
    }

    private func value(of name: String, in space: UserID) async throws(VaultError) -> String? {
        let key = Key(space: space, kind: .secret, name: name)
        if let value = secrets[key] { return value }
        guard let found = try await resource(key) else { return nil }
        let value = try await vault.open(found)
        secrets[key] = value
        return value
    }

    private func setting(_ kind: Resource.Kind, _ name: String, in space: UserID) async throws(VaultError) -> Setting? {
        let key = Key(space: space, kind: kind, name: name)
        if let setting = settings[key] { return setting }
        guard let found = try await resource(key) else { return nil }
        let fields = try await vault.fields(of: found)
        let sealed = fields.filter { found.body[$0.key] != $0.value }
        let setting = Setting(fields: fields, secrets: sealed.values.flatMap(SecretTexts.inside))
        settings[key] = setting
        return setting
    }

    private func resource(_ key: Key) async throws(VaultError) -> Resource? {
        do throws(StoreError) {
            return try await store.resource(named: key.name, key.kind, space: key.space)
        } catch {
            throw .store(error)
        }
    }

    /// The outcome without any of the attempt's secrets.
    func redacted(_ outcome: Outcome, of attempt: AttemptContext) -> Outcome {
        var outcome = outcome
        outcome.error = outcome.error.map(attempt.hiding)
        outcome.output = outcome.output.map(attempt.hiding)
        return outcome
    }

    /// - Parameter sealed: the action as it is stored.
    static func all(of attempt: AttemptContext, before sealed: ActionDefinition) -> [String] {
        let opened = attempt.action.fields.filter { sealed.fields[$0.key] != $0.value }.values.flatMap(\.texts)
        return Array(attempt.secrets.values) + opened + attempt.hidden
    }
}

/// Why an attempt was not made.
enum AttemptRefusal: Error {
    case permanent(String)
    case transient(String)

    var outcome: Outcome {
        switch self {
        case .permanent(let text):
            var outcome = Outcome(kind: .permanent, verdict: .permanent, reach: .nothingSent)
            outcome.error = text
            return outcome
        case .transient(let text):
            var outcome = Outcome(kind: .connectError, verdict: .transient, reach: .nothingSent)
            outcome.error = text
            return outcome
        }
    }
}
