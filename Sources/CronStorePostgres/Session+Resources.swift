import CronModel
import CronSchedule
import PostgresClient

/// Resources, and the audit log.
extension Session {
    func create(_ draft: Resource) throws -> Resource {
        try readClock()
        var resource = draft
        resource.createdAt = now
        resource.updatedAt = now
        let count = try query(
            """
            SELECT count(*) FROM resources WHERE space = \(draft.space.uuid) AND kind = \(draft.kind.rawValue)
            """
        ).first { Int(try $0.int(0)) }
        if count ?? 0 >= draft.kind.limit { throw StoreError.limitReached(.resources(draft.kind)) }
        let inserted = try query(
            """
            INSERT INTO resources (id, kind, space, name, lookup, body, version, created_at, updated_at)
            VALUES (\(resource.id.uuid), \(resource.kind.rawValue), \(resource.space.uuid), \(resource.name),
                \(resource.lookup), \(JSONWriter.text(resource.body)), \(resource.version),
                \(resource.createdAt.microseconds), \(resource.updatedAt.microseconds))
            ON CONFLICT DO NOTHING RETURNING 1
            """)
        if inserted.rowCount == 0 { throw try refusal(resource) }
        return resource
    }

    private func refusal(_ resource: Resource) throws -> StoreError {
        let isName =
            try query(
                """
                SELECT 1 FROM resources WHERE space = \(resource.space.uuid) AND kind = \(resource.kind.rawValue)
                    AND name = \(resource.name)
                """
            ).rowCount > 0
        return .conflict(isName ? .taken(resource) : "a \(resource.kind.noun) with this id exists")
    }

    func change(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange
    ) throws -> ChangedResource {
        let before = try lockResource(id, kind, space: space, version: version)
        let after = before.changed(change, now: now)
        do {
            _ = try query(
                """
                UPDATE resources SET name = \(after.name), body = \(JSONWriter.text(after.body)),
                    version = \(after.version), updated_at = \(after.updatedAt.microseconds)
                WHERE id = \(id.uuid)
                """)
        } catch let error as PostgresError where error.constraint == "resources_name" {
            throw StoreError.conflict(.taken(after))
        }
        return ChangedResource(before: before, after: after)
    }

    func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?
    ) throws -> Resource {
        let before = try lockResource(id, kind, space: space, version: version)
        _ = try query("DELETE FROM resources WHERE id = \(id.uuid)")
        return before
    }

    private func lockResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?
    ) throws -> Resource {
        let results = try send([
            """
            \(unescaped: ResourceRow.select)
            WHERE id = \(id.uuid) AND kind = \(kind.rawValue) AND space = \(space.uuid) FOR UPDATE
            """,
            clock(),
        ])
        try readClock(results[1])
        guard let found = try results[0].first(ResourceRow.read) else { throw StoreError.notFound }
        if let version, version != found.version { throw StoreError.versionMismatch(current: found.version) }
        return found
    }

    /// Does the work and adds the audit line that tells of it.
    func audited<Answer>(_ audit: Auditing<Answer>?, _ work: () throws -> Answer) throws -> Answer {
        let answer = try work()
        append(audit?(answer))
        return answer
    }

    /// Travels with COMMIT: the space's head of the chain is locked last, and for no longer than the commit takes.
    func append(_ entry: AuditEntry?) {
        guard let entry else { return }
        let space = entry.actor.space.uuid
        let text = entry.text
        transaction.enqueue(
            """
            WITH now AS (SELECT coalesce(\(moment), cronpp_now()) AS at), head AS (
                INSERT INTO audit_heads AS h (space, sequence, at, hash)
                SELECT \(space), 1, at, sha256(int8send(1) || int8send(at) || convert_to(\(text), 'UTF8')) FROM now
                ON CONFLICT (space) DO UPDATE SET sequence = h.sequence + 1, at = greatest(h.at, excluded.at),
                    hash = sha256(h.hash || int8send(h.sequence + 1) || int8send(greatest(h.at, excluded.at))
                        || convert_to(\(text), 'UTF8'))
                RETURNING sequence, at, hash
            )
            INSERT INTO audit_log (space, sequence, at, target, entry, hash)
            SELECT \(space), sequence, at, \(entry.target), \(text), hash FROM head
            """)
    }
}

enum ResourceRow {
    static let select =
        "SELECT id, kind, space, name, lookup, body, version, created_at, updated_at FROM resources"

    static func read(_ row: PostgresRow) throws -> Resource {
        guard let kind = Resource.Kind(rawValue: try row.text(1)), let body = JSONValue(text: try row.text(5)) else {
            throw StoreError.corrupt("resource \(try row.id(0, of: ResourceTag.self)) cannot be read")
        }
        return Resource(
            id: try row.id(0), kind: kind, space: try row.id(2), name: try row.text(3),
            lookup: try row.bytesOrNil(4), body: body, version: try row.int(6), createdAt: try row.instant(7),
            updatedAt: try row.instant(8))
    }
}
