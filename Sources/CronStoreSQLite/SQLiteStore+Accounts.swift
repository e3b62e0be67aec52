package import CronModel
package import CronSchedule

/// Users, resources and the audit log: verbs and reads.
extension SQLiteStore {
    package func createUser(_ user: User, onlyFirst: Bool, audit: AuditEntry?) async throws(StoreError) {
        try await writer.perform { session in
            try session.createUser(user, onlyFirst: onlyFirst)
            try session.append(audit)
        }
    }

    package func changeUser(
        _ id: UserID, space: UserID?, _ change: UserChange, audit: AuditEntry?
    ) async throws(StoreError) -> User {
        try await writer.perform { session in
            let user = try session.changeUser(id, space: space, change)
            try session.append(audit)
            return user
        }
    }

    package func addRefreshToken(
        _ token: RefreshToken, proven: String?, audit: AuditEntry?
    ) async throws(StoreError) {
        try await writer.perform { session in
            try session.beginSession(token, proven: proven)
            try session.append(audit)
        }
    }

    package func rotateRefreshToken(
        hash: [UInt8], next: RefreshToken
    ) async throws(StoreError) -> RefreshRotation {
        try await writer.perform { try $0.rotateRefreshToken(hash: hash, next: next) }
    }

    package func revokeRefreshFamily(hash: [UInt8]) async throws(StoreError) {
        try await writer.perform { try $0.revokeRefreshFamily(hash: hash) }
    }

    package func user(email: String) async throws(StoreError) -> User? {
        try await read { session in
            try session.statement("\(UserRow.select) WHERE email = ?").bind(email).first(UserRow.read)
        }
    }

    package func user(_ id: UserID) async throws(StoreError) -> User? {
        try await read { session in
            try session.statement("\(UserRow.select) WHERE id = ?").bind(id).first(UserRow.read)
        }
    }

    package func user(session family: RefreshToken.UserFamily) async throws(StoreError) -> User? {
        let now = clock.now
        return try await read { session in
            try session.statement(
                """
                \(UserRow.select) WHERE id =
                    (SELECT user_id FROM refresh_tokens WHERE family = ? AND expires_at > ? LIMIT 1)
                """
            ).bind(family).bind(now).first(UserRow.read)
        }
    }

    package func firstUser() async throws(StoreError) -> User? {
        try await read { session in
            try session.statement("\(UserRow.select) ORDER BY created_at, id LIMIT 1").first(UserRow.read)
        }
    }

    package func users(_ query: UserQuery) async throws(StoreError) -> Page<User> {
        try await read { session in
            let page = PageOrder(query.after, descending: query.descending)
            let users = try session.statement(
                "\(UserRow.select) WHERE space = ? AND \(page.condition("created_at")) \(page.order("created_at")) LIMIT ?"
            ).bind(query.space).bind(page).bind(query.limit + 1).all(UserRow.read)
            return Page(items: Array(users.prefix(query.limit)), limit: query.limit, found: users.count) { user in
                PageCursor(at: user.createdAt, id: (user.id.high, user.id.low))
            }
        }
    }
}

extension SQLiteStore {
    package func createResource(_ draft: Resource, audit: Auditing<Resource>?) async throws(StoreError) -> Resource {
        try await writer.perform { session in try session.audited(audit) { try session.create(draft) } }
    }

