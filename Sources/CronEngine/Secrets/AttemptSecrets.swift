package import CronModel
import CronSchedule

/// Gives an attempt the secrets that its action names, and takes them out of what came of it.
package struct AttemptSecrets: Sendable {
    /// A changed secret is used by every attempt that starts this much later.
    static let remembered = Span.seconds(5)
    static let limit = 10_000

    private struct Key: Hashable, Sendable {
        let space: UserID
        let name: String
    }

    private let store: any Store
    private let vault: Vault
    private let known: Remembered<Key, String>

    package init(store: any Store, vault: Vault) {
        self.store = store
        self.vault = vault
        known = Remembered(for: Self.remembered, limit: Self.limit, clock: store.clock)
    }

    /// The attempt with its secrets in place, or the outcome of one that cannot be made.
    func prepared(_ attempt: AttemptContext) async -> Result<AttemptContext, AttemptRefusal> {
        var attempt = attempt
        do throws(VaultError) {
            attempt.action = try await vault.opened(attempt.action, of: attempt.jobID, in: attempt.userID)
            for (name, field) in SecretNames.found(in: attempt.action) {
                guard let value = try await value(of: name, in: attempt.userID) else {
                    return .failure(.permanent("\(field): there is no secret \"\(name)\""))
                }
                attempt.secrets[name] = value
            }
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
        let key = Key(space: space, name: name)
        if let value = known[key] { return value }
        let found: Resource?
        do throws(StoreError) { found = try await store.resource(named: name, .secret, space: space) } catch {
            throw .store(error)
        }
        guard let found else { return nil }
        let value = try await vault.open(found)
        known[key] = value
        return value
    }

    /// The outcome without any of the attempt's secrets.
    func redacted(_ outcome: Outcome, of attempt: AttemptContext, before sealed: ActionDefinition) -> Outcome {
        let opened = attempt.action.fields.filter { sealed.fields[$0.key] != $0.value }.values.flatMap(\.texts)
        let secrets = Array(attempt.secrets.values) + opened
        guard !secrets.isEmpty else { return outcome }
        var outcome = outcome
        outcome.error = outcome.error.map { SecretMark.hiding(secrets, in: $0) }
        outcome.output = outcome.output.map { SecretMark.hiding(secrets, in: $0) }
        return outcome
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

extension JSONValue {
    /// All texts in it.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let items): items.flatMap(\.texts)
        case .object(let members): members.values.flatMap(\.texts)
        case .null, .bool, .integer, .number: []
        }
    }
}
