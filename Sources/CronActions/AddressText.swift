import Glibc

/// Addresses as people and resolvers write them.
package enum AddressText {
    /// Reads the standard forms only: dotted IPv4 with four parts, or IPv6 without a zone.
    package static func parse(_ text: String) -> NetworkAddress? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return NetworkAddress(ipv4: Array(bytes.prefix(4))) }
        if inet_pton(AF_INET6, text, &bytes) == 1 { return NetworkAddress(ipv6: bytes) }
        return nil
    }

    /// Reads also what resolvers accept as an address: `127.1`, `2130706433`, `0x7f.1`, `0177.1`, a trailing dot,
    /// brackets and zone ids. Nil for names.
    package static func parseLoosely(_ host: String) -> NetworkAddress? {
        var text = host
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        if let zone = text.firstIndex(of: "%") { text = String(text[..<zone]) }
        while text.hasSuffix(".") { text.removeLast() }
        return parse(text) ?? shortened(text)
    }

    /// IPv4 in one to four parts, each decimal, octal or hexadecimal; the last part fills the bytes that are left
    /// (inet_aton(3)).
    private static func shortened(_ text: String) -> NetworkAddress? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(number)
        guard (1...4).contains(parts.count), !parts.contains(nil) else { return nil }
        let numbers = parts.compactMap { $0 }
        guard numbers.dropLast().allSatisfy({ $0 <= 255 }), let last = numbers.last else { return nil }
        let restBits = UInt64(8 * (5 - numbers.count))
        guard last < 1 << restBits else { return nil }
        var value = last
        for (index, number) in numbers.dropLast().enumerated() { value |= number << UInt64(24 - 8 * index) }
        return NetworkAddress(ipv4: (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt64(24 - 8 * $0)) })
    }

    private static func number(_ text: Substring) -> UInt64? {
        let lower = text.lowercased()
        if lower.hasPrefix("0x") { return UInt64(lower.dropFirst(2), radix: 16) }
        if lower.count > 1, lower.hasPrefix("0") { return UInt64(lower.dropFirst(), radix: 8) }
        return lower.hasPrefix("+") ? nil : UInt64(lower)
    }
}
