import CronModel

/// Keeps the secrets of actions inside: shown as a mark, and put back when a client sends the mark or leaves them out.
struct ActionSecrets: Sendable {
    static let mark = "********"

    private let actions: ActionRegistry

    init(_ actions: ActionRegistry) {
        self.actions = actions
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
