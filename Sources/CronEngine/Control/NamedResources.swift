import CronModel
import CronSchedule

/// Resources of one kind that people put in place by name: created or replaced, whichever it takes.
struct NamedResources: Sendable {
    let kind: Resource.Kind
    let store: any Store
    /// What may be shown of one.
    let shown: @Sendable (Resource) -> JSONValue

    func list(_ query: ResourceQuery) async throws(ControlError) -> Page<Resource> {
        try await ControlError.storing { () async throws(StoreError) in try await store.resources(query) }
    }

    func find(_ name: String, _ space: UserID) async throws(ControlError) -> Resource? {
        try await ControlError.storing { () async throws(StoreError) in
            try await store.resource(named: name, kind, space: space)
        }
    }

    func read(_ name: String, space: UserID) async throws(ControlError) -> Resource {
        guard let found = try await find(name, space) else { throw .store(.notFound) }
        return found
    }

    /// - Parameter body: what it is to hold in place of what is there, under the version that it will have.
    /// - Returns: the resource, and whether it is new.
    func put(
        _ name: String, if condition: Precondition, by actor: Actor,
        body: (_ found: Resource?, _ version: Int64) async throws(ControlError) -> JSONValue
    ) async throws(ControlError) -> (resource: Resource, isNew: Bool) {
        try ResourceName.check(name)
        for _ in 0..<ResourceName.tries {
            let found = try await find(name, actor.space)
            try condition.check(found?.version)
            let body = try await body(found, (found?.version ?? 0) + 1)
            if let resource = try await write(name, body, over: found, by: actor) { return (resource, found == nil) }
        }
        throw .store(.conflict("the \(kind.noun) is being changed by others; try again"))
    }

    func delete(_ name: String, version: Int64?, by actor: Actor) async throws(ControlError) {
        let found = try await read(name, space: actor.space)
        try await ControlError.storing { () async throws(StoreError) in
            try await store.deleteResource(found.id, kind, space: actor.space, version: version) {
                actor.entry("\(kind.rawValue).delete", target: $0.id.description, before: shown($0))
            }
        }
    }

    /// Nil when another request came between: what it left is looked at anew.
    private func write(
        _ name: String, _ body: JSONValue, over found: Resource?, by actor: Actor
    ) async throws(ControlError) -> Resource? {
        do throws(StoreError) {
            if let found {
                return try await store.changeResource(
                    found.id, kind, space: actor.space, version: found.version, ResourceChange(body: body)
                ) {
                    actor.entry(
                        "\(kind.rawValue).replace", target: $0.after.id.description, before: shown($0.before),
                        after: shown($0.after))
                }
            }
            var random = RandomSource()
            let now = store.clock.now
            let draft = Resource(
                id: ResourceID(at: now, using: &random), kind: kind, space: actor.space, name: name, body: body,
                createdAt: now)
            return try await store.createResource(draft) {
                actor.entry("\(kind.rawValue).create", target: $0.id.description, after: shown($0))
            }
        } catch {
            switch error {
            case .versionMismatch, .notFound, .conflict: return nil
            default: throw ControlError(error)
            }
        }
    }
}
