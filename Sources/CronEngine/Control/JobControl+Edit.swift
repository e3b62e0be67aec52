package import CronModel
import CronSchedule

/// How a request changes a definition.
package enum JobEdit: Sendable {
    /// RFC 7396: what the request leaves out stays.
    case merge(JSONValue)
    /// What the request leaves out takes its default.
    case replace(JSONValue)

    var json: JSONValue {
        switch self {
        case .merge(let json), .replace(let json): json
        }
    }
}

extension JobControl {
    /// Changes the definition. With a `version` the edit is made on that one or not at all; without, on the newest.
    package func edit(
        _ id: JobID, by actor: Actor, _ edit: JobEdit, version: Int64?
    ) async throws(ControlError) -> JobAnswer {
        let edited = audit.changed("job.edit", by: actor)
        for _ in 0..<Self.editTries {
            let current = try await view(id, owner: actor.space)
            if let version, version != current.job.version {
                throw .store(.versionMismatch(current: current.job.version))
            }
            let (definition, rearm) = try await definition(after: edit, of: current, by: actor)
            if let job = try await store(definition, rearm: rearm, over: current, audit: edited) { return job }
        }
        throw .store(.conflict("the job is being changed by others; try again"))
    }

    /// Creates the job of that name or makes it what the request says; a finished one is armed again.
    /// - Returns: the job, and whether it is new.
    package func upsert(
        name: String, _ json: JSONValue, by actor: Actor, if condition: Precondition
    ) async throws(ControlError) -> (job: JobAnswer, isNew: Bool) {
        let json = try named(json, name)
        let edited = audit.changed("job.edit", by: actor)
        for _ in 0..<Self.editTries {
            let found = try await ControlError.storing { () async throws(StoreError) in
                try await store.job(named: name, owner: actor.space)
            }
            try condition.check(found?.job.version)
            if let found {
                // The client's own id is for a job that it makes; one that is there has its own.
                if let id = try JobRequest.id(json), id != found.job.id {
                    throw .store(.conflict("the job of this name has another id"))
                }
                let (definition, rearm) = try await definition(after: .replace(json), of: found, by: actor)
                let isFinished = found.job.state == .finished
                if definition == found.job.definition, !rearm, !isFinished { return (answer(found), false) }
                if let job = try await store(definition, rearm: rearm || isFinished, over: found, audit: edited) {
                    return (job, false)
                }
            } else if let job = try await createUnlessTaken(json, by: actor) {
                return (job, true)
            }
        }
        throw .store(.conflict("the job is being changed by others; try again"))
    }
}

// MARK: - The steps

extension JobControl {
    /// The definition after the edit, as it is stored. Secrets that the client cannot know stay.
    private func definition(
        after edit: JobEdit, of current: JobView, by actor: Actor
    ) async throws(ControlError) -> (JobDefinition, rearm: Bool) {
        let job = current.job
        let rearm = try JobRequest.rearm(edit.json)
        var json = try JobRequest.withoutReadOnly(edit.json, shown: answer(current).json)
        guard json.objectValue != nil else { throw .invalid("", "must be an object, not \(json.kindName)") }
        let opened = try await secrets.opened(job)
        switch edit {
        case .merge:
            var base = job.definition
            base.action = opened
            json = merged(json, over: base)
        case .replace:
            guard case .object(var members) = json else { break }
            members["action"] = members["action"].map { secrets.restored($0, from: opened) }
            json = try await typed(.object(members), in: job.userID)
        }
        var definition = try await request.definition(
            json, id: job.id, by: actor, now: store.clock.now, changes: rearm ? nil : job)
        definition.action = try await secrets.sealed(
            definition.action, of: job.id, in: job.userID, before: (job.definition.action, opened))
        return (definition, rearm)
    }

    /// A changed type of action starts from nothing: the fields of the old type mean nothing to the new one.
    private func merged(_ patch: JSONValue, over stored: JobDefinition) -> JSONValue {
        guard case .object(var changes) = patch, let action = changes["action"] else {
            return JSONValue.object(stored.json).merging(patch: patch)
        }
        var base = stored.json
        if let type = action["type"]?.stringValue, type != stored.action.type {
            base["action"] = nil
        } else {
            changes["action"] = secrets.unmarked(action, of: stored.action)
        }
        return JSONValue.object(base).merging(patch: .object(changes))
    }

    /// Nil when another change came between: what it left is looked at anew, whatever the request depends on.
    func store(
        _ definition: JobDefinition, rearm: Bool, over current: JobView, audit: Auditing<ChangedJob>?
    ) async throws(ControlError) -> JobAnswer? {
        do {
            let changed = try await store.changeJob(
                current.job.id, owner: current.job.userID, version: current.job.version,
                .edit(definition, rearm: rearm), audit: audit)
            signal.wake()
            tell([changed.job])
            return answer(changed.job)
        } catch .versionMismatch {
            return nil
        } catch {
            throw ControlError(error)
        }
    }

    /// Nil when another request has just taken the name.
    private func createUnlessTaken(_ json: JSONValue, by actor: Actor) async throws(ControlError) -> JobAnswer? {
        do {
            return try await create(json, by: actor).job
        } catch .store(.conflict(let reason)) {
            // A conflict that is not about the name, such as an id that is taken, would come back for ever.
            guard json["id"] == nil else { throw .store(.conflict(reason)) }
            return nil
        }
    }

    private func named(_ json: JSONValue, _ name: String) throws(ControlError) -> JSONValue {
        guard case .object(var members) = json else { return json }
        if let given = members["name"], given != .null, given != .string(name) {
            throw .invalid("name", "differs from the name in the path")
        }
        members["name"] = .string(name)
        return .object(members)
    }
}
