import CronModel
import NIOCore

/// Which addresses a webhook may reach. Asked about the host's text when a job is saved, and about the socket address
/// really dialled at every attempt, so that a name that changes its address in between gains nothing.
package struct AddressGuard: Sendable {
    /// Blocks that are not the public internet: RFC 6890 and its registries, RFC 6598 (CGNAT), cloud metadata.
    private static let refused: [(NetworkRange, String)] = [
        ("0.0.0.0/8", "unspecified"), ("10.0.0.0/8", "private"), ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"), ("168.63.129.16/32", "cloud metadata"), ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"), ("192.0.0.0/24", "reserved"), ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"), ("192.168.0.0/16", "private"), ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"), ("203.0.113.0/24", "documentation"), ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/96", "IPv4-compatible"), ("64:ff9b::/96", "NAT64"), ("64:ff9b:1::/48", "NAT64"), ("100::/64", "discard"),
        ("2001::/23", "special purpose"), ("2001:db8::/32", "documentation"), ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"), ("5f00::/16", "segment routing"), ("fc00::/7", "private"),
        ("fe80::/10", "link-local"), ("fec0::/10", "site-local"), ("ff00::/8", "multicast"),
    ].compactMap { text, kind in NetworkRange(text).map { ($0, kind) } }

    private let allowed: [NetworkRange]
    /// This machine's own addresses: reachable from inside even when they are public.
    private let own: Set<NetworkAddress>

    package init(allowed: [NetworkRange], own: Set<NetworkAddress> = AddressGuard.interfaceAddresses()) {
        self.allowed = allowed
        self.own = own
    }

    /// Why an address may not be reached, or nil when it may.
    package func refusal(of address: NetworkAddress) -> String? {
        if allowed.contains(where: { $0.contains(address) }) { return nil }
        if let (_, kind) = Self.refused.first(where: { $0.0.contains(address) }) { return kind }
        if !address.isIPv4, address.bytes[0] & 0xE0 != 0x20 { return "not global unicast" }
        return own.contains(address) ? "this machine's own" : nil
    }

    /// Why a host as written in a URL may not be reached. Names are judged only when they are dialled.
    package func refusal(ofHost host: String) -> String? {
        let name = host.lowercased().trimmingSuffix(".")
        if name == "localhost" || name.hasSuffix(".localhost") {
            return allowed.contains { $0.contains(NetworkAddress(ipv4: [127, 0, 0, 1])) } ? nil : "loopback"
        }
        return AddressText.parseLoosely(host).flatMap { refusal(of: $0) }
    }

    package static func interfaceAddresses() -> Set<NetworkAddress> {
        let devices = (try? System.enumerateDevices()) ?? []
        return Set(devices.compactMap { $0.address.flatMap(NetworkAddress.init(socket:)) })
    }
}

extension NetworkAddress {
    /// Nil for addresses that are not IP, such as Unix sockets.
    init?(socket address: SocketAddress) {
        guard let text = address.ipAddress, let parsed = AddressText.parseLoosely(text) else { return nil }
        self = parsed
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
