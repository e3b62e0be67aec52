import CronModel
import CronSchedule
import CronTesting
import Crypto
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct TokenTests {
    private static let user = UserID(high: 1, low: 2)
    private static let session = RefreshToken.UserFamily(high: 3, low: 4)

    private static func sign(_ header: JSONValue, _ claims: JSONValue, secret: [UInt8] = TestBed.secret) -> String {
        sign(JSONWriter.bytes(header), JSONWriter.bytes(claims), secret)
    }

    private static func sign(_ header: [UInt8], _ claims: [UInt8], _ secret: [UInt8] = TestBed.secret) -> String {
        let input = "\(Base64.url.text(header)).\(Base64.url.text(claims))"
        let code = HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: SymmetricKey(data: secret))
        return "\(input).\(Base64.url.text(code))"
    }

    private static func parts(_ token: String) throws -> (header: JSONValue, claims: JSONValue) {
        let parts = token.split(separator: ".")
        return (
            try JSONReader.read(try #require(Base64.url.bytes(parts[0]))),
            try JSONReader.read(try #require(Base64.url.bytes(parts[1])))
        )
    }

    @Test func everyAttackGetsTheSameAnswer() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let good = try #require(user.token)
            let (header, claims) = try Self.parts(good)
            let now = try #require(claims["iat"]?.integerValue)
            #expect(header.objectValue?.keys.sorted() == ["alg", "kid", "typ"] && header["alg"] == "HS256")
            #expect(
                claims["iss"] == "cronpp" && claims["aud"] == "cronpp-api"
                    && claims["jti"]?.stringValue?.isEmpty == false)
            func forged(_ headerPatch: JSONValue, _ claimsPatch: JSONValue = [:]) -> String {
                Self.sign(header.merging(patch: headerPatch), claims.merging(patch: claimsPatch))
            }
            #expect(await valid(user, forged([:])))
            let unsigned = forged(["alg": "none"]).split(separator: ".").prefix(2).joined(separator: ".") + "."
            let twice =
                String(decoding: JSONWriter.bytes(claims), as: UTF8.self).dropLast() + ",\"sub\":\"\(Self.user)\"}"
            let attacks: [String] = [
                "", "x", "a.b.c", "..", unsigned, forged(["alg": "none"]), forged(["alg": "HS384"]),
                forged(["alg": "HS512"]),
                forged(["alg": "RS256"]), forged(["alg": "hs256"]), forged(["kid": "../../dev/null"]),
                forged(["kid": nil]),
                forged(["kid": "' OR 1=1 --"]), forged(["crit": ["exp"]]), forged(["jku": "https://evil.example/"]),
                forged(["jwk": ["kty": "oct", "k": "AAAA"]]), forged(["x5u": "https://evil.example/"]),
                forged(["typ": "JWS"]),
                forged([:], ["exp": .integer(now)]), forged([:], ["exp": .integer(now - 1)]), forged([:], ["exp": nil]),
                forged([:], ["exp": .integer(now + 86_400)]), forged([:], ["exp": "never"]),
                forged([:], ["nbf": .integer(now + 120)]),
                forged([:], ["iat": .integer(now + 120)]), forged([:], ["iss": "other"]), forged([:], ["aud": "other"]),
                forged([:], ["aud": ["cronpp-api"]]), forged([:], ["sub": "nobody"]), forged([:], ["sub": nil]),
                forged([:], ["jti": ""]),
                forged([:], ["sid": nil]), forged([:], ["sid": .string(Self.session.description)]),
                forged([:], ["sub": .string(Self.user.description)]),
                Self.sign(JSONWriter.bytes(header), Array(twice.utf8)),
                Self.sign(header, claims, secret: [UInt8](repeating: 1, count: 32)), String(good.dropLast()),
                String(good.dropLast(10)), String(good.dropFirst()), good + "=", good + "A", good + ".x",
                good.replacing("eyJ", with: "eyK"), String(repeating: "a", count: 5_000),
            ]
            var bodies: Set<JSONValue> = []
            for attack in attacks {
                var attacker = client
                attacker.token = attack
                let reply = try await attacker.call(.get, "/me")
                #expect(reply.status == 401, "\(attack)")
                bodies.insert(reply.json.merging(patch: ["request_id": nil]))
            }
            #expect(bodies.count == 1)
            for header in ["Basic abc", "Bearer", "bearer", "Token \(good)", good] {
                let reply = try await client.call(.get, "/me", headers: [.authorization: header])
                #expect(reply.status == 401)
            }
            bed.clock.advance(by: .minutes(15))
            #expect(await !valid(user, good))
        }
    }

    private func valid(_ client: TestClient, _ token: String) async -> Bool {
        var client = client
        client.token = token
        return (try? await client.call(.get, "/me").status) == 200
    }

    @Test func noTokenLivesLongerThanFifteenMinutes() async throws {
        let clock = TestClock(Instant(seconds: 1_000_000))
        let tokens = await Tokens(secret: TestBed.secret, life: .days(365), clock: clock)
        let token = try await tokens.issue(to: Self.user, session: Self.session)
        #expect(await tokens.read(token)?.user == Self.user)
        clock.move(to: Instant(seconds: 1_000_000 + 899))
        #expect(await tokens.read(token)?.user == Self.user)
        clock.move(to: Instant(seconds: 1_000_000 + 900))
        #expect(await tokens.read(token) == nil)
        clock.move(to: Instant(seconds: 1_000_000 - 61))
        #expect(await tokens.read(token) == nil)
    }

    @Test func oneSecretFollowsAnotherWithoutASignOut() async throws {
        let clock = TestClock(Instant(seconds: 1_000_000))
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let before = await Tokens(secret: old, others: [new], life: .minutes(15), clock: clock)
        let after = await Tokens(secret: new, others: [old], life: .minutes(15), clock: clock)
        let done = await Tokens(secret: new, life: .minutes(15), clock: clock)
        let first = try await before.issue(to: Self.user, session: Self.session)
        let second = try await after.issue(to: Self.user, session: Self.session)
        for tokens in [before, after] {
            #expect(
                await tokens.read(first)
                    == AccessToken(
                        user: Self.user, session: Self.session, until: Instant(seconds: 1_000_900)))
            #expect(await tokens.read(second)?.user == Self.user)
        }
        #expect(await done.read(first) == nil)
        #expect(await done.read(second)?.user == Self.user)
    }

    @Test func aSecretOfAnotherLengthIsRefused() async throws {
        await #expect(throws: HTTPSetupError.secretLength(found: 16)) {
            let bed = try await TestBed()
            _ = try await HTTPServer(
                store: bed.store, actions: ActionRegistry([]), signal: bed.signal, events: bed.events,
                outputs: bed.outputs, vault: bed.vault,
                settings: HTTPSettings(registration: .open, jwtSecret: [UInt8](repeating: 1, count: 16)),
                node: { TestBed.node }, metrics: { "" }, readiness: { Readiness(isReady: true) })
        }
    }
}
