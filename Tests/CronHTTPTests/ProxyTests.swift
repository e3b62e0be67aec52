import CronModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import CronHTTP

@Suite struct ProxyTests {
    private static let proxies = TrustedProxies(
        ranges: ["10.0.0.0/8", "192.168.7.1", "fd00::/8"].compactMap { try? NetworkRange($0) })

    /// The socket's address, the header, and who counts.
    @Test(arguments: [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.2.3.4,192.168.7.1", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("fd00::1", "[2001:db8::5]:443", "2001:db8::5"),
        ("10.0.0.1", "2001:DB8:0:0::5\t", "2001:db8::5"),
        ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        // All of them are proxies: the farthest.
        ("10.0.0.1", "10.9.9.9, 10.8.8.8", "10.9.9.9"),
        // What cannot be read hides what is left of it.
        ("10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, unknown, 10.2.3.4", "10.2.3.4"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9,", "10.0.0.1"),
        // Not a proxy that anybody named.
        ("203.0.113.1", "1.1.1.1", "203.0.113.1"),
        ("11.0.0.1", "1.1.1.1", "11.0.0.1"),
        ("192.168.7.2", "1.1.1.1", "192.168.7.2"),
        ("unknown", "1.1.1.1", "unknown"),
    ])
    func theRightmostUntrustedAddressCounts(socket: String, header: String, expected: String) {
        #expect(Self.proxies.client(socket: socket, forwarded: header) == expected)
    }

    @Test func withoutHeaderOrProxiesTheSocketCounts() {
        #expect(Self.proxies.client(socket: "10.0.0.1", forwarded: nil) == "10.0.0.1")
        #expect(TrustedProxies.none.client(socket: "10.0.0.1", forwarded: "1.1.1.1") == "10.0.0.1")
    }

    /// The statuses of wrong sign-ins, each to another account, with these headers.
    private func statuses(_ client: TestClient, _ forwarded: [String]) async throws -> [Int] {
        var statuses: [Int] = []
        for (number, addresses) in forwarded.enumerated() {
            let body: JSONValue = ["email": .string("user\(number)@example.org"), "password": "wrong wrong wrong"]
            let reply = try await client.call(.post, "/auth/login", body, headers: [.xForwardedFor: addresses])
            statuses.append(reply.status)
        }
        return statuses
    }

    @Test func behindATrustedProxyEachClientIsSlowedAlone() async throws {
        try await TestBed(trustedProxies: ["127.0.0.0/8", "::1"]).run(.live) { client in
            let mine = Array(repeating: "203.0.113.9", count: 6) + ["1.1.1.1, 203.0.113.9"]
            let statuses = try await statuses(client, mine + ["203.0.113.10"])
            #expect(statuses == [401, 401, 401, 401, 401, 429, 429, 401])
        }
    }

    @Test func anAddressThatAStrangerSendsCountsForNothing() async throws {
        try await TestBed().run(.live) { client in
            let statuses = try await statuses(client, (0..<6).map { "203.0.113.\($0)" })
            #expect(statuses == [401, 401, 401, 401, 401, 429])
        }
    }
}
