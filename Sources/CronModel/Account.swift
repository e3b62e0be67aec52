package import CronSchedule

/// A person who signs in. Jobs, runs and everything else belong to exactly one.
package struct User: Hashable, Sendable {
    package var id: UserID
    /// Lower-cased; unique.
    package var email: String
    package var name: String?
    /// A PHC string; never leaves the server.
    package var passwordHash: String
    package var createdAt: Instant

    package init(id: UserID, email: String, name: String?, passwordHash: String, createdAt: Instant) {
        self.id = id
        self.email = email
        self.name = name
        self.passwordHash = passwordHash
        self.createdAt = createdAt
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
    case rotated(UserID)
    /// It had been used before: the whole family is revoked now.
    case reused
    case unknown
}
