import CronModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import CronHTTP

@Suite struct ProxyTests {
    private static let proxies = TrustedProxies(
        blocks: ["10.0.0.0/8", "192.168.7.1", "fd00::/8"].compactMap { AddressBlock($0) })

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

    @Test(arguments: [
        "", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/", "10.0.0/8", "10.0.0.0/8/8", "::/129",
        "fe80::1%eth0", "10.0.0.1:80", "10.0.0.0/ 8",
    ])
    func otherTextsAreNoBlocks(text: String) { #expect(AddressBlock(text) == nil) }

    @Test(arguments: [
        ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("10.0.0.0/9", "10.127.255.255", true),
        ("10.0.0.0/9", "10.128.0.0", false), ("10.1.2.3/8", "10.9.9.9", true), ("fd00::/7", "fc00::1", true),
        ("::1", "::1", true), ("::1", "::2", false), ("10.0.0.1/32", "::ffff:10.0.0.1", true),
    ])
    func aBlockHoldsItsAddresses(block: String, address: String, isInside: Bool) throws {
        let block = try #require(AddressBlock(block))
        #expect(block.contains(try #require(IPAddress(address))) == isInside)
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