    package func changeResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, _ change: ResourceChange,
        audit: Auditing<ChangedResource>?
    ) async throws(StoreError) -> Resource {
        try await writer.perform { session in
            try session.audited(audit) {
                try session.change(id, kind, space: space, version: version, change)
            }.after
        }
    }

    package func deleteResource(
        _ id: ResourceID, _ kind: Resource.Kind, space: UserID, version: Int64?, audit: Auditing<Resource>?
    ) async throws(StoreError) {
        try await writer.perform { session in
            _ = try session.audited(audit) {
                try session.deleteResource(id, kind, space: space, version: version)
            }
        }
    }

    package func resource(
        _ id: ResourceID, _ kind: Resource.Kind, spaces: [UserID]
    ) async throws(StoreError) -> Resource? {
        try await read { session in
            let found = try session.statement("\(ResourceRow.select) WHERE id = ? AND kind = ?")
                .bind(id).bind(kind.rawValue).first(ResourceRow.read)
            return found.flatMap { spaces.contains($0.space) ? $0 : nil }
        }
    }

    package func resource(
        named name: String, _ kind: Resource.Kind, space: UserID
    ) async throws(StoreError) -> Resource? {
        try await read { session in
            try session.statement("\(ResourceRow.select) WHERE space = ? AND kind = ? AND name = ?")
                .bind(space).bind(kind.rawValue).bind(name).first(ResourceRow.read)
        }
    }

    package func resource(lookup: [UInt8], _ kind: Resource.Kind) async throws(StoreError) -> Resource? {
        try await read { session in
            try session.statement("\(ResourceRow.select) WHERE lookup = ? AND kind = ?")
                .bind(lookup).bind(kind.rawValue).first(ResourceRow.read)
        }
    }

    package func resources(_ query: ResourceQuery) async throws(StoreError) -> Page<Resource> {
        try await read { session in
            let page = PageOrder(query.after, descending: query.descending)
            let spaces = query.spaces.map { "space IN (\($0.map { _ in "?" }.joined(separator: ",")))" } ?? "true"
            let statement = try session.statement(
                """
                \(ResourceRow.select) WHERE kind = ? AND \(spaces)
                    AND (? IS NULL OR instr(lower(name), lower(?)) > 0) AND \(page.condition("created_at"))
                \(page.order("created_at")) LIMIT ?
                """)
            statement.bind(query.kind.rawValue)
            for space in query.spaces ?? [] { statement.bind(space) }
            let found = try statement.bind(query.text).bind(query.text).bind(page).bind(query.limit + 1)
                .all(ResourceRow.read)
            return Page(items: Array(found.prefix(query.limit)), limit: query.limit, found: found.count) { resource in
                PageCursor(at: resource.createdAt, id: (resource.id.high, resource.id.low))
            }
        }
    }
}

extension SQLiteStore {
    package func appendAudit(_ entry: AuditEntry) async throws(StoreError) {
        try await writer.perform { try $0.append(entry) }
    }

    package func audit(_ query: AuditQuery) async throws(StoreError) -> Page<AuditRecord> {
        try await read { session in
            let last = query.after.map { Int64(bitPattern: $0.low) }
            let found = try session.statement(
                """
                SELECT sequence, at, entry, hash FROM audit_log
                WHERE space = ? AND (? IS NULL OR target = ?) AND (? IS NULL OR at >= ?) AND (? IS NULL OR at < ?)
                    AND (? IS NULL OR sequence \(query.descending ? "<" : ">") ?)
                ORDER BY sequence \(query.descending ? "DESC" : "ASC") LIMIT ?
                """
            ).bind(query.space).bind(query.target).bind(query.target).bind(query.from).bind(query.from)
                .bind(query.to).bind(query.to).bind(last).bind(last).bind(query.limit + 1)
                .all {
                    AuditRecord(sequence: $0.int(0), at: $0.instant(1), text: $0.text(2), hash: $0.blob(3))
                }
            return Page(
                items: Array(found.prefix(query.limit)), limit: query.limit, found: found.count, cursor: \.cursor)
        }
    }
}

/// The part of a list's SQL that goes on after a cursor.
struct PageOrder {
    private let after: PageCursor?
    private let isDescending: Bool

    init(_ after: PageCursor?, descending: Bool) {
        self.after = after
        isDescending = descending
    }

    func condition(_ time: String) -> String { "(? IS NULL OR (\(time), id) \(isDescending ? "<" : ">") (?, ?))" }

    func order(_ time: String) -> String {
        let direction = isDescending ? "DESC" : "ASC"
        return "ORDER BY \(time) \(direction), id \(direction)"
    }

    fileprivate func bind(to statement: SQLStatement) {
        statement.bind(after?.at).bind(after?.at).bind(after.map { ResourceID(high: $0.high, low: $0.low) })
    }
}

extension SQLStatement {
    @discardableResult func bind(_ page: PageOrder) -> SQLStatement {
        page.bind(to: self)
        return self
    }
}
