package import CronModel
package import NIOCore

/// Decides which addresses this node may connect to for its users: public ones, and those the operator allows. It judges
/// the address that is dialled, not the name, so that a name which changes its answer between check and use gains nothing.
/// `OutboundHosts` is the way to use it.
package struct AddressGuard: Sendable {
    private let allowed: [NetworkRange]
    private let ownAddresses: Set<IPAddress>

    package init(allowed: [NetworkRange], ownAddresses: [IPAddress] = AddressGuard.interfaceAddresses()) {
        self.allowed = allowed
        self.ownAddresses = Set(ownAddresses.map(\.unmapped))
    }

    /// Why the address may not be reached; nil when it may.
    package func refusal(of address: IPAddress) -> AddressRefusal? {
        // An IPv4-mapped address is dialled as the IPv4 address in it.
        let address = address.unmapped
        guard !allowed.contains(where: { $0.contains(address) }), let reason = reason(against: address) else {
            return nil
        }
        return AddressRefusal(address: address.description, reason: reason)
    }

    /// Why a host may not be reached, as far as its text tells; other names are judged when they are looked up.
    package func refusal(of host: HostLiteral) -> AddressRefusal? {
        switch host {
        case .address(let address): refusal(of: address)
        case .name: host.isLocalhost ? refusal(of: .v4(0x7F00_0001)) : nil
        }
    }

    /// Why the other end of a connection may not be reached. An address that is no IP address never may.
    package func refusal(of address: SocketAddress?) -> AddressRefusal? {
        guard let text = address?.ipAddress, let parsed = IPAddress(text.prefix { $0 != "%" }) else {
            return AddressRefusal(address: address.map { "\($0)" } ?? "an unknown address", reason: "not an IP address")
        }
        return refusal(of: parsed)
    }

    private func reason(against address: IPAddress) -> String? {
        if ownAddresses.contains(address) { return "an address of this machine" }
        if let entry = Self.refusedRanges.first(where: { $0.range.contains(address) }) { return entry.reason }
        if case .v6(let high, let low) = address {
            if low >> 32 & 0xFDFF_FFFF == 0x5EFE { return "an IPv4 address inside ISATAP" }
            // Only 2000::/3 is handed out for global unicast; what is reserved today may be routed inwards tomorrow.
            if high >> 61 != 1 { return "reserved" }
        }
        return nil
    }

    /// The addresses of this machine's interfaces: a service listening on one is as local as one on loopback.
    package static func interfaceAddresses() -> [IPAddress] {
        let devices = (try? System.enumerateDevices()) ?? []
        return devices.compactMap { device in
            device.address?.ipAddress.flatMap { IPAddress($0.prefix { $0 != "%" }) }
        }
    }

    /// Special-purpose ranges (IANA registries of RFC 6890) and cloud metadata, the more special first. An IPv6 address
    /// that carries an IPv4 address is refused whatever it carries: a translator on the way would dial the inner one.
    /// Only the mapped form, which this machine translates itself, is judged by what it carries.
    private static let refusedRanges: [(range: NetworkRange, reason: String)] = [
        ("169.254.169.254", "cloud metadata"), ("168.63.129.16", "cloud metadata"), ("fd00:ec2::254", "cloud metadata"),
        ("0.0.0.0", "unspecified"), ("0.0.0.0/8", "this network"), ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"), ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"), ("192.0.0.0/24", "reserved"), ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"), ("192.168.0.0/16", "private"), ("198.18.0.0/15", "benchmark"),
        ("198.51.100.0/24", "documentation"), ("203.0.113.0/24", "documentation"), ("224.0.0.0/4", "multicast"),
        ("255.255.255.255", "broadcast"), ("240.0.0.0/4", "reserved"),
        ("::", "unspecified"), ("::1", "loopback"),
        ("::ffff:0:0:0/96", "an IPv4 address inside IPv6"), ("::/96", "an IPv4 address inside IPv6"),
        ("64:ff9b::/96", "an IPv4 address inside NAT64"), ("64:ff9b:1::/48", "an IPv4 address inside NAT64"),
        ("100::/64", "discard"), ("2001::/32", "an IPv4 address inside Teredo"), ("2001:2::/48", "benchmark"),
        ("2001::/23", "reserved"), ("2001:db8::/32", "documentation"), ("2002::/16", "an IPv4 address inside 6to4"),
        ("3fff::/20", "documentation"), ("fc00::/7", "private"), ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"), ("ff00::/8", "multicast"),
    ].compactMap { entry in (try? NetworkRange(entry.0)).map { ($0, entry.1) } }
}

/// An address that the guard refuses, as the error of a connection attempt.
package struct AddressRefusal: Error, Hashable, Sendable {
    package let address: String
    package let reason: String

    package var message: String {
        "\(address) is refused (\(reason)); it is reached only if CRONPP_ALLOW_NETWORKS (ALLOW_NETWORKS) contains it"
    }
}
