package import CronModel

extension FaultyStore {
    package func createResource(_ draft: Resource, audit: Auditing<Resource>?) async throws(StoreError) -> Resource {
        try await call(.resources) { () throws(StoreError) in try await store.createResource(draft, audit: audit) }
    }

    package func changeResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange,
        audit: Auditing<ChangedResource>?
    ) async throws(StoreError) -> Resource {
        try await call(.resources) { () throws(StoreError) in
            try await store.changeResource(id, kind, space: space, version: version, change, audit: audit)
        }
    }

    package func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, audit: Auditing<Resource>?
    ) async throws(StoreError) {
        try await call(.resources) { () throws(StoreError) in
            try await store.deleteResource(id, kind, space: space, version: version, audit: audit)
        }
    }

    package func resource(
        _ id: ResourceID, _ kind: Resource.Kind, spaces: [UserID]
    ) async throws(StoreError) -> Resource? {
        try await call(.resources) { () throws(StoreError) in try await store.resource(id, kind, spaces: spaces) }
    }

    package func resource(
        named name: String, _ kind: Resource.Kind, space: UserID
    ) async throws(StoreError) -> Resource? {
        try await call(.resources) { () throws(StoreError) in
            try await store.resource(named: name, kind, space: space)
        }
    }

    package func resource(lookup: [UInt8], _ kind: Resource.Kind) async throws(StoreError) -> Resource? {
        try await call(.resources) { () throws(StoreError) in try await store.resource(lookup: lookup, kind) }
    }

    package func resources(_ query: ResourceQuery) async throws(StoreError) -> Page<Resource> {
        try await call(.resources) { () throws(StoreError) in try await store.resources(query) }
    }

    package func appendAudit(_ entry: AuditEntry) async throws(StoreError) {
        try await call(.audit) { () throws(StoreError) in try await store.appendAudit(entry) }
    }

    package func audit(_ query: AuditQuery) async throws(StoreError) -> Page<AuditRecord> {
        try await call(.audit) { () throws(StoreError) in try await store.audit(query) }
    }
}
