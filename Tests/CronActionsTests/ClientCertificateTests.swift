import CronModel
import NIOSSL
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    /// Client certificates and roots of a job's own, against a receiver that asks for them.
    @Suite struct ClientCertificateTests {
        static let root: [String: JSONValue] = ["ca_certificate": .string(Certificates.serverRoot)]
        static let ecClient: [String: JSONValue] = [
            "client_certificate": .string("\(Certificates.client)\n\(Certificates.intermediate)"),
            "client_key": .string(Certificates.clientKey),
        ]
        static let rsaClient: [String: JSONValue] = [
            "client_certificate": .string(Certificates.rsa), "client_key": .string(Certificates.rsaKey),
        ]

        static func certificate(_ text: String) throws -> NIOSSLCertificate {
            try NIOSSLCertificate(bytes: Array(text.utf8), format: .pem)
        }

        /// A receiver with the certificate of `server`, which asks clients for theirs when `asks`.
        static func withReceiver(
            asks: Bool = true, offering protocols: [String] = ["http/1.1"],
            _ body: (TLSReceiver, WebhookAction, String) async throws -> Void
        ) async throws {
            let receiver = try await TLSReceiver.start(
                offering: protocols,
                configure: { configuration in
                    configuration.certificateChain = [.certificate(try certificate(Certificates.server))]
                    let key = try NIOSSLPrivateKey(bytes: Array(Certificates.serverKey.utf8), format: .pem)
                    configuration.privateKey = .privateKey(key)
                    guard asks else { return }
                    configuration.certificateVerification = .noHostnameVerification
                    configuration.trustRoots = .certificates([try certificate(Certificates.clientRoot)])
                })
            let action = makeAction()
            try await body(receiver, action, "https://localhost:\(receiver.port)/hook")
            await action.shutdown()
            try await receiver.stop()
        }

        @Test(arguments: [["h2"], ["http/1.1"]], ["EC", "SEC1", "RSA"])
        func provesItself(_ protocols: [String], _ kind: String) async throws {
            var fields = Self.root.merging(kind == "RSA" ? Self.rsaClient : Self.ecClient) { $1 }
            if kind == "SEC1" { fields["client_key"] = .string(Certificates.clientKeySEC1) }
            try await Self.withReceiver(offering: protocols) { receiver, action, url in
                #expect(action.validate(definition(url, fields)).isEmpty)
                let outcome = await action.run(attempt(url, fields))
                #expect(outcome.kind == .success, "\(outcome)")
                let expected = try Self.certificate(kind == "RSA" ? Certificates.rsa : Certificates.client)
                #expect(receiver.clients.withLock { $0.map(\.certificate) } == [expected])
            }
        }

        /// A receiver that refuses the client, or misses its certificate, says so only after the client may have written:
        /// so TLS 1.3 has it. Its request is none, but nobody can prove that from here.
        @Test(arguments: [["h2"], ["http/1.1"]], ["none", "stranger"])
        func tellsThatItWasRefused(_ protocols: [String], _ kind: String) async throws {
            var fields = Self.root
            if kind == "stranger" {
                fields["client_certificate"] = .string(Certificates.stranger)
                fields["client_key"] = .string(Certificates.strangerKey)
            }
            try await Self.withReceiver(offering: protocols) { receiver, action, url in
                let outcome = await action.run(attempt(url, fields))
                #expect(outcome.kind == .tlsError && outcome.verdict == .transient, "\(outcome)")
                #expect(outcome.error?.contains("TLS with localhost:\(receiver.port)") == true, "\(outcome)")
                #expect(receiver.heads.withLock { $0.isEmpty })
            }
        }

        /// Transient, as all of TLS: a receiver that renews its certificate and a job that is edited are some time apart.
        @Test func believesOnlyTheRootsOfTheJob() async throws {
            try await Self.withReceiver(asks: false) { receiver, action, url in
                let fields: [String: JSONValue] = ["ca_certificate": .string(Certificates.otherRoot)]
                let outcome = await action.run(attempt(url, fields))
                #expect(outcome.kind == .tlsError && outcome.verdict == .transient && outcome.reach == .nothingSent)
                #expect(receiver.heads.withLock { $0.isEmpty })
            }
        }

        @Test func replacesTheSystemsRoots() throws {
            let own = try Self.certificate(Certificates.otherRoot)
            let read = try WebhookDefinition(
                definition("https://example.com/", ["ca_certificate": .string(Certificates.otherRoot)]),
                addresses: nothingAllowed)
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = TrustedRoots.system
            try #require(read.identity).apply(to: &tls)
            #expect(tls.trustRoots == .certificates([own]) && tls.additionalTrustRoots.isEmpty)
            #expect(tls.certificateVerification == .fullVerification)
        }

        @Test func takesOneOfSeveralRoots() async throws {
            try await Self.withReceiver(asks: false) { receiver, action, url in
                let both: JSONValue = .string("\(Certificates.otherRoot)\n\(Certificates.serverRoot)\n")
                #expect(await action.run(attempt(url, ["ca_certificate": both])).kind == .success)
            }
        }

        /// Requests of several jobs to one address, mixed and repeated: each connection saw one client only.
        @Test(arguments: [["h2"], ["http/1.1"]])
        func neverSharesAConnectionBetweenClients(_ protocols: [String]) async throws {
            let clients = [Self.ecClient, Self.rsaClient].map { Self.root.merging($0) { $1 } }
            try await Self.withReceiver(offering: protocols) { receiver, action, url in
                for round in 0..<20 {
                    let outcome = await action.run(attempt(url, clients[round % 2]))
                    #expect(outcome.kind == .success, "\(outcome)")
                }
                let seen = receiver.clients.withLock { $0 }
                #expect(seen.count == 20 && Set(seen.map(\.connection)).count == 2)
                for ofOne in Dictionary(grouping: seen, by: \.connection).values {
                    #expect(Set(ofOne.map(\.certificate)).count == 1 && ofOne.count == 10)
                }
                // With a pooled connection of somebody else at hand, whoever has no certificate is refused.
                #expect(await action.run(attempt(url, Self.root)).kind == .tlsError)
                #expect(receiver.heads.withLock { $0.count } == 20)
            }
        }

        @Test func neverSharesAConnectionBetweenRoots() async throws {
            try await Self.withReceiver(asks: false) { receiver, action, url in
                let more: [String: JSONValue] = [
                    "ca_certificate": .string("\(Certificates.serverRoot)\n\(Certificates.otherRoot)")
                ]
                for _ in 1...5 {
                    #expect(await action.run(attempt(url, Self.root)).kind == .success)
                    #expect(await action.run(attempt(url, more)).kind == .success)
                    // Neither the system's roots nor other ones trust what the pooled connections do.
                    #expect(await action.run(attempt(url)).kind == .tlsError)
                    let other: JSONValue = .string(Certificates.otherRoot)
                    #expect(await action.run(attempt(url, ["ca_certificate": other])).kind == .tlsError)
                }
                let seen = receiver.clients.withLock { $0.map(\.connection) }
                #expect(seen.count == 10 && Set(seen).count == 2)
            }
        }
    }
}
