package import CronModel
import CronSchedule

/// Why control did not do what it was asked for.
package enum ControlError: Error, Sendable {
    case invalid([FieldProblem])
    case store(StoreError)
}

/// Create, edit, pause, trigger …: the only way in for the API, whatever speaks to it.
package struct JobControl: Sendable {
    /// What a secret is shown as; sent back, it means "unchanged".
    package static let redacted = "********"
    /// How often an edit without a version is made again when another one came first.
    private static let editTries = 5

    package let store: any Store
    package let actions: ActionRegistry
    private let signal: any EngineSignal

    package init(store: any Store, actions: ActionRegistry, signal: any EngineSignal) {
        self.store = store
        self.actions = actions
        self.signal = signal
    }

    /// Members of a job's JSON that are not its definition; `id` may be given at creation.
    private static let requestMembers: Set<String> = ["id", "rearm"]

    package func create(
        _ json: JSONValue, owner: UserID, idempotency: IdempotencyKey? = nil
    ) async throws(ControlError) -> CreatedJob {
        let draft = try draft(json, owner: owner, idempotency: idempotency)
        let results = try await ask { () async throws(StoreError) in try await store.createJobs([draft]) }
        signal.wake()
        guard let result = results.first else { throw .store(.corrupt("no answer to a creation")) }
        return try await ask { () async throws(StoreError) in try result.get() }
    }

    /// Creates many jobs in one transaction, each with its own result, in the order given.
    package func createAll(
        _ items: [JSONValue], owner: UserID
    ) async throws(ControlError) -> [Result<CreatedJob, ControlError>] {
        var results: [Result<CreatedJob, ControlError>?] = []
        var drafts: [JobDraft] = []
        for item in items {
            do throws(ControlError) {
                drafts.append(try draft(item, owner: owner, idempotency: nil))
                results.append(nil)
            } catch {
                results.append(.failure(error))
            }
        }
        let created = drafts
        var answers = try await ask { () async throws(StoreError) in try await store.createJobs(created) }[...]
        signal.wake()
        return results.map { result in
            result ?? answers.popFirst()?.mapError { .store($0) } ?? .failure(.store(.corrupt("no answer")))
        }
    }

    /// Replaces a job's definition, or merges a patch into it (RFC 7396).
    package func edit(
        _ id: JobID, _ json: JSONValue, merge: Bool, owner: UserID, version: Int64?
    ) async throws(ControlError) -> JobView {
        for attempt in 1... {
            guard let current = try await find(id, owner: owner) else { throw .store(.notFound) }
            let definition = try self.definition(json, of: current.job, merge: merge)
            let expected = version ?? (merge ? current.job.version : nil)
            do throws(StoreError) {
                let changed = try await store.changeJob(
                    id, owner: owner, version: expected, .edit(definition, rearm: json["rearm"]?.boolValue ?? false))
                signal.wake()
                return changed.job
            } catch {
                if case .versionMismatch = error, version == nil, attempt < Self.editTries { continue }
                throw .store(error)
            }
        }
        throw .store(.conflict("the job kept changing"))
    }

    /// Creates the job of this name, or replaces the one there is. A finished one is re-armed.
    package func upsert(
        name: String, _ json: JSONValue, owner: UserID, version: Int64?
    ) async throws(ControlError) -> (view: JobView, isNew: Bool) {
        guard var members = json.objectValue else {
            throw .invalid([FieldProblem(field: "", message: "must be an object, not \(json.kindName)")])
        }
        if let given = members["name"], given != .string(name) {
            throw .invalid([FieldProblem(field: "name", message: "is not the name in the path")])
        }
        members["name"] = .string(name)
        let known = try await ask { () async throws(StoreError) in try await store.job(named: name, owner: owner) }
        guard let known else {
            if version != nil { throw .store(.notFound) }
            return (try await create(.object(members), owner: owner).job, true)
        }
        members["id"] = nil
        if known.job.state == .finished { members["rearm"] = .bool(true) }
        return (try await edit(known.job.id, .object(members), merge: false, owner: owner, version: version), false)
    }

    package func change(
        _ id: JobID, _ change: JobChange, owner: UserID, version: Int64? = nil
    ) async throws(ControlError) -> ChangedJob {
        let changed = try await ask { () async throws(StoreError) in
            try await store.changeJob(id, owner: owner, version: version, change)
        }
        signal.cancel(changed.cancelRequests)
        signal.wake()
        return changed
    }

    package func find(_ id: JobID, owner: UserID) async throws(ControlError) -> JobView? {
        try await ask { () async throws(StoreError) in try await store.job(id, owner: owner) }
    }

    package func list(_ query: JobQuery) async throws(ControlError) -> Page<JobView> {
        try await ask { () async throws(StoreError) in try await store.jobs(query) }
    }

    /// The definition's JSON with secrets hidden.
    package func shown(_ definition: JobDefinition) -> [String: JSONValue] {
        var definition = definition
        let secrets = actions[definition.action.type]?.secretFields ?? []
        for field in secrets where definition.action.fields[field] != nil {
            definition.action.fields[field] = .string(Self.redacted)
        }
        return definition.json
    }
}

