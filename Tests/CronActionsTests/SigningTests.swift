import AsyncHTTPClient
import CronModel
import CronSchedule
import Foundation
import NIOHTTP1
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    /// Signatures as receivers verify them (Standard Webhooks), by an implementation of their own.
    @Suite struct SigningTests {
        static let old = "whsec_" + Data(repeating: 0x6F, count: 24).base64EncodedString()
        static let new = "whsec_" + Data((0..<64).map { UInt8($0) }).base64EncodedString()

        static func verifies(_ request: Receiver.Request, _ secret: String) -> Bool {
            guard let header = request["webhook-signature"], let id = request["webhook-id"],
                let timestamp = request["webhook-timestamp"]
            else { return false }
            return PlainHMAC.verifies(header, id: id, timestamp: timestamp, body: request.body, secret: secret)
        }

        static func secrets(_ texts: [String]) -> [String: JSONValue] {
            texts.count == 1
                ? ["signing_secret": .string(texts[0])] : ["signing_secrets": .array(texts.map(JSONValue.string))]
        }

        /// RFC 4231, and what the reference libraries of Standard Webhooks sign.
        @Test func theVerifierIsRight() {
            let hex = { (bytes: [UInt8]) in bytes.map { String(format: "%02x", $0) }.joined() }
            #expect(
                hex(PlainHMAC.sha256(Array("abc".utf8)))
                    == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(
                hex(PlainHMAC.mac(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                    == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
            #expect(
                hex(
                    PlainHMAC.mac(
                        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                        key: Array(repeating: 0xAA, count: 131)))
                    == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
            #expect(
                PlainHMAC.verifies(
                    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
                    timestamp: "1614265330", body: Array(#"{"test": 2432232314}"#.utf8),
                    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        }

        @Test(arguments: 1...5) func signsWithEachSecretInTheirOrder(_ count: Int) async throws {
            let secrets = (1...count).map {
                "whsec_" + Data(repeating: UInt8($0), count: 20 + 4 * $0).base64EncodedString()
            }
            try await withReceiver(Receiver.ok()) { receiver, action in
                let fields: [String: JSONValue] = ["signing_secrets": .array(secrets.map(JSONValue.string))]
                #expect(await action.run(attempt(receiver.url, fields)).kind == .success)
                let request = try #require(receiver.requests.first)
                let signatures = try #require(request["webhook-signature"]).split(
                    separator: " ", omittingEmptySubsequences: false)
                #expect(signatures.count == count)
                for (secret, signature) in zip(secrets, signatures) {
                    #expect(signature.hasPrefix("v1,"))
                    #expect(
                        PlainHMAC.verifies(
                            String(signature), id: request["webhook-id"] ?? "",
                            timestamp: request["webhook-timestamp"] ?? "", body: request.body, secret: secret))
                }
                #expect(receiver.requests.map(\.headers).joined().filter { $0.name == "webhook-signature" }.count == 1)
            }
        }

        /// The whole rotation under load: the job signs with the old secret, with both, with the new one; the receiver
        /// changes its secret while requests signed with both arrive. It never meets one that it cannot verify.
        @Test func rotatesUnderLoad() async throws {
            let believed = Mutex(Self.old)
            let tally = Mutex((verified: 0, unverified: 0, forged: 0))
            let answer: Receiver.Answer = { request, channel in
                let secret = believed.withLock { $0 }
                let isVerified = Self.verifies(request, secret)
                var changed = request.body
                changed[changed.count - 2] ^= 1
                let isForged = PlainHMAC.verifies(
                    request["webhook-signature"] ?? "", id: request["webhook-id"] ?? "",
                    timestamp: request["webhook-timestamp"] ?? "", body: changed, secret: secret)
                let count = tally.withLock {
                    if isVerified { $0.verified += 1 } else { $0.unverified += 1 }
                    if isForged { $0.forged += 1 }
                    return $0.verified + $0.unverified
                }
                if count == 400 { believed.withLock { $0 = Self.new } }
                channel.send(Receiver.response())
            }
            try await withReceiver(answer) { receiver, action in
                for (secrets, requests) in [([Self.old], 200), ([Self.new, Self.old], 400), ([Self.new], 200)] {
                    await withTaskGroup(of: Outcome.self) { group in
                        for number in 0..<requests {
                            let context = attempt(
                                receiver.url, Self.secrets(secrets), payload: .object(["n": .integer(Int64(number))]))
                            group.addTask { await action.run(context) }
                            if number >= 32 { _ = await group.next() }
                        }
                    }
                }
                let result = tally.withLock { $0 }
                #expect(result.verified == 800 && result.unverified == 0 && result.forged == 0, "\(result)")
            }
        }

        /// Receivers parse it as a whole number of seconds, and take the dots for separators of what is signed.
        @Test func sendsWholeSecondsAndAnIDWithoutDots() async throws {
            for microseconds in [Int64(1_770_000_000_000_000), 1_770_000_000_000_001, 1_770_000_000_999_999] {
                let definition = try WebhookDefinition(
                    definition("https://example.com/", Self.secrets([Self.new])), addresses: nothingAllowed)
                let request = WebhookRequest(
                    definition, headers: definition.headers, body: [], for: attempt("https://example.com/"),
                    at: Instant(microseconds: microseconds), userAgent: "test")
                let headers = request.clientRequest(traceParent: "t").headers
                #expect(headers["webhook-timestamp"] == ["1770000000"])
                #expect(headers["webhook-id"].allSatisfy { !$0.contains(".") })
            }
            // An id of any bits is written without a dot.
            for _ in 1...100 {
                let id = RunID(high: .random(in: 0...(.max)), low: .random(in: 0...(.max)))
                #expect(id.description.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil)
            }
        }
    }
}
