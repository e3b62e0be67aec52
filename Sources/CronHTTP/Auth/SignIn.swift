import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// Reads who is asking from the bearer token: an access token of a session, or an API key.
struct SignIn: Sendable {
    let tokens: Tokens
    let identities: Identities

    /// - Throws: one and the same problem, whatever is wrong with the token; `unavailable` when the store cannot say.
    func check(_ headers: HTTPFields) async throws -> SignedIn {
        guard let header = headers[.authorization] else { throw Problem.unauthenticated }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer",
            let signedIn = try await signedIn(by: String(words[1]))
        else { throw Problem.unauthenticated }
        return signedIn
    }

    private func signedIn(by text: String) async throws(StoreError) -> SignedIn? {
        if let hash = APIKey.hash(text) { return try await identities.find(.key(hash)) }
        guard let token = await tokens.read(text), let found = try await identities.find(.session(token.session)),
            found.user.id == token.user
        else { return nil }
        return SignedIn(user: found.user, means: found.means, scopes: found.scopes, until: token.until)
    }
}

/// Finds whose a session or a key is, asking the store at most once a second for each: what is revoked on one node is
/// refused by all within that time.
final class Identities: Sendable {
    static let remembered = Span.seconds(1)
    static let limit = 10_000

    enum Credential: Hashable, Sendable {
        case session(RefreshToken.UserFamily)
        /// The SHA-256 of an API key.
        case key([UInt8])
    }

    private let store: any Store
    /// Of API keys, of which one hears only now and then.
    private let uses: KeyUses
    private let known: Remembered<Credential, SignedIn>

    init(store: any Store) {
        self.store = store
        uses = KeyUses(store: store)
        known = Remembered(for: Self.remembered, limit: Self.limit, clock: store.clock)
    }

    func find(_ credential: Credential) async throws(StoreError) -> SignedIn? {
        if let found = known[credential] { return found.until > store.clock.now ? found : nil }
        let found =
            switch credential {
            case .session(let family): try await session(family)
            case .key(let hash): try await key(hash)
            }
        if let found { known[credential] = found }
        return found
    }

    /// Something on this node has changed who may sign in.
    func forget() { known.removeAll() }

    private func session(_ family: RefreshToken.UserFamily) async throws(StoreError) -> SignedIn? {
        guard let user = try await store.user(session: family), user.disabledAt == nil else { return nil }
        return SignedIn(user: user, means: .session(family), scopes: Permission.all, until: SignedIn.noEnd)
    }

    private func key(_ hash: [UInt8]) async throws(StoreError) -> SignedIn? {
        guard let found = try await store.resource(lookup: hash, .apiKey), let key = APIKey(found),
            key.expiresAt.map({ $0 > store.clock.now }) ?? true,
            let user = try await store.user(key.userID), user.disabledAt == nil, user.space == found.space
        else { return nil }
        await uses.note(found, key)
        return SignedIn(
            user: user, means: .apiKey(found.id), scopes: key.scopes, until: key.expiresAt ?? SignedIn.noEnd)
    }
}
