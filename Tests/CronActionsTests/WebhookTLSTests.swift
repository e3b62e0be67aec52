import AsyncHTTPClient
import CronModel
import CronSchedule
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    @Suite struct WebhookTLSTests {
        static func trustingAction(
            resolve: @escaping @Sendable (String) -> [IPAddress] = NameResolver.addresses
        ) throws -> WebhookAction {
            makeAction(resolve: resolve, adjust: try trustingConfiguration())
        }

        static func trustingConfiguration() throws -> @Sendable (inout HTTPClient.Configuration) -> Void {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates([try TLSReceiver.certificate()])
            return { [tls] in $0.tlsConfiguration = tls }
        }

        static func withReceiver(
            offering protocols: [String], answers: Bool = true, action: WebhookAction? = nil,
            _ body: (TLSReceiver, WebhookAction, String) async throws -> Void
        ) async throws {
            let receiver = try await TLSReceiver.start(offering: protocols, answers: answers)
            let action = try action ?? trustingAction()
            try await body(receiver, action, "https://localhost:\(receiver.port)/hook")
            await action.shutdown()
            try await receiver.stop()
        }

        @Test(arguments: [["h2"], ["http/1.1"]]) func reaches(_ protocols: [String]) async throws {
            try await Self.withReceiver(offering: protocols) { receiver, action, url in
                let outcome = await action.run(attempt(url))
                #expect(outcome.kind == .success && outcome.output == "ok", "\(outcome)")
                let head = try #require(receiver.heads.withLock { $0.first })
                #expect(head.method == .POST && head.uri == "/hook")
                #expect(head.headers.first(name: "webhook-id") == runID.description)
                #expect(head.headers.first(name: "cronpp-fence") == "7")
            }
        }

        @Test func carriesManyRequestsOnFewHTTP2Connections() async throws {
            let client = patientClient(adjust: try Self.trustingConfiguration())
            try await Self.withReceiver(offering: ["h2"]) { receiver, _, url in
                #expect(try await call(url, client).kind == .success)
                try await withThrowingTaskGroup(of: Outcome.self) { group in
                    for _ in 0..<300 { group.addTask { try await call(url, client) } }
                    for try await outcome in group { #expect(outcome.kind == .success, "\(outcome)") }
                }
                #expect(receiver.heads.withLock { $0.count } == 301)
                #expect(receiver.accepted.withLock { $0 } == 1)
                await client.shutdown()
            }
        }

        @Test func refusesAnUntrustedCertificate() async throws {
            try await Self.withReceiver(offering: ["h2"], action: makeAction()) { receiver, action, url in
                let outcome = await action.run(attempt(url))
                #expect(outcome.kind == .tlsError && outcome.verdict == .transient && outcome.reach == .nothingSent)
                #expect(
                    outcome.error
                        == "TLS with localhost:\(receiver.port) at 127.0.0.1 failed: CERTIFICATE_VERIFY_FAILED")
                #expect(receiver.heads.withLock { $0.isEmpty })
            }
        }

        @Test func tellsTextInsteadOfTLS() async throws {
            let receiver = try await Receiver.start { _, _ in }
            let plain = try await Receiver.startGreeting("220 mail.example ESMTP\r\n")
            let action = makeAction()
            let outcome = await action.run(attempt("https://127.0.0.1:\(plain.port)/"))
            #expect(outcome.kind == .tlsError && outcome.reach == .nothingSent, "\(outcome)")
            await action.shutdown()
            try await plain.stop()
            try await receiver.stop()
        }

        @Test func timesOutAndCancelsOverHTTP2() async throws {
            try await Self.withReceiver(offering: ["h2"], answers: false) { receiver, action, url in
                let late = await action.run(attempt(url, ["read_timeout": .string("100ms")]))
                #expect(late.kind == .timeout && late.reach == .maybeSent)
                let task = Task { await action.run(attempt(url)) }
                var arrivals = receiver.arrivals.makeAsyncIterator()
                _ = await (arrivals.next(), arrivals.next())
                task.cancel()
                #expect(
                    await task.value
                        == Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent, error: "cancelled"))
            }
        }

        /// Were an address dialled that was not judged, the last wall still stands before the request.
        @Test(arguments: [["h2"], ["http/1.1"]]) func refusesTheDialledAddress(_ protocols: [String]) async throws {
            let client = makeClient(
                judging: AddressGuard(allowed: loopback), connecting: nothingAllowed,
                adjust: try Self.trustingConfiguration())
            let receiver = try await TLSReceiver.start(offering: protocols)
            let outcome = try await call("https://localhost:\(receiver.port)/", client)
            #expect(outcome.kind == .connectError && outcome.verdict == .permanent && outcome.reach == .nothingSent)
            #expect(outcome.error?.hasPrefix("127.0.0.1 is refused") == true)
            #expect(receiver.heads.withLock { $0.isEmpty })
            await client.shutdown()
            try await receiver.stop()
        }

        /// The certificate is the name's, whichever of its addresses was dialled.
        @Test func provesTheNameAtTheJudgedAddress() async throws {
            let receiver = try await TLSReceiver.start(offering: ["h2"], host: "127.0.0.2")
            let other = try await Receiver.start(Receiver.ok(), port: receiver.port)
            let action = try Self.trustingAction(resolve: { _ in [.v4(0x7F00_0002)] })
            #expect(await action.run(attempt("https://localhost:\(receiver.port)/")).kind == .success)
            #expect(await action.run(attempt("https://other.example:\(receiver.port)/")).kind == .tlsError)
            #expect(receiver.heads.withLock { $0.count } == 1 && other.accepted == 0)
            await action.shutdown()
            try await receiver.stop()
            try await other.stop()
        }
    }
}
