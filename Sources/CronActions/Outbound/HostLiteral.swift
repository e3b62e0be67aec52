package import CronModel

/// A host as people write it, in a URL or alone: a DNS name, or an address in any form that a resolver would take for one.
package enum HostLiteral: Hashable, Sendable {
    case name(String)
    case address(IPAddress)

    package struct Problem: Error, Hashable, Sendable {
        package let message: String
    }

    /// Reads a URL's host, IPv6 addresses in brackets. Numbers are read as `inet_aton` does, because getaddrinfo does: `127.1`,
    /// `0x7f.1`, `0177.1` and `2130706433` all are 127.0.0.1.
    package init(_ text: String) throws(Problem) {
        if text.hasPrefix("[") {
            self = try Self.bracketed(text)
            return
        }
        let host = (text.hasSuffix(".") ? String(text.dropLast()) : text).lowercased()
        guard !host.isEmpty else { throw Problem(message: "the host is missing") }
        guard host.utf8.allSatisfy(Self.isNameByte) else {
            throw Problem(message: "the host may hold only a-z, 0-9, '-', '_' and '.'; write other names as xn--…")
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy({ (1...63).contains($0.utf8.count) }), host.utf8.count <= 253 else {
            throw Problem(message: "\"\(host.prefix(80))\" is not a host name")
        }
        guard let last = labels.last, Self.isNumeric(last) else {
            self = .name(host)
            return
        }
        guard let address = Self.legacyIPv4(labels) else {
            throw Problem(message: "\"\(host)\" is neither a host name nor an IPv4 address")
        }
        self = .address(.v4(address))
    }

    /// As it stands in a URL.
    package var text: String {
        switch self {
        case .name(let name): name
        case .address(let address): if case .v6 = address { "[\(address)]" } else { address.description }
        }
    }

    /// As it stands alone.
    package var bare: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.description
        }
    }

    /// Names that mean this machine by convention (RFC 6761 §6.3).
    package var isLocalhost: Bool {
        guard case .name(let name) = self else { return false }
        return name == "localhost" || name.hasSuffix(".localhost")
    }

    private static func bracketed(_ text: String) throws(Problem) -> HostLiteral {
        guard text.hasSuffix("]") else { throw Problem(message: "\"]\" is missing after the IPv6 address") }
        let inner = text.dropFirst().dropLast()
        guard !inner.contains("%") else { throw Problem(message: "an IPv6 address with a zone id is refused") }
        guard inner.contains(":"), let address = IPAddress(inner) else {
            throw Problem(message: "\"\(inner.prefix(80))\" is not an IPv6 address")
        }
        return .address(address)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func isNumeric(_ label: Substring) -> Bool {
        label.utf8.allSatisfy { (0x30...0x39).contains($0) } || (label.hasPrefix("0x") && number(label) != nil)
    }

    private static func legacyIPv4(_ labels: [Substring]) -> UInt32? {
        guard labels.count <= 4 else { return nil }
        let numbers = labels.compactMap(number)
        guard numbers.count == labels.count, let last = numbers.last else { return nil }
        var value: UInt64 = 0
        for part in numbers.dropLast() {
            guard part <= 0xFF else { return nil }
            value = value << 8 | part
        }
        let bitsOfLast = UInt64(8 * (5 - labels.count))
        guard last < 1 << bitsOfLast else { return nil }
        return UInt32(value << bitsOfLast | last)
    }

    private static func number(_ label: Substring) -> UInt64? {
        if label.hasPrefix("0x") { return label == "0x" ? 0 : UInt64(label.dropFirst(2), radix: 16) }
        return UInt64(label, radix: label.hasPrefix("0") && label.utf8.count > 1 ? 8 : 10)
    }
}
