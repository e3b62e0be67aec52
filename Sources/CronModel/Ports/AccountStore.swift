import CronSchedule

/// Users and their sessions.
package protocol AccountStore: Sendable {
    /// - Parameter onlyFirst: refuse when any user exists.
    /// - Throws: `conflict` for an email that is taken or, with `onlyFirst`, when a user exists.
    func createUser(_ user: User, onlyFirst: Bool) async throws(StoreError)
    func user(email: String) async throws(StoreError) -> User?
    func user(_ id: UserID) async throws(StoreError) -> User?
    func hasUsers() async throws(StoreError) -> Bool
    func setPasswordHash(_ hash: String, of id: UserID) async throws(StoreError)
    /// Starts a family with its first token.
    func addRefreshToken(_ token: RefreshToken) async throws(StoreError)
    /// Uses `hash` up and puts `next` (same family, whatever it names) in its place, in one transaction.
    func rotateRefreshToken(hash: [UInt8], next: RefreshToken) async throws(StoreError) -> RefreshRotation
    /// Sign-out: revokes the family of the token; unknown ones are passed over.
    func revokeRefreshFamily(hash: [UInt8]) async throws(StoreError)
}
