import CronModel
import CronSchedule
import PostgresClient

/// Users and their sessions.
extension Session {
    func createUser(_ user: User, onlyFirst: Bool) throws {
        if onlyFirst {
            // Two first accounts at once: the second waits here and finds the first.
            _ = try query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
            if try query("SELECT 1 FROM users LIMIT 1").rowCount > 0 {
                throw StoreError.conflict("an account exists already")
            }
        }
        let inserted = try query(
            """
            INSERT INTO users (id, space, role, email, name, password_hash, created_at, disabled_at)
            VALUES (\(user.id.uuid), \(user.space.uuid), \(user.role.rawValue), \(user.email), \(user.name),
                \(user.passwordHash), \(user.createdAt.microseconds), \(user.disabledAt?.microseconds))
            ON CONFLICT DO NOTHING RETURNING 1
            """)
        if inserted.rowCount == 0 { throw StoreError.conflict("an account with this email exists") }
    }

    /// Locks all accounts of the space: of two admins who demote each other at once, one is told.
    func changeUser(_ id: UserID, space: UserID?, _ change: UserChange) throws -> User {
        let home: UserID? = try query("SELECT coalesce(space, id) FROM users WHERE id = \(id.uuid)").first {
            try $0.id(0)
        }
        guard let home, space == nil || space == home else { throw StoreError.notFound }
        let results = try send([
            """
            \(unescaped: UserRow.select) WHERE coalesce(space, id) = \(home.uuid) ORDER BY id FOR UPDATE
            """,
            clock(),
        ])
        try readClock(results[1])
        let all = try results[0].all(UserRow.read)
        guard var user = all.first(where: { $0.id == id }) else { throw StoreError.notFound }
        let others = all.filter { $0.id != id && $0.isWorkingAdmin }.count
        try user.apply(change, otherAdmins: others, now: now)
        _ = try query(
            """
            UPDATE users SET role = \(user.role.rawValue), name = \(user.name), password_hash = \(user.passwordHash),
                disabled_at = \(user.disabledAt?.microseconds)
            WHERE id = \(id.uuid)
            """)
        if case (true, let keeping) = change.endsSessions {
            _ = try query(
                """
                DELETE FROM refresh_tokens WHERE user_id = \(id.uuid) AND family IS DISTINCT FROM \(keeping?.uuid)
                """)
        }
        return user
    }

    func beginSession(_ token: RefreshToken, proven: String?) throws {
        try lockUser(token.userID)?.checkPassword(proven)
        try readClock()
        _ = try query(
            "DELETE FROM refresh_tokens WHERE user_id = \(token.userID.uuid) AND expires_at <= \(now.microseconds)")
        try addRefreshToken(token)
    }

    /// Whoever begins, continues or ends sessions of an account waits for the others: a token that is not yet committed is
    /// not seen by a DELETE, and would outlive it.
    @discardableResult
    private func lockUser(_ id: UserID) throws -> User? {
        try query("\(unescaped: UserRow.select) WHERE id = \(id.uuid) FOR UPDATE").first(UserRow.read)
    }

    private func lockOwner(ofToken hash: [UInt8]) throws -> Bool {
        let owner: UserID? = try query("SELECT user_id FROM refresh_tokens WHERE hash = \(hash)").first { try $0.id(0) }
        guard let owner else { return false }
        try lockUser(owner)
        return true
    }

    private func addRefreshToken(_ token: RefreshToken) throws {
        _ = try query(
            """
            INSERT INTO refresh_tokens (hash, family, user_id, expires_at)
            VALUES (\(token.hash), \(token.family.uuid), \(token.userID.uuid), \(token.expiresAt.microseconds))
            """)
    }

    func rotateRefreshToken(hash: [UInt8], next: RefreshToken) throws -> RefreshRotation {
        // The user before the token, as everybody else locks them.
        guard try lockOwner(ofToken: hash) else { return .unknown }
        let results = try send([
            "SELECT family, user_id, expires_at, used FROM refresh_tokens WHERE hash = \(hash) FOR UPDATE", clock(),
        ])
        try readClock(results[1])
        let known = try results[0].first {
            (
                family: try $0.id(0, of: RefreshToken.self), user: try $0.id(1, of: UserKind.self),
                expiresAt: try $0.instant(2), used: try $0.bool(3)
            )
        }
        guard let known, known.expiresAt > now else { return .unknown }
        if known.used {
            _ = try query("DELETE FROM refresh_tokens WHERE family = \(known.family.uuid)")
            return .reused(known.user)
        }
        _ = try query("UPDATE refresh_tokens SET used = true WHERE hash = \(hash)")
        try addRefreshToken(
            RefreshToken(hash: next.hash, family: known.family, userID: known.user, expiresAt: next.expiresAt))
        return .rotated(known.user, known.family)
    }

    func revokeRefreshFamily(hash: [UInt8]) throws {
        guard try lockOwner(ofToken: hash) else { return }
        _ = try query(
            """
            DELETE FROM refresh_tokens WHERE family IN (SELECT family FROM refresh_tokens WHERE hash = \(hash))
            """)
    }
}

enum UserRow {
    /// A node of the version before writes no space: its accounts have their own.
    static let select = """
        SELECT id, coalesce(space, id), role, email, name, password_hash, created_at, disabled_at FROM users
        """

    static func read(_ row: PostgresRow) throws -> User {
        guard let role = UserRole(rawValue: try row.text(2)) else {
            throw StoreError.corrupt(
                "user \(try row.id(0, of: UserKind.self)) has the unknown role \(try row.text(2))")
        }
        var user = User(
            id: try row.id(0), email: try row.text(3), name: try row.textOrNil(4), passwordHash: try row.text(5),
            createdAt: try row.instant(6), space: try row.id(1), role: role)
        user.disabledAt = try row.instantOrNil(7)
        return user
    }
}
