import CronModel
import CronSchedule

/// A job type: what jobs of a kind have in common, given once.
package struct JobType: Sendable {
    /// The fields of a job that a type may give.
    package static let fields: Set<String> = [
        "action", "alerts", "timezone", "dst_gap", "dst_fold", "delivery", "timeout", "max_retries", "base_delay", "retry",
        "misfire",
        "misfire_after", "catchup_limit", "catchup_window", "resume", "overlap", "max_concurrent",
        "concurrency_key", "rate_limit", "priority", "expires_after", "jitter",
    ]
    package static let aboutLimitBytes = 1_000

    var about: String?
    /// As a job's own JSON has them.
    var defaults: [String: JSONValue]

    /// A request with what its type gives; what the request says itself wins, members of objects one by one.
    func applied(to request: JSONValue) -> JSONValue { JSONValue.object(defaults).merging(patch: request) }

    /// A definition that follows a change of the type: fields that are as the old type gave them become what the new one
    /// gives, those that differ are the job's own.
    /// - Parameters:
    ///   - definition: a job's definition as JSON.
    ///   - standard: what a job has that says nothing.
    static func followed(
        _ definition: [String: JSONValue], from old: JobType, to new: JobType, standard: [String: JSONValue]
    ) -> [String: JSONValue] {
        var followed = definition
        for name in Set(old.defaults.keys).union(new.defaults.keys) {
            let before = old.defaults[name] ?? standard[name] ?? .null
            let after = new.defaults[name] ?? standard[name] ?? .null
            followed[name] = followed[name].map { Self.followed($0, from: before, to: after) }
        }
        return followed
    }

    private static func followed(_ value: JSONValue, from old: JSONValue, to new: JSONValue) -> JSONValue {
        guard let own = value.objectValue, let before = old.objectValue, let after = new.objectValue else {
            return value == old ? new : value
        }
        var members = own
        for name in Set(before.keys).union(after.keys) where own[name] == before[name] { members[name] = after[name] }
        return .object(members)
    }
}

/// As it lies in a resource.
extension JobType {
    var body: JSONValue {
        .object(["about": about.map { .string($0) } ?? .null, "defaults": .object(defaults)])
    }

    init(_ resource: Resource) {
        about = resource.body["about"]?.stringValue
        defaults = resource.body["defaults"]?.objectValue ?? [:]
    }
}

// MARK: - Requests

extension JobType {
    /// Reads a type and finds everything that is wrong with it.
    static func read(_ json: JSONValue, actions: ActionRegistry, by actor: Actor) throws(ControlError) -> JobType {
        guard json.objectValue != nil else { throw .invalid("", "must be an object, not \(json.kindName)") }
        var reader = try JobControl.reader(json)
        let about = reader.string("about", limit: aboutLimitBytes)
        let value = reader.value("defaults")
        if value == nil { reader.refuse("defaults", "is required") }
        let defaults = value?.objectValue
        if let value, defaults == nil { reader.refuse("defaults", "must be an object, not \(value.kindName)") }
        let given = (defaults ?? [:]).filter { $0.value != .null }
        // Whoever makes a job of the type may be allowed what whoever gives its action is not.
        if let action = given["action"]?["type"]?.stringValue { try actions.check(action, by: actor) }
        let (canonical, problems) = checked(given, actions)
        for problem in problems {
            reader.refuse("defaults.\(problem.field)", problem.message, column: problem.column)
        }
        try JobControl.finish(&reader)
        return JobType(about: about, defaults: canonical)
    }

    /// The fields as a job shows them, so that what jobs have can be compared with what their type gave; and everything
    /// that is wrong.
    private static func checked(
        _ given: [String: JSONValue], _ actions: ActionRegistry
    ) -> ([String: JSONValue], [FieldProblem]) {
        var problems = given.keys.sorted().filter { !fields.contains($0) }.map {
            FieldProblem(field: $0, message: "is not a field that a type may give")
        }
        var known = given.filter { fields.contains($0.key) }
        let action = known.removeValue(forKey: "action")
        if let action { problems += Self.problems(action: action, actions) }
        if let zone = known["timezone"]?.stringValue, !ZoneCatalog.exists(zone) {
            problems.append(FieldProblem(field: "timezone", message: "\"\(zone)\" is not a time zone"))
        }
        // Read as a job that has all else; an action need not be whole.
        let rest: JSONValue = .object([
            "name": .string("a"), "schedule": .string("@daily"), "action": .object(["type": .string("")]),
        ])
        switch JobDefinition.read(rest.merging(patch: .object(known))) {
        case .failure(let found): return ([:], problems + found.all)
        case .success(let definition):
            var canonical = definition.json.filter { known[$0.key] != nil }
            canonical["action"] = action
            return (canonical, problems)
        }
    }

    private static func problems(action: JSONValue, _ actions: ActionRegistry) -> [FieldProblem] {
        guard var fields = action.objectValue else {
            return [FieldProblem(field: "action", message: "must be an object, not \(action.kindName)")]
        }
        guard let type = fields.removeValue(forKey: "type")?.stringValue else {
            return [FieldProblem(field: "action.type", message: "is required")]
        }
        guard let runner = actions[type] else {
            return [FieldProblem(field: "action.type", message: actions.absence(of: type))]
        }
        let secrets = runner.secretFields.filter { fields[$0] != nil }.sorted().map {
            FieldProblem(field: "action.\($0)", message: "is a secret, which a type may not give; each job has its own")
        }
        let own = runner.validate(ActionDefinition(type: type, fields: fields)).filter { problem in
            // What is left out is for the jobs to give.
            problem.message != "is required"
        }
        return secrets + own
    }
}
