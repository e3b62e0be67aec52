import CronModel
import CronSchedule
import Crypto
import JWTKit

/// What a valid access token says.
struct AccessToken: Hashable, Sendable {
    let user: UserID
    let session: RefreshToken.UserFamily
    let until: Instant
}

/// Access tokens: JWT with one fixed algorithm, one audience and at most 15 minutes of life. Each key is named after
/// itself, so that several can be good while one follows another.
struct Tokens: Sendable {
    static let issuer = "cronpp"
    static let audience = "cronpp-api"
    static let longestLife = Span.minutes(15)
    /// How far the clocks of two nodes may differ.
    static let skew = Span.seconds(60)
    static let longestText = 2_048

    let life: Span
    private let keys: JWTKeyCollection
    private let signing: String
    private let accepted: Set<String>
    private let clock: any EngineClock

    /// - Parameters:
    ///   - secret: signs.
    ///   - others: sign nothing; tokens signed with them are good.
    init(secret: [UInt8], others: [[UInt8]] = [], life: Span, clock: any EngineClock) async {
        self.life = min(life, Self.longestLife)
        self.clock = clock
        keys = JWTKeyCollection()
        signing = Self.kid(secret)
        accepted = Set(([secret] + others).map(Self.kid))
        for key in [secret] + others {
            await keys.add(
                hmac: HMACKey(from: key), digestAlgorithm: .sha256, kid: JWKIdentifier(string: Self.kid(key)))
        }
    }

    private static func kid(_ secret: [UInt8]) -> String {
        Base64.url.text(SHA256.hash(data: Array("cronpp-kid".utf8) + secret).prefix(9))
    }

    func issue(to user: UserID, session: RefreshToken.UserFamily) async throws -> String {
        let now = clock.now.wholeSeconds
        let claims = AccessClaims(
            iss: Self.issuer, aud: Self.audience, sub: user.description, sid: session.description,
            jti: Base64.url.text(RandomBytes.make(16)), iat: now, nbf: now, exp: now + life.microseconds / 1_000_000)
        return try await keys.sign(claims, kid: JWKIdentifier(string: signing))
    }

    /// What a valid token says; nil for any other token, whatever is wrong with it.
    func read(_ token: String) async -> AccessToken? {
        // jwt-kit takes its default key for an unknown kid, passes over `crit`, `jwk` and their like, and lets the last of
        // two equal members win: all of that is refused before it sees the token.
        guard token.utf8.count <= Self.longestText, hasExpectedForm(token),
            let claims = try? await keys.verify(token, as: AccessClaims.self)
        else { return nil }
        let now = clock.now
        let skew = Self.skew
        guard claims.iss == Self.issuer, claims.aud == Self.audience, !claims.jti.isEmpty,
            Instant(seconds: claims.exp) > now, Instant(seconds: claims.nbf) <= now + skew,
            Instant(seconds: claims.iat) <= now + skew,
            Instant(seconds: claims.exp) - Instant(seconds: claims.iat) <= Self.longestLife,
            let user = UserID(claims.sub), let session = RefreshToken.UserFamily(claims.sid)
        else { return nil }
        return AccessToken(user: user, session: session, until: Instant(seconds: claims.exp))
    }

    private func hasExpectedForm(_ token: String) -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, Base64.url.bytes(parts[2])?.count == SHA256.byteCount,
            let header = Base64.url.bytes(parts[0]), let payload = Base64.url.bytes(parts[1]),
            let found = try? JSONReader.read(header), let kid = found["kid"]?.stringValue, accepted.contains(kid)
        else { return false }
        let expected = JSONValue.object(["alg": .string("HS256"), "typ": .string("JWT"), "kid": .string(kid)])
        return found == expected && (try? JSONReader.read(payload))?.objectValue != nil
    }
}

private struct AccessClaims: JWTPayload {
    var iss: String
    var aud: String
    var sub: String
    /// The session: the family of refresh tokens that the token was issued with.
    var sid: String
    var jti: String
    var iat: Int64
    var nbf: Int64
    var exp: Int64

    /// `Tokens.read` checks the claims, by the injected clock.
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
