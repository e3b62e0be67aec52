import CronModel
import CronSchedule
import Crypto
import JWTKit

/// Who is asking, and until when the token says so.
struct SignedIn: Sendable {
    let user: UserID
    let until: Instant
}

/// Access tokens: JWT with one fixed algorithm, one key, one audience and at most 15 minutes of life.
struct Tokens: Sendable {
    static let issuer = "cronpp"
    static let audience = "cronpp-api"
    static let longestLife = Span.minutes(15)
    /// How far the clocks of two nodes may differ.
    static let skew = Span.seconds(60)
    static let longestText = 2_048

    let life: Span
    private let keys: JWTKeyCollection
    private let kid: String
    private let clock: any EngineClock

    init(secret: [UInt8], life: Span, clock: any EngineClock) async {
        self.life = min(life, Self.longestLife)
        self.clock = clock
        // Named after the key, so that a token of an old key is refused by name.
        kid = Base64.url.text(SHA256.hash(data: Array("cronpp-kid".utf8) + secret).prefix(9))
        keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: JWKIdentifier(string: kid))
    }

    func issue(to user: UserID) async throws -> String {
        let now = clock.now.wholeSeconds
        let claims = AccessClaims(
            iss: Self.issuer, aud: Self.audience, sub: user.description, jti: Base64.url.text(RandomBytes.make(16)),
            iat: now, nbf: now, exp: now + life.microseconds / 1_000_000)
        return try await keys.sign(claims, kid: JWKIdentifier(string: kid))
    }

    /// Whom a valid token names; nil for any other token, whatever is wrong with it.
    func signedIn(by token: String) async -> SignedIn? {
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
            Instant(seconds: claims.exp) - Instant(seconds: claims.iat) <= Self.longestLife
        else { return nil }
        return UserID(claims.sub).map { SignedIn(user: $0, until: Instant(seconds: claims.exp)) }
    }

    private func hasExpectedForm(_ token: String) -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, Base64.url.bytes(parts[2])?.count == SHA256.byteCount,
            let header = Base64.url.bytes(parts[0]), let payload = Base64.url.bytes(parts[1])
        else { return false }
        let expected = JSONValue.object(["alg": .string("HS256"), "typ": .string("JWT"), "kid": .string(kid)])
        return (try? JSONReader.read(header)) == expected && (try? JSONReader.read(payload))?.objectValue != nil
    }
}

private struct AccessClaims: JWTPayload {
    var iss: String
    var aud: String
    var sub: String
    var jti: String
    var iat: Int64
    var nbf: Int64
    var exp: Int64

    /// `Tokens.signedIn(by:)` checks the claims, by the injected clock.
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
