package import CronModel

/// Keeps the secrets of actions inside: sealed where they are stored, shown as a mark, and put back when a client sends
/// the mark or leaves them out.
package struct ActionSecrets: Sendable {
    package static let mark = SecretMark.text

    private let actions: ActionRegistry
    private let vault: Vault

    init(_ actions: ActionRegistry, vault: Vault) {
        self.actions = actions
        self.vault = vault
    }

    /// The definition as it may be shown.
    func redacted(_ definition: JobDefinition) -> [String: JSONValue] {
        var shown = definition
        for name in secretNames(of: definition.action) where definition.action.fields[name] != .some(.null) {
            shown.action.fields[name] = .string(Self.mark)
        }
        return shown.json
    }

    /// An action that replaces `stored`: secrets that it omits, or sends as the mark, stay as they are. Of another type
    /// nothing is kept, or a secret would be handed to a runner it was not meant for.
    func restored(_ action: JSONValue, from stored: ActionDefinition) -> JSONValue {
        guard var members = action.objectValue, members["type"]?.stringValue == stored.type else { return action }
        for name in secretNames(of: stored) where members[name] == nil || members[name] == .string(Self.mark) {
            members[name] = stored.fields[name]
        }
        return .object(members)
    }

    /// A merge patch without the marks, which would otherwise overwrite what they stand for.
    func unmarked(_ patch: JSONValue, of stored: ActionDefinition) -> JSONValue {
        guard var members = patch.objectValue else { return patch }
        for name in secretNames(of: stored) where members[name] == .string(Self.mark) { members[name] = nil }
        return .object(members)
    }

    /// Marks that stand for nothing stored.
    func problems(_ action: ActionDefinition) -> [FieldProblem] {
        secretNames(of: action).filter { action.fields[$0] == .string(Self.mark) }.map { name in
            FieldProblem(
                field: "action.\(name)", message: "is the mark shown instead of a secret; give the secret itself")
        }
    }

    /// The secret fields that the action has. Of a runner that is not here, everything counts as secret.
    private func secretNames(of action: ActionDefinition) -> [String] {
        let names = action.fields.keys.sorted()
        guard let runner = actions[action.type] else { return names }
        return names.filter(runner.secretFields.contains)
    }
}

// MARK: - At rest

extension ActionSecrets {
    /// A stored job's action as its runner reads it.
    func opened(_ job: Job) async throws(ControlError) -> ActionDefinition {
        do throws(VaultError) {
            return try await vault.opened(job.definition.action, of: job.id, in: job.userID)
        } catch {
            throw ControlError(error)
        }
    }

    /// The action as it is stored. A secret that is what it was stays sealed as it was, so that an edit that changes
    /// nothing is none.
    func sealed(
        _ action: ActionDefinition, of job: JobID, in space: UserID,
        before: (stored: ActionDefinition, opened: ActionDefinition)? = nil
    ) async throws(ControlError) -> ActionDefinition {
        var sealed = action
        for name in secretNames(of: action) {
            guard let value = action.fields[name], value != .null else { continue }
            if let before, before.stored.type == action.type, before.opened.fields[name] == value {
                sealed.fields[name] = before.stored.fields[name]
                continue
            }
            do throws(VaultError) {
                sealed.fields[name] = .string(try await vault.seal(value, field: name, of: job, in: space))
            } catch {
                throw ControlError(error)
            }
        }
        return sealed
    }
}

extension ControlError {
    init(_ error: VaultError) {
        switch error {
        case .store(let error): self.init(error)
        case .damaged(let what): self = .store(.corrupt("a sealed text does not open: \(what)"))
        }
    }
}
