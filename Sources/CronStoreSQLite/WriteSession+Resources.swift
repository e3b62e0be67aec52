import CronModel
import CronSchedule
import Crypto

/// Resources, and the audit log.
extension WriteSession {
    func create(_ draft: Resource) throws -> Resource {
        let count = try statement("SELECT count(*) FROM resources WHERE kind = ? AND space = ?")
            .bind(draft.kind.rawValue).bind(draft.space).first { Int($0.int(0)) }
        if count ?? 0 >= draft.kind.limit { throw StoreError.limitReached(.resources(draft.kind)) }
        var resource = draft
        resource.createdAt = now
        resource.updatedAt = now
        do {
            try statement(
                """
                INSERT INTO resources (id, kind, space, name, lookup, body, version, created_at, updated_at)
                VALUES (?,?,?,?,?,?,?,?,?)
                """
            )
            .bind(resource.id).bind(resource.kind.rawValue).bind(resource.space).bind(resource.name)
            .bind(resource.lookup).bind(JSONWriter.text(resource.body)).bind(resource.version)
            .bind(resource.createdAt).bind(resource.updatedAt).run()
        } catch let error as SQLError where error.isConstraint {
            let isName = try isTaken(resource)
            throw isName ? StoreError.conflict(.taken(resource)) : .conflict("a \(draft.kind.noun) with this id exists")
        }
        return resource
    }

    func change(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange
    ) throws -> ChangedResource {
        let before = try resource(id, kind, space: space, version: version)
        let after = before.changed(change, now: now)
        do {
            try statement("UPDATE resources SET name = ?, body = ?, version = ?, updated_at = ? WHERE id = ?")
                .bind(after.name).bind(JSONWriter.text(after.body)).bind(after.version).bind(after.updatedAt).bind(id)
                .run()
        } catch let error as SQLError where error.isConstraint {
            throw StoreError.conflict(.taken(after))
        }
        return ChangedResource(before: before, after: after)
    }

    func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?
    ) throws -> Resource {
        let before = try resource(id, kind, space: space, version: version)
        try statement("DELETE FROM resources WHERE id = ?").bind(id).run()
        return before
    }

    private func resource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?
    ) throws -> Resource {
        let found = try statement("\(ResourceRow.select) WHERE id = ? AND kind = ? AND space = ?")
            .bind(id).bind(kind.rawValue).bind(space).first(ResourceRow.read)
        guard let found else { throw StoreError.notFound }
        if let version, version != found.version { throw StoreError.versionMismatch(current: found.version) }
        return found
    }

    private func isTaken(_ resource: Resource) throws -> Bool {
        try statement("SELECT 1 FROM resources WHERE space = ? AND kind = ? AND name = ?")
            .bind(resource.space).bind(resource.kind.rawValue).bind(resource.name).first { _ in true } ?? false
    }

    /// Does the work and adds the audit line that tells of it.
    func audited<Answer>(_ audit: Auditing<Answer>?, _ work: () throws -> Answer) throws -> Answer {
        let answer = try work()
        try append(audit?(answer))
        return answer
    }

    func append(_ entry: AuditEntry?) throws {
        guard let entry else { return }
        let last = try statement("SELECT sequence, hash FROM audit_log WHERE space = ? ORDER BY sequence DESC LIMIT 1")
            .bind(entry.actor.space).first { (sequence: $0.int(0), hash: $0.blob(1)) }
        let sequence = (last?.sequence ?? 0) + 1
        let text = entry.text
        let chained = AuditRecord.chained(after: last?.hash ?? [], sequence: sequence, at: now, text: text)
        try statement("INSERT INTO audit_log (space, sequence, at, target, entry, hash) VALUES (?,?,?,?,?,?)")
            .bind(entry.actor.space).bind(sequence).bind(now).bind(entry.target).bind(text)
            .bind(Array(SHA256.hash(data: chained))).run()
    }
}

enum ResourceRow {
    static let select =
        "SELECT id, kind, space, name, lookup, body, version, created_at, updated_at FROM resources"

    static func read(_ row: SQLStatement) throws -> Resource {
        guard let kind = Resource.Kind(rawValue: row.text(1)), let body = JSONValue(text: row.text(5)) else {
            throw StoreError.corrupt("resource \(row.id(0, as: ResourceID.self)) cannot be read")
        }
        return Resource(
            id: row.id(0), kind: kind, space: row.id(2), name: row.text(3),
            lookup: row.isNull(4) ? nil : row.blob(4), body: body, version: row.int(6), createdAt: row.instant(7),
            updatedAt: row.instant(8))
    }
}
