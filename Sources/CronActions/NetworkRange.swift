/// An IP address as 16 bytes: IPv4 addresses in the mapped form, so that one comparison serves both families.
package struct NetworkAddress: Hashable, Sendable {
    package let bytes: [UInt8]
    package let isIPv4: Bool

    package init(ipv4: [UInt8]) {
        bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] + ipv4
        isIPv4 = true
    }

    /// IPv4-mapped addresses become the IPv4 address that they mean.
    package init(ipv6: [UInt8]) {
        bytes = ipv6
        isIPv4 = ipv6.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
    }

    package var ipv4: [UInt8] { Array(bytes.suffix(4)) }
}

/// A block of addresses, such as `10.0.0.0/8` or `fd00::/8`; an address alone is a block of one.
package struct NetworkRange: Hashable, Sendable, CustomStringConvertible {
    private let base: NetworkAddress
    private let prefixBits: Int
    package let description: String

    /// - Returns: nil for text that is not CIDR notation.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = AddressText.parse(String(parts[0])) else { return nil }
        let width = address.isIPv4 && !parts[0].contains(":") ? 32 : 128
        guard parts.count == 1 || (Int(parts[1]).map { (0...width).contains($0) } ?? false) else { return nil }
        let bits = parts.count == 2 ? Int(parts[1]) ?? width : width
        base = address
        prefixBits = width == 32 ? bits + 96 : bits
        description = text
    }

    package func contains(_ address: NetworkAddress) -> Bool {
        let whole = prefixBits / 8
        guard address.bytes.prefix(whole) == base.bytes.prefix(whole) else { return false }
        let rest = prefixBits % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return address.bytes[whole] & mask == base.bytes[whole] & mask
    }
}
