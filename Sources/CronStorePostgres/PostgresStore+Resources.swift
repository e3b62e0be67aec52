package import CronModel
import CronSchedule
import PostgresClient

/// Resources and the audit log: verbs and reads.
extension PostgresStore {
    package func createResource(_ draft: Resource, audit: Auditing<Resource>?) async throws(StoreError) -> Resource {
        try await perform(.told, in: draft.space.wall) { session in
            try session.audited(audit) { try session.create(draft) }
        }
    }

    package func changeResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange,
        audit: Auditing<ChangedResource>?
    ) async throws(StoreError) -> Resource {
        try await perform(.told, in: space.wall) { session in
            try session.audited(audit) {
                try session.change(id, kind, space: space, version: version, change)
            }.after
        }
    }

    package func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, audit: Auditing<Resource>?
    ) async throws(StoreError) {
        try await perform(.told, in: space.wall) { session in
            _ = try session.audited(audit) {
                try session.deleteResource(id, kind, space: space, version: version)
            }
        }
    }

    package func resource(
        _ id: ResourceID, _ kind: Resource.Kind, spaces: [UserID]
    ) async throws(StoreError) -> Resource? {
        try await perform { session in
            try session.query(
                """
                \(unescaped: ResourceRow.select)
                WHERE id = \(id.uuid) AND kind = \(kind.rawValue) AND space = ANY(\(spaces.uuids()))
                """
            ).first(ResourceRow.read)
        }
    }

    package func resource(
        named name: String, _ kind: Resource.Kind, space: UserID
    ) async throws(StoreError) -> Resource? {
        try await perform(in: space.wall) { session in
            try session.query(
                """
                \(unescaped: ResourceRow.select)
                WHERE space = \(space.uuid) AND kind = \(kind.rawValue) AND name = \(name)
                """
            ).first(ResourceRow.read)
        }
    }

    package func resource(lookup: [UInt8], _ kind: Resource.Kind) async throws(StoreError) -> Resource? {
        try await perform { session in
            try session.query(
                "\(unescaped: ResourceRow.select) WHERE lookup = \(lookup) AND kind = \(kind.rawValue)"
            ).first(ResourceRow.read)
        }
    }

    package func resources(_ query: ResourceQuery) async throws(StoreError) -> Page<Resource> {
        try await perform { session in
            let page = PageOrder(query.descending)
            let found = try session.query(
                """
                \(unescaped: ResourceRow.select)
                WHERE kind = \(query.kind.rawValue)
                    AND (\(query.spaces == nil) OR space = ANY(\((query.spaces ?? []).uuids())))
                    AND (\(query.text)::text IS NULL OR position(lower(\(query.text)) IN lower(name)) > 0)
                    AND (\(query.after?.at.microseconds)::bigint IS NULL OR (created_at, id) \(unescaped: page.beyond)
                        (\(query.after?.at.microseconds), \(query.after?.uuid)))
                \(unescaped: page.order) LIMIT \(Int64(query.limit + 1))
                """
            ).all(ResourceRow.read)
            return Page(items: Array(found.prefix(query.limit)), limit: query.limit, found: found.count) { resource in
                PageCursor(at: resource.createdAt, id: (resource.id.high, resource.id.low))
            }
        }
    }
}

extension PostgresStore {
    package func appendAudit(_ entry: AuditEntry) async throws(StoreError) {
        try await perform(.told, in: entry.actor.space.wall) { $0.append(entry) }
    }

    package func audit(_ query: AuditQuery) async throws(StoreError) -> Page<AuditRecord> {
        try await perform(in: query.space.wall) { session in
            let page = PageOrder(query.descending)
            let last = query.after.map { Int64(bitPattern: $0.low) }
            let found = try session.query(
                """
                SELECT sequence, at, entry, hash FROM audit_log WHERE space = \(query.space.uuid)
                    AND (\(query.target)::text IS NULL OR target = \(query.target))
                    AND (\(query.from?.microseconds)::bigint IS NULL OR at >= \(query.from?.microseconds))
                    AND (\(query.to?.microseconds)::bigint IS NULL OR at < \(query.to?.microseconds))
                    AND (\(last)::bigint IS NULL OR sequence \(unescaped: page.beyond) \(last))
                ORDER BY sequence \(unescaped: page.direction) LIMIT \(Int64(query.limit + 1))
                """
            ).all {
                AuditRecord(
                    sequence: try $0.int(0), at: try $0.instant(1), text: try $0.text(2), hash: try $0.bytes(3))
            }
            return Page(
                items: Array(found.prefix(query.limit)), limit: query.limit, found: found.count, cursor: \.cursor)
        }
    }
}

extension UserID {
    /// The space to enter; nil for what belongs to all spaces.
    fileprivate var wall: UserID? { self == Resource.everybody ? nil : self }
}
