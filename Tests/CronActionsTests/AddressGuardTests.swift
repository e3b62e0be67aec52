import CronActions
import CronModel
import Testing

@Suite struct AddressGuardTests {
    static let refused = [
        "127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f.1", "0x7f000001", "0177.1", "0177.0.0.1", "0",
        "0.0.0.0",
        "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "db.localhost", "10.0.0.1", "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.0.1", "169.254.169.254", "2852039166",
        "168.63.129.16", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1",
        "198.18.0.1", "198.19.255.255", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]",
        "[::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]", "[2001::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[fe80::1]", "[fe80::1%25eth0]",
        "[fe80::1%eth0]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[fdff::1]", "[ff02::1]", "[ff0e::1]",
        "[2001:db8::1]",
        "[3fff::1]", "[100::1]", "[5f00::1]", "[4000::1]", "[::2]", "[0:0:0:0:0:0:0:1]",
    ]

    @Test(arguments: refused)
    func whatIsNotThePublicInternetIsRefused(host: String) {
        let guardian = AddressGuard(allowed: [], own: [])
        #expect(guardian.refusal(ofHost: host) != nil)
    }

    @Test(arguments: [
        "93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]", "example.com", "a.b",
    ])
    func thePublicInternetIsAllowed(host: String) {
        #expect(AddressGuard(allowed: [], own: []).refusal(ofHost: host) == nil)
    }

    @Test func theMachinesOwnAddressesAreRefusedEvenWhenPublic() throws {
        let own = try #require(AddressText.parse("93.184.216.34"))
        #expect(AddressGuard(allowed: [], own: [own]).refusal(of: own) != nil)
    }

    @Test func theOperatorsListWins() throws {
        let list = try [#require(NetworkRange("10.1.0.0/16")), #require(NetworkRange("fd00::/8"))]
        let guardian = AddressGuard(allowed: list, own: [])
        #expect(guardian.refusal(ofHost: "10.1.2.3") == nil)
        #expect(guardian.refusal(ofHost: "10.2.2.3") != nil)
        #expect(guardian.refusal(ofHost: "[fd12::1]") == nil)
        #expect(guardian.refusal(ofHost: "[::ffff:10.1.2.3]") == nil)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "fd00::/129", "example.com/8", "10.0.0.0/8/8", "10.0.0.0/x",
    ])
    func whatIsNotABlockIsRefused(text: String) { #expect(NetworkRange(text) == nil) }

    /// What counts is the address dialled, whatever the name said.
    @Test(arguments: ["http://127.0.0.1", "http://localhost", "http://[::ffff:127.0.0.1]", "http://2130706433"])
    func aRefusedAddressGetsNoByte(url: String) async throws {
        let receiver = try await Receiver()
        try await WebhookFixture.with(allowed: []) { fixture in
            let outcome = await fixture.run(receiver, ["url": .string("\(url):\(receiver.port)/")])
            #expect(outcome.verdict == .permanent)
            #expect(outcome.reach == .nothingSent)
            #expect(outcome.error?.contains("ALLOW_NETWORKS") == true)
        }
        #expect(receiver.requests.isEmpty)
        await receiver.stop()
    }
}
