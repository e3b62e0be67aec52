import CronModel
import Testing

@testable import CronActions

@Suite struct AddressGuardTests {
    static let refused = [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170",
        "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7",
        "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:7f00:1",
        "::ffff:0:127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "64:ff9b:1:ffff::a00:1",
        "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1",
        "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "3fff:fff:ffff::1", "5f00::1", "4000::1",
        "8000::1",
        "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1",
        "2a00:1450:4001:82a:0:5efe:c0a8:1", "2a00:1450:4001:82a:200:5efe:7f00:1",
    ]

    static let reachable = [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0", "223.255.255.255", "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450:4001:82a::200e",
        "2400:cb00::1", "3ffe::1", "2003::1", "::ffff:8.8.8.8",
    ]

    @Test(arguments: refused) func refuses(_ text: String) throws {
        let address = try #require(IPAddress(text))
        let refusal = try #require(nothingAllowed.refusal(of: address))
        #expect(refusal.message.hasPrefix("\(address.unmapped) is refused ("))
        #expect(refusal.message.contains("ALLOW_NETWORKS"))
    }

    @Test(arguments: reachable) func lets(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(nothingAllowed.refusal(of: address) == nil)
    }

    @Test func refusesOwnAddressesUnlessAllowed() throws {
        let own = try #require(IPAddress("8.8.4.4"))
        #expect(AddressGuard(allowed: [], ownAddresses: [own]).refusal(of: own)?.reason == "an address of this machine")
        #expect(AddressGuard(allowed: [NetworkRange(own)], ownAddresses: [own]).refusal(of: own) == nil)
        #expect(AddressGuard.interfaceAddresses().contains(.v4(0x7F00_0001)))
    }

    @Test func allowsOnlyWhatTheOperatorNames() throws {
        let addresses = AddressGuard(
            allowed: [try NetworkRange("10.1.0.0/16"), try NetworkRange("fd00::/8")], ownAddresses: [])
        for text in ["10.1.0.1", "10.1.255.255", "fd12::1", "fd00:ec2::254", "::ffff:10.1.0.1"] {
            #expect(addresses.refusal(of: try #require(IPAddress(text))) == nil)
        }
        // An allowed IPv4 range does not open the IPv6 addresses that need somebody else to carry it.
        for text in ["10.2.0.1", "::ffff:10.2.0.1", "::10.1.0.1", "64:ff9b::a01:1", "fc00::1"] {
            #expect(addresses.refusal(of: try #require(IPAddress(text))) != nil)
        }
    }

    @Test func readsRanges() throws {
        #expect(try NetworkRange("192.168.1.7").description == "192.168.1.7/32")
        #expect(try NetworkRange("FD00::/8").description == "fd00::/8")
        #expect(try NetworkRange("0.0.0.0/0").contains(.v4(0xFFFF_FFFF)))
        #expect(try NetworkRange("::/0").contains(.v6(high: .max, low: .max)))
        #expect(try !NetworkRange("0.0.0.0/0").contains(.v6(high: 0, low: 0)))
        #expect(try NetworkRange("2001:db8::8000:0:0:0/65").contains(.v6(high: 0x2001_0db8_0000_0000, low: .max)))
        for text in [
            "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/", "10.0.0/8", "fd00::/129", "x/8",
            "10.0.0.0/8/8",
        ] {
            #expect(throws: NetworkRange.Problem.self, "\(text)") { try NetworkRange(text) }
        }
        #expect(
            throws: NetworkRange.Problem(
                message: "\"10.1.2.3/8\" has bits set after its prefix; did you mean 10.0.0.0/8?")
        ) {
            try NetworkRange("10.1.2.3/8")
        }
    }

    @Test(arguments: [
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::0:1", "2001:db8::1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("::ffff:1.2.3.4", "::ffff:102:304"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("192.0.2.1", "192.0.2.1"),
    ]) func writesAddresses(_ text: String, _ canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.+4", "1.2.3.4 ", ":", ":::",
        "1::2::3",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::", "::1.2.3", "1.2.3.4::", "::+1",
        "::-1", ":1",
    ]) func refusesOtherText(_ text: String) {
        #expect(IPAddress(text) == nil)
    }
}