// MARK: - Reading definitions

extension JobControl {
    private func draft(
        _ json: JSONValue, owner: UserID, idempotency: IdempotencyKey?
    ) throws(ControlError) -> JobDraft {
        var random = RandomSource()
        var id = JobID(at: store.clock.now, using: &random)
        if let given = json["id"], given != .null {
            guard let parsed = given.stringValue.flatMap({ JobID($0) }) else {
                throw .invalid([FieldProblem(field: "id", message: "must be a UUID")])
            }
            id = parsed
        }
        let definition = try validated(json)
        // The store parses it again with its own clock; this names the field before anything is begun.
        try check(definition, id: id, now: store.clock.now)
        return JobDraft(id: id, userID: owner, definition: definition, idempotency: idempotency)
    }

    private func definition(_ json: JSONValue, of job: Job, merge: Bool) throws(ControlError) -> JobDefinition {
        guard json.objectValue != nil else {
            throw .invalid([FieldProblem(field: "", message: "must be an object, not \(json.kindName)")])
        }
        var members = json.objectValue ?? [:]
        if let id = members.removeValue(forKey: "id"), id != .string(job.id.description), id != .null {
            throw .invalid([FieldProblem(field: "id", message: "cannot be changed")])
        }
        let rearm = members.removeValue(forKey: "rearm")
        if let rearm, rearm.boolValue == nil {
            throw .invalid([FieldProblem(field: "rearm", message: "must be true or false, not \(rearm.kindName)")])
        }
        var wanted: JSONValue = .object(members)
        if merge { wanted = JSONValue.object(job.definition.json).merging(patch: wanted) }
        return try validated(keepingSecrets(of: job.definition.action, in: wanted))
    }

    /// A secret that comes back hidden, or does not come back at all, is the stored one.
    private func keepingSecrets(of stored: ActionDefinition, in json: JSONValue) -> JSONValue {
        guard var members = json.objectValue, var action = members["action"]?.objectValue,
            action["type"] == .string(stored.type)
        else { return json }
        for field in actions[stored.type]?.secretFields ?? [] {
            if action[field] == nil || action[field] == .string(Self.redacted) { action[field] = stored.fields[field] }
        }
        members["action"] = .object(action)
        return .object(members)
    }

    private func validated(_ json: JSONValue) throws(ControlError) -> JobDefinition {
        let definition: JobDefinition
        switch JobDefinition.read(json, besides: Self.requestMembers) {
        case .success(let read): definition = read
        case .failure(let problems): throw .invalid(problems.all)
        }
        guard let runner = actions[definition.action.type] else {
            let known = actions.types.map { "\"\($0)\"" }.joined(separator: ", ")
            throw .invalid([
                FieldProblem(field: "action.type", message: "\"\(definition.action.type)\" is not one of \(known)")
            ])
        }
        let problems = runner.validate(definition.action)
        guard problems.isEmpty else { throw .invalid(problems) }
        return definition
    }

    private func check(_ definition: JobDefinition, id: JobID, now: Instant) throws(ControlError) {
        do throws(ScheduleError) {
            let schedule = try Job.parse(definition, id: id, anchor: now, now: now)
            if let reason = schedule.neverFiresReason { throw ScheduleError(.neverFires, reason, field: "schedule") }
        } catch {
            throw .invalid([FieldProblem(schedule: error)])
        }
    }
}

/// Calls the store, with its errors as control's.
func ask<Value>(_ call: () async throws(StoreError) -> Value) async throws(ControlError) -> Value {
    do throws(StoreError) {
        return try await call()
    } catch {
        throw .store(error)
    }
}
