import CronModel
import CronSchedule

/// Reads what a client sends about a job and finds everything that is wrong with it.
struct JobRequest: Sendable {
    /// Members that belong to the request and not to the definition.
    static let extras: Set<String> = ["id", "rearm"]
    /// Shown with a job but never written by its owner. They change on their own, so an answer sent back with a PUT may
    /// hold an older value.
    static let volatile: Set<String> = [
        "status", "next_run_time", "retry_count", "last_error", "updated_at", "version", "notices", "anchor",
    ]
    /// Shown with a job; sent back they must be what they are.
    static let fixed: Set<String> = ["user_id", "state", "state_reason", "created_at"]

    let actions: ActionRegistry
    let secrets: ActionSecrets
    let store: any ResourceStore

    /// A definition that the actor may store as this job at this moment.
    func definition(
        _ json: JSONValue, id: JobID, by actor: Actor, now: Instant, changes old: Job? = nil
    ) async throws(ControlError) -> JobDefinition {
        let definition: JobDefinition
        switch JobDefinition.read(json, besides: Self.extras) {
        case .success(let read): definition = read
        case .failure(let problems): throw .invalid(problems.all)
        }
        try actions.check(definition.action.type, by: actor)
        var problems = try await problems(of: definition.action, in: actor.space)
        for (index, name) in (definition.alerts?.channels ?? []).enumerated() {
            problems += try await unknown(.channel, name, "alerts.channels[\(index)]", in: actor.space)
        }
        if let problem = scheduleProblem(definition, id: id, now: now, old: old) { problems.append(problem) }
        guard problems.isEmpty else { throw .invalid(problems) }
        return definition
    }

    /// Everything wrong with an action of the space.
    func problems(of action: ActionDefinition, in space: UserID) async throws(ControlError) -> [FieldProblem] {
        let problems = actionProblems(action)
        // Each name is a question to the store: not of an action that is refused anyway.
        return problems.isEmpty ? try await unknownNames(action, in: space) : problems
    }

    /// The client's own id for a new job, so that `H` runs as it was previewed.
    static func id(_ json: JSONValue) throws(ControlError) -> JobID? {
        guard let value = json["id"], value != .null else { return nil }
        guard let text = value.stringValue else { throw .invalid("id", "must be a string, not \(value.kindName)") }
        guard let id = JobID(text) else { throw .invalid("id", "is not a UUID") }
        return id
    }

    static func rearm(_ json: JSONValue) throws(ControlError) -> Bool {
        guard let value = json["rearm"], value != .null else { return false }
        guard let flag = value.boolValue else {
            throw .invalid("rearm", "must be true or false, not \(value.kindName)")
        }
        return flag
    }

    /// The request without what the server had added to it, or the fields that it tries in vain to change.
    static func withoutReadOnly(_ json: JSONValue, shown: JSONValue) throws(ControlError) -> JSONValue {
        guard var members = json.objectValue else { return json }
        let changed = fixed.union(["id"]).filter { name in
            members[name].map { $0 != .null && $0 != shown[name] } ?? false
        }
        guard changed.isEmpty else {
            throw .invalid(changed.sorted().map { FieldProblem(field: $0, message: "is read-only") })
        }
        for name in fixed.union(volatile).union(["id"]) { members[name] = nil }
        return .object(members)
    }

    private func actionProblems(_ action: ActionDefinition) -> [FieldProblem] {
        guard let runner = actions[action.type] else {
            return [FieldProblem(field: "action.type", message: actions.absence(of: action.type))]
        }
        let marks = secrets.problems(action)
        return marks.isEmpty ? runner.validate(action) : marks
    }

    /// Secrets and settings that the action names and that there are none of.
    private func unknownNames(
        _ action: ActionDefinition, in space: UserID
    ) async throws(ControlError) -> [FieldProblem] {
        var named = SecretNames.found(in: action).map { (Resource.Kind.secret, $0.name, $0.field) }
        for (field, kind) in (actions[action.type]?.references ?? [:]).sorted(by: { $0.key < $1.key }) {
            named += action.names(in: field).map { (kind, $0, "action.\(field)") }
        }
        var problems: [FieldProblem] = []
        for (kind, name, field) in named { problems += try await unknown(kind, name, field, in: space) }
        return problems
    }

    private func unknown(
        _ kind: Resource.Kind, _ name: String, _ field: String, in space: UserID
    ) async throws(ControlError) -> [FieldProblem] {
        let found = try await ControlError.storing { () async throws(StoreError) in
            try await store.resource(named: name, kind, space: space)
        }
        return found == nil ? [FieldProblem(field: field, message: "there is no \(kind.noun) \"\(name)\"")] : []
    }

    /// The store decides with its own clock; asked here too, so that all problems are told at once.
    private func scheduleProblem(_ definition: JobDefinition, id: JobID, now: Instant, old: Job?) -> FieldProblem? {
        let keepsTime = old.map { $0.definition.schedule == definition.schedule } ?? false
        do throws(FieldProblem) {
            let zones = try ZoneSlots.checked(definition, id: id, now: now, asksNow: !keepsTime)
            guard !keepsTime, let never = zones.first(where: \.schedule.neverFires) else { return nil }
            return FieldProblem(neverFires: never.schedule)
        } catch {
            return error
        }
    }
}

extension ActionRegistry {
    /// Asked of every definition of a job or a job type, whichever way it comes.
    /// - Throws: `lacking` unless the actor may define what has this type of action.
    func check(_ type: String, by actor: Actor) throws(ControlError) {
        guard let needed = self[type]?.permission, !actor.permissions.contains(where: { $0.includes(needed) }) else {
            return
        }
        throw .lacking(needed)
    }
}
