package import CronModel
package import CronSchedule
import PostgresClient

/// Users and their sessions: verbs and reads.
extension PostgresStore {
    package func createUser(_ user: User, onlyFirst: Bool, audit: AuditEntry?) async throws(StoreError) {
        try await perform(.told) { session in
            try session.createUser(user, onlyFirst: onlyFirst)
            session.append(audit)
        }
    }

    package func changeUser(
        _ id: UserID, space: UserID?, _ change: UserChange, audit: AuditEntry?
    ) async throws(StoreError) -> User {
        try await perform(.told, in: space) { session in
            let user = try session.changeUser(id, space: space, change)
            session.append(audit)
            return user
        }
    }

    package func addRefreshToken(
        _ token: RefreshToken, proven: String?, audit: AuditEntry?
    ) async throws(StoreError) {
        try await perform(.told) { session in
            try session.beginSession(token, proven: proven)
            session.append(audit)
        }
    }

    package func rotateRefreshToken(hash: [UInt8], next: RefreshToken) async throws(StoreError) -> RefreshRotation {
        try await perform(.told) { try $0.rotateRefreshToken(hash: hash, next: next) }
    }

    package func revokeRefreshFamily(hash: [UInt8]) async throws(StoreError) {
        try await perform(.told) { try $0.revokeRefreshFamily(hash: hash) }
    }

    package func user(email: String) async throws(StoreError) -> User? {
        try await perform { session in
            try session.query("\(unescaped: UserRow.select) WHERE email = \(email)").first(UserRow.read)
        }
    }

    package func user(_ id: UserID) async throws(StoreError) -> User? {
        try await perform { session in
            try session.query("\(unescaped: UserRow.select) WHERE id = \(id.uuid)").first(UserRow.read)
        }
    }

    package func user(session family: RefreshToken.UserFamily) async throws(StoreError) -> User? {
        try await perform { session in
            try session.query(
                """
                \(unescaped: UserRow.select) WHERE id = (SELECT user_id FROM refresh_tokens
                    WHERE family = \(family.uuid) AND expires_at > coalesce(\(session.moment), cronpp_now()) LIMIT 1)
                """
            ).first(UserRow.read)
        }
    }

    package func firstUser() async throws(StoreError) -> User? {
        try await perform { session in
            try session.query("\(unescaped: UserRow.select) ORDER BY created_at, id LIMIT 1").first(UserRow.read)
        }
    }

    package func users(_ query: UserQuery) async throws(StoreError) -> Page<User> {
        try await perform(in: query.space) { session in
            let page = PageOrder(query.descending)
            let users = try session.query(
                """
                \(unescaped: UserRow.select) WHERE coalesce(space, id) = \(query.space.uuid)
                    AND (\(query.after?.at.microseconds)::bigint IS NULL OR (created_at, id) \(unescaped: page.beyond)
                        (\(query.after?.at.microseconds), \(query.after?.uuid)))
                \(unescaped: page.order) LIMIT \(Int64(query.limit + 1))
                """
            ).all(UserRow.read)
            return Page(items: Array(users.prefix(query.limit)), limit: query.limit, found: users.count) { user in
                PageCursor(at: user.createdAt, id: (user.id.high, user.id.low))
            }
        }
    }
}

/// The words of a list's order.
struct PageOrder {
    let direction: String
    let beyond: String
    var order: String { "ORDER BY created_at \(direction), id \(direction)" }

    init(_ descending: Bool) {
        direction = descending ? "DESC" : "ASC"
        beyond = descending ? "<" : ">"
    }
}
