package import CronModel
import CronSchedule
import Crypto

/// Resources, and the audit log.
extension MemoryVerb {
    package static func createResource(_ draft: Resource, audit: Auditing<Resource>?) -> MemoryVerb
    where Answer == Resource {
        MemoryVerb("create resource") { transaction in
            try transaction.lockPeople()
            let others = transaction.tables.people.resources.values.filter { $0.kind == draft.kind }
            if others.filter({ $0.space == draft.space }).count >= draft.kind.limit {
                throw StoreError.limitReached(.resources(draft.kind))
            }
            if others.contains(where: { $0.id == draft.id || ($0.lookup != nil && $0.lookup == draft.lookup) }) {
                throw StoreError.conflict("a \(draft.kind.noun) with this id exists")
            }
            try transaction.refuseTakenName(draft)
            var resource = draft
            resource.createdAt = transaction.now
            resource.updatedAt = transaction.now
            let created = resource
            transaction.changePeople { $0.resources[created.id] = created }
            return try transaction.audited(audit) { created }
        }
    }

    package static func changeResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange,
        audit: Auditing<ChangedResource>?
    ) -> MemoryVerb where Answer == Resource {
        MemoryVerb("change resource") { transaction in
            try transaction.lockPeople()
            let before = try transaction.resource(id, kind, space: space, version: version)
            let after = before.changed(change, now: transaction.now)
            try transaction.refuseTakenName(after)
            transaction.changePeople { $0.resources[id] = after }
            return try transaction.audited(audit) { ChangedResource(before: before, after: after) }.after
        }
    }

    package static func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, audit: Auditing<Resource>?
    ) -> MemoryVerb where Answer == Void {
        MemoryVerb("delete resource") { transaction in
            try transaction.lockPeople()
            let before = try transaction.resource(id, kind, space: space, version: version)
            transaction.changePeople { $0.resources[id] = nil }
            _ = try transaction.audited(audit) { before }
        }
    }

    package static func appendAudit(_ entry: AuditEntry) -> MemoryVerb where Answer == Void {
        MemoryVerb("audit") { transaction in
            try transaction.lockPeople()
            transaction.append(entry)
        }
    }
}

extension MemoryTransaction {
    /// Does the work and adds the audit line that tells of it.
    func audited<Answer>(_ audit: Auditing<Answer>?, _ work: () throws -> Answer) throws -> Answer {
        let answer = try work()
        append(audit?(answer))
        return answer
    }

    func append(_ entry: AuditEntry?) {
        guard let entry else { return }
        let now = now
        changePeople { people in
            var log = people.audit[entry.actor.space] ?? []
            let sequence = Int64(log.count + 1)
            let chained = AuditRecord.chained(
                after: log.last?.hash ?? [], sequence: sequence, at: now, text: entry.text)
            log.append(
                AuditRecord(sequence: sequence, at: now, text: entry.text, hash: Array(SHA256.hash(data: chained))))
            people.audit[entry.actor.space] = log
        }
    }

    fileprivate func resource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?
    ) throws -> Resource {
        guard let found = tables.people.resources[id], found.kind == kind, found.space == space else {
            throw StoreError.notFound
        }
        if let version, version != found.version { throw StoreError.versionMismatch(current: found.version) }
        return found
    }

    fileprivate func refuseTakenName(_ resource: Resource) throws {
        let isTaken = tables.people.resources.values.contains { other in
            other.id != resource.id && other.kind == resource.kind && other.space == resource.space
                && other.name == resource.name
        }
        if isTaken { throw StoreError.conflict(.taken(resource)) }
    }
}
