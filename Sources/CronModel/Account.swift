package import CronSchedule

/// A person who signs in. Jobs, runs and everything else belong to exactly one space; a space is named after the person
/// whose first it was.
package struct User: Hashable, Sendable {
    package var id: UserID
    /// Whose things the person works on: their own, or those of the person who made the account.
    package var space: UserID
    package var role: UserRole
    /// Lower-cased; unique.
    package var email: String
    package var name: String?
    /// A PHC string; never leaves the server.
    package var passwordHash: String
    package var createdAt: Instant
    /// Signs in no more, and no session or key of theirs is good.
    package var disabledAt: Instant?

    /// - Parameter space: nil for one of their own.
    package init(
        id: UserID, email: String, name: String?, passwordHash: String, createdAt: Instant, space: UserID? = nil,
        role: UserRole = .admin
    ) {
        self.id = id
        self.space = space ?? id
        self.role = role
        self.email = email
        self.name = name
        self.passwordHash = passwordHash
        self.createdAt = createdAt
    }
}

/// What may be changed of an account.
package enum UserChange: Hashable, Sendable {
    /// Ends all sessions but one, if one is named.
    /// - over: the hash of the password that was proven; nil where none had to be.
    case password(hash: String, keeping: RefreshToken.UserFamily?, over: String? = nil)
    /// The same password at another cost: nobody is signed out.
    case rehash(String, over: String)
    case name(String?)
    case role(UserRole)
    /// Disabling ends all sessions.
    case disabled(Bool)
}

extension User {
    /// Makes a change.
    /// - Parameter otherAdmins: how many others of the space are admins and not disabled.
    /// - Throws: `conflict` when the space would be left without an admin.
    package mutating func apply(_ change: UserChange, otherAdmins: Int, now: Instant) throws(StoreError) {
        let before = self
        switch change {
        case .password(let hash, _, let over):
            try checkPassword(over)
            passwordHash = hash
        case .rehash(let hash, let over):
            try checkPassword(over)
            passwordHash = hash
        case .name(let name): self.name = name
        case .role(let role): self.role = role
        case .disabled(let isDisabled): disabledAt = isDisabled ? disabledAt ?? now : nil
        }
        if before.isWorkingAdmin, !isWorkingAdmin, otherAdmins == 0 {
            throw .conflict("this is the last admin of its space")
        }
    }

    /// What was proven a moment ago may have been changed since: hashing takes its time.
    /// - Throws: `conflict`.
    package func checkPassword(_ proven: String?) throws(StoreError) {
        guard let proven, proven != passwordHash || disabledAt != nil else { return }
        throw .conflict("the password was changed meanwhile")
    }

    package var isWorkingAdmin: Bool { role == .admin && disabledAt == nil }
}

extension UserChange {
    /// Which sessions end with it: all, or all but one.
    package var endsSessions: (Bool, keeping: RefreshToken.UserFamily?) {
        switch self {
        case .password(_, let keeping, _): (true, keeping)
        case .disabled(true): (true, nil)
        case .rehash, .name, .role, .disabled(false): (false, nil)
        }
    }
}

/// A refresh token as the store keeps it: only its hash. Tokens that follow from one sign-in form a family.
package struct RefreshToken: Hashable, Sendable {
    package var hash: [UInt8]
    package var family: UserFamily
    package var userID: UserID
    package var expiresAt: Instant

    package typealias UserFamily = Identifier<RefreshToken>

    package init(hash: [UInt8], family: UserFamily, userID: UserID, expiresAt: Instant) {
        self.hash = hash
        self.family = family
        self.userID = userID
        self.expiresAt = expiresAt
    }
}

/// What became of a presented refresh token.
package enum RefreshRotation: Hashable, Sendable {
    case rotated(UserID, RefreshToken.UserFamily)
    /// It had been used before: the whole family is revoked now.
    case reused(UserID)
    case unknown
}
