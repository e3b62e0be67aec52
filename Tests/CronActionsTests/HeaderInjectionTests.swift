import CronModel
import Testing

@testable import CronActions

extension NetworkTests {
    /// Nothing that people write ends a header, adds one or changes one of ours: compared by the bytes that arrive.
    @Suite struct HeaderInjectionTests {
        static let tokenMarks = Set("!#$%&'*+-.^_`|~".unicodeScalars)

        static func problems(_ headers: [String: JSONValue]) -> [FieldProblem] {
            WebhookDefinitionTests.problems(["headers": .object(headers)])
        }

        @Test func namesAreTokens() {
            for value in UInt32(0)...0x2FF {
                guard let scalar = Unicode.Scalar(value) else { continue }
                let isAlphanumeric = scalar.isASCII && scalar.properties.isAlphabetic || (0x30...0x39).contains(value)
                let isToken = isAlphanumeric || Self.tokenMarks.contains(scalar)
                for name in ["X\(scalar)Y", "\(scalar)Y", "X\(scalar)"] {
                    #expect(Self.problems([name: .string("v")]).isEmpty == isToken, "U+\(String(value, radix: 16))")
                }
            }
        }

        @Test func valuesHoldNoControls() {
            for value in UInt32(0)...0xFF {
                guard let scalar = Unicode.Scalar(value) else { continue }
                let isRefused = value < 0x20 && value != 0x09 || value == 0x7F
                for text in ["a\(scalar)b", "\(scalar)b", "a\(scalar)"] {
                    #expect(Self.problems(["X-A": .string(text)]).isEmpty != isRefused, "U+\(String(value, radix: 16))")
                }
            }
        }

        @Test(arguments: [
            "Host", "Content-Length", "Transfer-Encoding", "Connection", "webhook-id", "webhook-timestamp",
            "webhook-signature", "webhook-x", "Cronpp-Attempt", "Cronpp-Fence", "Cronpp-Scheduled-For",
            "Cronpp-Job-Id", "Cronpp-X", "traceparent", "Upgrade", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
            "Expect",
        ]) func oursAreReservedInAnyCase(_ name: String) async throws {
            for spelled in [name, name.lowercased(), name.uppercased()] {
                #expect(Self.problems([spelled: .string("x")]).map(\.field) == ["action.headers.\(spelled)"])
            }
            // Also at run time: the store may hold what an older version took.
            try await withReceiver(Receiver.ok()) { receiver, action in
                let outcome = await action.run(
                    attempt(receiver.url, ["headers": .object([name: .string("x")])]))
                #expect(outcome.kind == .permanent && outcome.reach == .nothingSent && receiver.accepted == 0)
            }
        }

        @Test(arguments: [
            ["X-A": "a\r\nX-B: b"], ["X-A": "a\r\n\r\nGET /admin HTTP/1.1"], ["X-A": "a\nX-B: b"], ["X-A": "a\rX-B: b"],
            ["X-A\r\nX-B": "b"], ["X-A: a\r\nX-B": "b"], ["X-A ": "b"], [" X-A": "b"], ["X-A\u{0}": "b"],
        ]) func splitsNothingAtRunTime(_ headers: [String: String]) async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                let fields: [String: JSONValue] = ["headers": .object(headers.mapValues(JSONValue.string))]
                let outcome = await action.run(attempt(receiver.url, fields))
                #expect(outcome.kind == .permanent && outcome.reach == .nothingSent && receiver.accepted == 0)
            }
        }

        /// What is legal arrives as it was written, its values in place.
        @Test func arrivesByteForByte() async throws {
            let odd = "a: b; c=\"{{payload.y}}\", \t{{attempt}} é %0d%0aX-B: b \\r\\n"
            let rendered = "a: b; c=\"why: {{zone}}\", \t2 é %0d%0aX-B: b \\r\\n"
            try await withReceiver(Receiver.ok()) { receiver, action in
                let url = "\(receiver.url)/%0d%0aX-B:%20b?q=%0D%0A{".replacing("{", with: "")
                var context = attempt(
                    url,
                    [
                        "headers": .object(["X-A": .string(odd), "Content-Type": .string("text/x; a=b")]),
                        "body": .string("{{payload.x}}|{{job_name}}"),
                    ],
                    payload: .object([
                        "x": .string("1\r\nX-B: b\r\n\r\nGET /admin HTTP/1.1\r\n\r\n"), "y": .string("why: {{zone}}"),
                    ]))
                context.jobName = "night\r\nX-B: b"
                #expect(await action.run(context).kind == .success)
                let request = try #require(receiver.requests.first)
                let trace = try #require(request["traceparent"])
                let body = "1\r\nX-B: b\r\n\r\nGET /admin HTTP/1.1\r\n\r\n|night\r\nX-B: b"
                let expected = [
                    "POST /hook/%0d%0aX-B:%20b?q=%0D%0A HTTP/1.1", "Content-Type: text/x; a=b", "X-A: \(rendered)",
                    "User-Agent: cronpp/1.2.3", "webhook-id: \(runID)", "webhook-timestamp: 1770000000",
                    "Cronpp-Attempt: 2", "Cronpp-Fence: 7", "Cronpp-Scheduled-For: 2026-02-02T02:39:00.000000Z",
                    "Cronpp-Job-Id: \(jobID)", "traceparent: \(trace)", "host: 127.0.0.1:\(receiver.port)",
                    "Content-Length: \(body.utf8.count)", "", body,
                ]
                #expect(String(decoding: request.bytes, as: UTF8.self) == expected.joined(separator: "\r\n"))
                // One request, and not a byte beyond it.
                #expect(receiver.requests.count == 1 && receiver.bytes == request.bytes.count)
            }
        }
    }
}
