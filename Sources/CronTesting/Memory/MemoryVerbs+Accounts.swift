package import CronModel
import CronSchedule

/// Users, their sessions, resources and the audit log. They meet nothing of the pipeline, so one name is lock enough. It
/// comes after every name of a space, so that any verb may take it last.
extension MemoryVerb {
    package static func createUser(_ user: User, onlyFirst: Bool, audit: AuditEntry? = nil) -> MemoryVerb
    where Answer == Void {
        MemoryVerb("create user") { transaction in
            try transaction.lockPeople()
            let users = transaction.tables.people.users
            if onlyFirst, !users.isEmpty { throw StoreError.conflict("an account exists already") }
            if users.values.contains(where: { $0.email == user.email || $0.id == user.id }) {
                throw StoreError.conflict("an account with this email exists")
            }
            transaction.changePeople { $0.users[user.id] = user }
            transaction.append(audit)
        }
    }

    package static func changeUser(
        _ id: UserID, space: UserID?, _ change: UserChange, audit: AuditEntry?
    ) -> MemoryVerb where Answer == User {
        MemoryVerb("change user") { transaction in
            try transaction.lockPeople()
            let users = transaction.tables.people.users
            guard var user = users[id], space == nil || user.space == space else { throw StoreError.notFound }
            let others = users.values.filter { $0.space == user.space && $0.id != id && $0.isWorkingAdmin }.count
            try user.apply(change, otherAdmins: others, now: transaction.now)
            let changed = user
            transaction.changePeople { people in
                people.users[id] = changed
                if case (true, let keeping) = change.endsSessions {
                    people.tokens = people.tokens.filter {
                        $0.value.token.userID != id || $0.value.token.family == keeping
                    }
                }
            }
            transaction.append(audit)
            return user
        }
    }

    package static func addRefreshToken(
        _ token: RefreshToken, proven: String? = nil, audit: AuditEntry? = nil
    ) -> MemoryVerb where Answer == Void {
        MemoryVerb("add token") { transaction in
            try transaction.lockPeople()
            try transaction.tables.people.users[token.userID]?.checkPassword(proven)
            let now = transaction.now
            transaction.changePeople { people in
                people.tokens = people.tokens.filter {
                    $0.value.token.userID != token.userID || $0.value.token.expiresAt > now
                }
                people.tokens[token.hash] = PeopleTables.StoredToken(token: token)
            }
            transaction.append(audit)
        }
    }

    package static func rotateRefreshToken(
        hash: [UInt8], next: RefreshToken
    ) -> MemoryVerb where Answer == RefreshRotation {
        MemoryVerb("rotate token") { transaction in
            try transaction.lockPeople()
            guard let known = transaction.tables.people.tokens[hash], known.token.expiresAt > transaction.now else {
                return .unknown
            }
            let (user, family) = (known.token.userID, known.token.family)
            guard !known.isUsed else {
                transaction.changePeople { $0.revoke(family) }
                return .reused(user)
            }
            let token = RefreshToken(hash: next.hash, family: family, userID: user, expiresAt: next.expiresAt)
            transaction.changePeople { people in
                people.tokens[hash]?.isUsed = true
                people.tokens[token.hash] = PeopleTables.StoredToken(token: token)
            }
            return .rotated(user, family)
        }
    }

    package static func revokeRefreshFamily(hash: [UInt8]) -> MemoryVerb where Answer == Void {
        MemoryVerb("revoke tokens") { transaction in
            try transaction.lockPeople()
            guard let known = transaction.tables.people.tokens[hash] else { return }
            transaction.changePeople { $0.revoke(known.token.family) }
        }
    }
}

extension MemoryTransaction {
    func lockPeople() throws { try lock([.name(UserID(high: .max, low: .max), "people")]) }
}

extension PeopleTables {
    fileprivate mutating func revoke(_ family: RefreshToken.UserFamily) {
        tokens = tokens.filter { $0.value.token.family != family }
    }
}
