import CronSchedule

/// Users and their sessions.
package protocol AccountStore: Sendable {
    /// - Parameter onlyFirst: refuse when any user exists.
    /// - Throws: `conflict` for an email that is taken or, with `onlyFirst`, when a user exists.
    func createUser(_ user: User, onlyFirst: Bool, audit: AuditEntry?) async throws(StoreError)
    func user(email: String) async throws(StoreError) -> User?
    func user(_ id: UserID) async throws(StoreError) -> User?
    /// The oldest account: its space is the installation's own.
    func firstUser() async throws(StoreError) -> User?
    /// Ordered by (createdAt, id).
    func users(_ query: UserQuery) async throws(StoreError) -> Page<User>
    /// - Parameter space: nil is the system.
    /// - Throws: `notFound`, `conflict` when the space would lose its last admin.
    func changeUser(
        _ id: UserID, space: UserID?, _ change: UserChange, audit: AuditEntry?
    ) async throws(StoreError) -> User
    /// Starts a family with its first token; expired ones of the user go.
    /// - Parameter proven: the hash of the password that was given; nil where none had to be.
    /// - Throws: `conflict` when the password is another one by now, or the account disabled.
    func addRefreshToken(_ token: RefreshToken, proven: String?, audit: AuditEntry?) async throws(StoreError)
    /// Uses `hash` up and puts `next` (same family, whatever it names) in its place, in one transaction.
    func rotateRefreshToken(hash: [UInt8], next: RefreshToken) async throws(StoreError) -> RefreshRotation
    /// Sign-out: revokes the family of the token; unknown ones are passed over.
    func revokeRefreshFamily(hash: [UInt8]) async throws(StoreError)
    /// Whose session a family is; nil when it has been revoked or has expired.
    func user(session: RefreshToken.UserFamily) async throws(StoreError) -> User?
}

extension AccountStore {
    package func hasUsers() async throws(StoreError) -> Bool { try await firstUser() != nil }
}

package struct UserQuery: Sendable {
    package var space: UserID
    package var limit = PageLimit.standard
    package var after: PageCursor?
    package var descending = false

    package init(space: UserID) {
        self.space = space
    }
}

extension AccountStore {
    package func addRefreshToken(_ token: RefreshToken, audit: AuditEntry?) async throws(StoreError) {
        try await addRefreshToken(token, proven: nil, audit: audit)
    }
}
