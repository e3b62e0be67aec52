import CronModel
import CronSchedule
import Crypto
import Foundation
import Testing

@testable import CronActions

extension NetworkTests {
    @Suite struct WebhookRequestTests {
        static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwsQ=="

        @Test func sendsExactlyTheseBytes() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                let context = attempt(
                    receiver.url,
                    ["signing_secret": .string(Self.secret), "headers": .object(["X-Team": .string("ops, night")])])
                let outcome = await action.run(context)
                #expect(outcome.kind == .success && outcome.verdict == .success && outcome.reach == .answered)
                #expect(outcome.httpStatus == 200 && outcome.output == "ok" && !outcome.outputTruncated)
                let request = try #require(receiver.requests.first)
                let trace = try #require(request["traceparent"])
                #expect(trace.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-01/) != nil)
                let id = "018f0000-0000-7000-8000-000000000001"
                let body = #"{"hello":"world"}"#
                let key = SymmetricKey(data: try #require(Data(base64Encoded: String(Self.secret.dropFirst(6)))))
                let mac = HMAC<SHA256>.authenticationCode(for: Data("\(id).1770000000.\(body)".utf8), using: key)
                let expected = [
                    "POST /hook HTTP/1.1", "X-Team: ops, night", "content-type: application/json",
                    "User-Agent: cronpp/1.2.3",
                    "webhook-id: \(id)", "webhook-timestamp: 1770000000",
                    "webhook-signature: v1,\(Data(mac).base64EncodedString())",
                    "Cronpp-Attempt: 2", "Cronpp-Fence: 7", "Cronpp-Scheduled-For: 2026-02-02T02:39:00.000000Z",
                    "Cronpp-Job-Id: 018f0000-0000-7000-8000-000000000002", "traceparent: \(trace)",
                    "host: 127.0.0.1:\(receiver.port)",
                    "Content-Length: 17", "", body,
                ]
                #expect(String(decoding: request.bytes, as: UTF8.self) == expected.joined(separator: "\r\n"))
            }
        }

        @Test func sendsNoSignatureWithoutSecret() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                _ = await action.run(attempt(receiver.url))
                let request = try #require(receiver.requests.first)
                #expect(request["webhook-signature"] == nil && request["webhook-id"] != nil)
            }
        }

        /// The worked example of the Standard Webhooks reference libraries.
        @Test func signsTheKnownVector() throws {
            let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
            let signature = secret.signature(
                id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8)
            )
            #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        }

        @Test(arguments: ["GET", "HEAD"]) func sendsNoBody(_ method: String) async throws {
            try await withReceiver({ _, channel in channel.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }) {
                receiver, action in
                let outcome = await action.run(attempt(receiver.url, ["method": .string(method)]))
                #expect(outcome.kind == .success)
                let request = try #require(receiver.requests.first)
                #expect(request.line == "\(method) /hook HTTP/1.1")
                #expect(request.body.isEmpty && request["content-type"] == nil && request["content-length"] == nil)
            }
        }

        @Test(arguments: ["PUT", "PATCH", "DELETE"]) func sendsThePayload(_ method: String) async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                _ = await action.run(attempt(receiver.url, ["method": .string(method)]))
                #expect(receiver.requests.first?.body == Array(#"{"hello":"world"}"#.utf8))
            }
        }

        @Test func rendersTheBody() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                let body = JSONValue.string("{{job_name}} #{{attempt}}: {{payload.hello}}")
                _ = await action.run(
                    attempt(receiver.url, ["body": body, "headers": .object(["user-agent": .string("mine")])]))
                let request = try #require(receiver.requests.first)
                #expect(String(decoding: request.body, as: UTF8.self) == "nightly \"backup\" #2: world")
                #expect(request["content-type"] == "text/plain; charset=utf-8" && request["user-agent"] == "mine")
            }
        }

        @Test func rendersTheHeaders() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                var context = attempt(
                    receiver.url,
                    [
                        "headers": .object([
                            "Authorization": .string("Bearer {{secrets.token}}"),
                            "X-Hello": .string("{{payload.hello}}"),
                        ]), "body": .string("{{secrets.token}}"),
                    ])
                context.secrets = ["token": "tok-1"]
                #expect(await action.run(context).kind == .success)
                let request = try #require(receiver.requests.first)
                #expect(request["authorization"] == "Bearer tok-1" && request["x-hello"] == "world")
                #expect(String(decoding: request.body, as: UTF8.self) == "tok-1")
            }
        }

        /// A value must not begin another header, nor end the head.
        @Test(arguments: [
            "a\r\nX-Evil: 1", "a\nb", "a\r\n\r\nbody", "a\u{0}", "a\u{7F}", String(repeating: "v", count: 8_193),
        ])
        func sendsNothingWhenAValueSplitsAHeader(_ value: String) async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                var context = attempt(
                    receiver.url,
                    ["headers": .object(["X-A": .string("{{payload.v}}"), "X-B": .string("{{secrets.v}}")])],
                    payload: .object(["v": .string("fine")]))
                context.secrets = ["v": value]
                let bySecret = await action.run(context)
                context.secrets = ["v": "fine"]
                context.payload = .object(["v": .string(value)])
                let byPayload = await action.run(context)
                for outcome in [bySecret, byPayload] {
                    #expect(outcome.kind == .permanent && outcome.reach == .nothingSent)
                    #expect(outcome.error?.hasPrefix("template error: header X-") == true, "\(outcome)")
                }
                #expect(receiver.accepted == 0)
            }
        }

        @Test func endsOnATemplateErrorWithoutSending() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                let outcome = await action.run(attempt(receiver.url, ["body": .string("{{payload.nope}}")]))
                #expect(
                    outcome
                        == Outcome(
                            kind: .permanent, verdict: .permanent, reach: .nothingSent,
                            error: "template error: payload has no \"nope\""))
                #expect(receiver.accepted == 0)
            }
        }

        @Test func refusesATooLargeBody() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                let outcome = await action.run(
                    attempt(receiver.url, payload: .string(String(repeating: "x", count: 1_048_576))))
                #expect(outcome.kind == .permanent && outcome.reach == .nothingSent && receiver.accepted == 0)
            }
        }
    }
}
