package import CronModel
package import CronSchedule
import Crypto
import Foundation
import JWTKit

/// Access tokens: JWTs of one fixed algorithm and one known key, 15 minutes long. Refresh tokens: 256 random bits, kept
/// hashed.
package struct Tokens: Sendable {
    package static let accessLifetime = Span.minutes(15)
    package static let refreshLifetime = Span.days(30)
    private static let issuer = "cronpp"
    private static let audience = "cronpp-api"

    private let keys: JWTKeyCollection
    private let keyID: String
    private let clock: any EngineClock

    /// - Parameter secret: 32 bytes.
    package init(secret: [UInt8], clock: any EngineClock) async {
        // The key's name follows from the key, so that every node with the same secret uses the same one.
        keyID = SHA256.hash(data: secret).prefix(8).map { String(format: "%02x", $0) }.joined()
        keys = await JWTKeyCollection().add(
            hmac: HMACKey(from: Data(secret)), digestAlgorithm: .sha256, kid: JWKIdentifier(string: keyID))
        self.clock = clock
    }

    package func access(for user: UserID) async throws -> String {
        let now = Self.date(clock.now)
        let claims = Claims(
            iss: IssuerClaim(value: Self.issuer), aud: AudienceClaim(value: Self.audience),
            sub: SubjectClaim(value: user.description), jti: IDClaim(value: UUID().uuidString),
            iat: IssuedAtClaim(value: now), nbf: NotBeforeClaim(value: now),
            exp: ExpirationClaim(value: Self.date(clock.now + Self.accessLifetime)))
        return try await keys.sign(claims, kid: JWKIdentifier(string: keyID))
    }

    /// The user that a token speaks for, or nil for one that is not ours, altered or out of its time.
    package func user(of token: String) async -> UserID? {
        guard hasOurHeader(token), let claims = try? await keys.verify(token, as: Claims.self) else { return nil }
        let now = Self.date(clock.now)
        guard claims.iss.value == Self.issuer, claims.aud.value == [Self.audience], claims.exp.value > now,
            claims.nbf.value <= now, claims.exp.value.timeIntervalSince(claims.nbf.value) <= 15 * 60
        else { return nil }
        return UserID(claims.sub.value)
    }

    package func refresh() -> (text: String, hash: [UInt8]) {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        let text = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        return (text, Self.hash(text))
    }

    package static func hash(_ refreshToken: String) -> [UInt8] { Array(SHA256.hash(data: Array(refreshToken.utf8))) }

    /// The library falls back to its default key for an unknown `kid` and takes the algorithm from the token where a key
    /// names none: the header must be exactly what we write.
    private func hasOurHeader(_ token: String) -> Bool {
        guard let first = token.split(separator: ".", omittingEmptySubsequences: false).first, first.count < 512 else {
            return false
        }
        var base64 = String(first).replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let data = Data(base64Encoded: base64),
            let header = try? JSONDecoder().decode([String: String].self, from: data)
        else { return false }
        return header == ["alg": "HS256", "typ": "JWT", "kid": keyID]
    }

    private static func date(_ instant: Instant) -> Date {
        Date(timeIntervalSince1970: Double(instant.wholeSeconds))
    }

    private struct Claims: JWTPayload {
        var iss: IssuerClaim
        var aud: AudienceClaim
        var sub: SubjectClaim
        var jti: IDClaim
        var iat: IssuedAtClaim
        var nbf: NotBeforeClaim
        var exp: ExpirationClaim

        /// Times are judged by the injected clock, in `user(of:)`.
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }
}
