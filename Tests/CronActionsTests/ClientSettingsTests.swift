import AsyncHTTPClient
import CronModel
import CronSchedule
import Logging
import NIOCore
import NIOSSL
import Testing

@testable import CronActions

/// What the client of a route really works with, whatever async-http-client's defaults are or become.
@Suite struct ClientSettingsTests {
    static func withSettings(
        _ url: String, _ fields: [String: JSONValue] = [:], _ body: (HTTPClient.Configuration) throws -> Void
    ) async throws {
        let routes = Routes(addresses: nothingAllowed, attempts: AttemptsInFlight(), logger: Logger(label: "test"))
        let read = try WebhookDefinition(definition(url, fields), addresses: nothingAllowed)
        let key = RouteKey(url: read.url.origin, address: .v4(0x0101_0101), identity: read.identity)
        let client = try #require(routes.take(key)?.client)
        // The client shows its settings to nobody; they are looked at as they lie there.
        let settings = Mirror(reflecting: client).children.first { $0.label == "configuration" }?.value
        try body(try #require(settings as? HTTPClient.Configuration))
        routes.giveBack(key)
        await routes.shutdown()
    }

    static func text(_ value: Any, _ label: String) -> String? {
        Mirror(reflecting: value).children.first { $0.label == label }.map { "\($0.value)" }
    }

    @Test(arguments: ["http", "https"]) func areAsRequired(_ scheme: String) async throws {
        try await Self.withSettings("\(scheme)://example.com/") { settings in
            #expect(Self.text(settings.redirectConfiguration, "mode") == "disallow")
            #expect("\(settings.decompression)" == "disabled")
            #expect(settings.proxy == nil && settings.tracing.tracer == nil)
            #expect(settings.dnsOverride == ["example.com": "1.1.1.1"])
            #expect(settings.timeout.connect == .seconds(10))
            #expect(!settings.connectionPool.retryConnectionEstablishment)
            #expect(settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit == 1_024)
            #expect(settings.connectionPool.idleTimeout == .seconds(30))
            // The hooks of the last wall and of the gate.
            #expect(
                settings.http1_1ConnectionDebugInitializer != nil && settings.http2ConnectionDebugInitializer != nil)
            #expect(settings.http2StreamChannelDebugInitializer != nil)
        }
    }

    @Test func proveTheReceiver() async throws {
        let own: JSONValue = .string(Certificates.otherRoot)
        let root = try NIOSSLCertificate(bytes: Array(Certificates.otherRoot.utf8), format: .pem)
        for (fields, roots) in [([:], TrustedRoots.system), (["ca_certificate": own], .certificates([root]))] {
            try await Self.withSettings("https://example.com/", fields) { settings in
                let tls = try #require(settings.tlsConfiguration)
                #expect(tls.certificateVerification == .fullVerification && tls.minimumTLSVersion == .tlsv12)
                #expect(tls.trustRoots == roots && tls.additionalTrustRoots.isEmpty)
                #expect(tls.certificateChain.isEmpty && tls.privateKey == nil && tls.keyLogCallback == nil)
            }
        }
    }

    @Test func hasNamedLimits() {
        #expect(OutputCapture.readLimitBytes == 1_048_576 && Outcome.outputLimitBytes == 65_536)
        #expect(AnswerHeadLimit.maxBytes == 65_536 && WebhookBody.maxBytes == 1_048_576)
        #expect(WebhookDefinition.longestConnect == .seconds(10) && AttemptContext.standardTimeout == .seconds(15))
    }
}
