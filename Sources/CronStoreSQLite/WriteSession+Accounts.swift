import CronModel
import CronSchedule

/// Users and their sessions.
extension WriteSession {
    func createUser(_ user: User, onlyFirst: Bool) throws {
        if onlyFirst, try statement("SELECT 1 FROM users LIMIT 1").first({ _ in true }) == true {
            throw StoreError.conflict("an account exists already")
        }
        do {
            try statement(
                """
                INSERT INTO users (id, space, role, email, name, password_hash, created_at, disabled_at)
                VALUES (?,?,?,?,?,?,?,?)
                """
            )
            .bind(user.id).bind(user.space).bind(user.role.rawValue).bind(user.email).bind(user.name)
            .bind(user.passwordHash).bind(user.createdAt).bind(user.disabledAt).run()
        } catch let error as SQLError where error.isConstraint {
            throw StoreError.conflict("an account with this email exists")
        }
    }

    func changeUser(_ id: UserID, space: UserID?, _ change: UserChange) throws -> User {
        guard var user = try statement("\(UserRow.select) WHERE id = ?").bind(id).first(UserRow.read),
            space == nil || user.space == space
        else { throw StoreError.notFound }
        let others = try statement(
            "SELECT count(*) FROM users WHERE space = ? AND id <> ? AND role = 'admin' AND disabled_at IS NULL"
        ).bind(user.space).bind(id).first { Int($0.int(0)) }
        try user.apply(change, otherAdmins: others ?? 0, now: now)
        try statement("UPDATE users SET role = ?, name = ?, password_hash = ?, disabled_at = ? WHERE id = ?")
            .bind(user.role.rawValue).bind(user.name).bind(user.passwordHash).bind(user.disabledAt).bind(id).run()
        if case (true, let keeping) = change.endsSessions {
            try statement("DELETE FROM refresh_tokens WHERE user_id = ? AND family IS NOT ?").bind(id).bind(keeping)
                .run()
        }
        return user
    }

    func beginSession(_ token: RefreshToken, proven: String?) throws {
        try statement("\(UserRow.select) WHERE id = ?").bind(token.userID).first(UserRow.read)?.checkPassword(proven)
        try statement("DELETE FROM refresh_tokens WHERE user_id = ? AND expires_at <= ?").bind(token.userID).bind(now)
            .run()
        try addRefreshToken(token)
    }

    private func addRefreshToken(_ token: RefreshToken) throws {
        try statement("INSERT INTO refresh_tokens (hash, family, user_id, expires_at) VALUES (?,?,?,?)")
            .bind(token.hash).bind(token.family).bind(token.userID).bind(token.expiresAt).run()
    }

    func rotateRefreshToken(hash: [UInt8], next: RefreshToken) throws -> RefreshRotation {
        let known = try statement("SELECT family, user_id, expires_at, used FROM refresh_tokens WHERE hash = ?").bind(
            hash
        )
        .first { row in
            (
                family: row.id(0, as: RefreshToken.UserFamily.self), user: row.id(1, as: UserID.self),
                expiresAt: row.instant(2), used: row.int(3) != 0
            )
        }
        guard let known, known.expiresAt > now else { return .unknown }
        if known.used {
            try statement("DELETE FROM refresh_tokens WHERE family = ?").bind(known.family).run()
            return .reused(known.user)
        }
        try statement("UPDATE refresh_tokens SET used = 1 WHERE hash = ?").bind(hash).run()
        try addRefreshToken(
            RefreshToken(hash: next.hash, family: known.family, userID: known.user, expiresAt: next.expiresAt))
        return .rotated(known.user, known.family)
    }

    func revokeRefreshFamily(hash: [UInt8]) throws {
        try statement(
            "DELETE FROM refresh_tokens WHERE family IN (SELECT family FROM refresh_tokens WHERE hash = ?)"
        ).bind(hash).run()
    }
}

enum UserRow {
    static let select = "SELECT id, space, role, email, name, password_hash, created_at, disabled_at FROM users"

    static func read(_ row: SQLStatement) throws -> User {
        guard let role = UserRole(rawValue: row.text(2)) else {
            throw StoreError.corrupt("user \(row.id(0, as: UserID.self)) has the unknown role \(row.text(2))")
        }
        var user = User(
            id: row.id(0), email: row.text(3), name: row.textOrNil(4), passwordHash: row.text(5),
            createdAt: row.instant(6), space: row.id(1), role: role)
        user.disabledAt = row.instantOrNil(7)
        return user
    }
}

extension SQLError {
    var isConstraint: Bool { code & 0xFF == 19 }
}
