package import CronModel
import CronSchedule

/// Job types, those of a space and those for everybody.
package struct JobTypeControl: Sendable {
    package static let nameLimitBytes = JobLimit.nameBytes

    let store: any Store
    let actions: ActionRegistry
    let jobs: JobControl

    package init(store: any Store, actions: ActionRegistry, jobs: JobControl) {
        self.store = store
        self.actions = actions
        self.jobs = jobs
    }

    /// A space's own come before those for everybody when a job names one.
    package static func spaces(_ space: UserID) -> [UserID] { [space, Resource.everybody] }

    package func list(_ query: ResourceQuery) async throws(ControlError) -> Page<Resource> {
        try await ControlError.storing { () async throws(StoreError) in try await store.resources(query) }
    }

    package func read(_ id: ResourceID, space: UserID) async throws(ControlError) -> Resource {
        let found = try await ControlError.storing { () async throws(StoreError) in
            try await store.resource(id, .jobType, spaces: Self.spaces(space))
        }
        guard let found else { throw .store(.notFound) }
        return found
    }

    /// - Parameter json: `{"name", "about"?, "defaults": {…}, "global"?}`.
    package func create(_ json: JSONValue, by actor: Actor) async throws(ControlError) -> Resource {
        var reader = try JobControl.reader(json)
        let name = reader.string("name", limit: Self.nameLimitBytes)
        if name?.isEmpty ?? true, reader.problems.isEmpty { reader.refuse("name", "is required") }
        let isGlobal = reader.bool("global") ?? false
        guard reader.problems.isEmpty, let name else { throw .invalid(reader.problems) }
        let type = try JobType.read(json.without(["name", "global"]), actions: actions, by: actor)
        if isGlobal { try await refuseUnlessFirstSpace(actor) }
        var random = RandomSource()
        let now = store.clock.now
        let draft = Resource(
            id: ResourceID(at: now, using: &random), kind: .jobType, space: isGlobal ? Resource.everybody : actor.space,
            name: name, body: type.body, createdAt: now)
        return try await ControlError.storing { () async throws(StoreError) in
            try await store.createResource(draft) {
                actor.entry("job_type.create", target: $0.id.description, after: $0.jobTypeJSON)
            }
        }
    }

    /// Changes a type and the jobs of the space that follow it, the jobs first: a change that was cut short is completed by
    /// being asked for again. Of a type for everybody, jobs of other spaces take what is new at their next edit: nobody
    /// rewrites another space's jobs.
    /// - Parameter dryRun: only tells what would change.
    package func replace(
        _ id: ResourceID, _ json: JSONValue, version: Int64?, dryRun: Bool, by actor: Actor
    ) async throws(ControlError) -> (type: Resource, affected: [JobAnswer]) {
        let current = try await read(id, space: actor.space)
        if let version, version != current.version { throw .store(.versionMismatch(current: current.version)) }
        let type = try JobType.read(json, actions: actions, by: actor)
        if current.space == Resource.everybody { try await refuseUnlessFirstSpace(actor) }
        let affected = try await follow(current, to: type, dryRun: dryRun, by: actor)
        guard !dryRun else { return (current.changed(ResourceChange(body: type.body), now: store.clock.now), affected) }
        let ids = affected.map { JSONValue.string($0.id.description) }
        let changed = try await ControlError.storing { () async throws(StoreError) in
            try await store.changeResource(
                id, .jobType, space: current.space, version: current.version, ResourceChange(body: type.body)
            ) { changed in
                actor.entry(
                    "job_type.edit", target: id.description, before: changed.before.jobTypeJSON,
                    after: .object(["type": changed.after.jobTypeJSON, "jobs": .array(ids)]))
            }
        }
        return (changed, affected)
    }

    /// - Throws: `conflict` while jobs are of the type.
    package func delete(_ id: ResourceID, version: Int64?, by actor: Actor) async throws(ControlError) {
        let found = try await read(id, space: actor.space)
        if found.space == Resource.everybody { try await refuseUnlessFirstSpace(actor) }
        var query = JobQuery(owner: actor.space)
        query.type = found.name
        query.limit = 1
        if let job = try await jobs.list(query).items.first {
            throw .store(.conflict("jobs are of this type, such as \(job.id)"))
        }
        try await ControlError.storing { () async throws(StoreError) in
            try await store.deleteResource(id, .jobType, space: found.space, version: version) {
                actor.entry("job_type.delete", target: $0.id.description, before: $0.jobTypeJSON)
            }
        }
    }

    /// The jobs that a change of the type changes, changed unless it is only asked what would be.
    private func follow(
        _ current: Resource, to type: JobType, dryRun: Bool, by actor: Actor
    ) async throws(ControlError) -> [JobAnswer] {
        // A type of the space hides one for everybody of the same name.
        if current.space == Resource.everybody, try await ownType(current.name, actor.space) != nil { return [] }
        var affected: [JobAnswer] = []
        var query = JobQuery(owner: actor.space)
        query.type = current.name
        query.limit = PageLimit.most
        repeat {
            let page = try await ControlError.storing { [query] () async throws(StoreError) in
                try await store.jobs(query)
            }
            for view in page.items where view.job.state != .finished {
                if let job = try await jobs.follow(
                    view, from: JobType(current), to: type, dryRun: dryRun, by: actor)
                {
                    affected.append(job)
                }
            }
            query.after = page.next
        } while query.after != nil
        return affected
    }

    private func ownType(_ name: String, _ space: UserID) async throws(ControlError) -> Resource? {
        try await ControlError.storing { () async throws(StoreError) in
            try await store.resource(named: name, .jobType, space: space)
        }
    }

    /// Types for everybody are the installation's: people of its first space look after them.
    private func refuseUnlessFirstSpace(_ actor: Actor) async throws(ControlError) {
        let first = try await ControlError.storing { () async throws(StoreError) in try await store.firstUser() }
        guard first?.space == actor.space else {
            throw .forbidden("job types for everybody belong to the first space of the installation")
        }
    }
}

extension Resource {
    package var jobTypeJSON: JSONValue {
        .object([
            "id": .string(id.description),
            "name": .string(name),
            "global": .bool(space == Self.everybody),
            "about": body["about"] ?? .null,
            "defaults": body["defaults"] ?? .object([:]),
            "version": .integer(version),
            "created_at": .string(createdAt.description),
            "updated_at": .string(updatedAt.description),
        ])
    }
}

extension JSONValue {
    func without(_ names: Set<String>) -> JSONValue {
        guard let members = objectValue else { return self }
        return .object(members.filter { !names.contains($0.key) })
    }
}
