package import CronSchedule

/// Resources. Names and lookups are unique; each verb is one transaction.
package protocol ResourceStore: Sendable {
    /// Created and updated at the store's time.
    /// - Throws: `conflict` for a name, id or lookup that is taken, `limitReached`.
    func createResource(
        _ draft: Resource, audit: Auditing<Resource>?
    ) async throws(StoreError) -> Resource
    /// - Parameter version: nil changes whatever is there.
    /// - Throws: `notFound`, `versionMismatch`, `conflict` for a name that is taken.
    func changeResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange,
        audit: Auditing<ChangedResource>?
    ) async throws(StoreError) -> Resource
    /// - Throws: `notFound`, `versionMismatch`.
    func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, audit: Auditing<Resource>?
    ) async throws(StoreError)
    func resource(_ id: ResourceID, _ kind: Resource.Kind, spaces: [UserID]) async throws(StoreError) -> Resource?
    func resource(named name: String, _ kind: Resource.Kind, space: UserID) async throws(StoreError) -> Resource?
    func resource(lookup: [UInt8], _ kind: Resource.Kind) async throws(StoreError) -> Resource?
    /// Ordered by (createdAt, id).
    func resources(_ query: ResourceQuery) async throws(StoreError) -> Page<Resource>
}

/// What is to be put in place of what is there.
package struct ResourceChange: Hashable, Sendable {
    /// Nil keeps the name.
    package var name: String?
    package var body: JSONValue

    package init(name: String? = nil, body: JSONValue) {
        self.name = name
        self.body = body
    }
}

package struct ChangedResource: Sendable {
    package var before: Resource
    package var after: Resource

    package init(before: Resource, after: Resource) {
        self.before = before
        self.after = after
    }
}

extension Resource {
    /// Makes a change.
    package func changed(_ change: ResourceChange, now: Instant) -> Resource {
        var after = self
        after.name = change.name ?? name
        after.body = change.body
        after.version += 1
        after.updatedAt = now
        return after
    }
}
