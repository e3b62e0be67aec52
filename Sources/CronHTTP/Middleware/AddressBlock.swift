import Glibc

/// A block of addresses in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`; an address alone is a block of one.
package struct AddressBlock: Hashable, Sendable {
    private let base: IPAddress
    private let bits: Int

    /// Nil for text that is not CIDR notation.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = IPAddress(parts[0]) else { return nil }
        let width = base.bytes.count * 8
        var bits = width
        if parts.count == 2 {
            guard parts[1].allSatisfy(\.isASCIIDigit), let given = Int(parts[1]), given <= width else { return nil }
            bits = given
        }
        self.base = base
        self.bits = bits
    }

    func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == base.bytes.count else { return false }
        let whole = bits / 8
        guard address.bytes.prefix(whole) == base.bytes.prefix(whole) else { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (bits % 8))
        return (address.bytes[whole] ^ base.bytes[whole]) & mask == 0
    }
}

/// An IPv4 address as 4 bytes or an IPv6 address as 16. One that only wraps an IPv4 address is that address: sockets that
/// listen on both families show `::ffff:10.0.0.1`.
struct IPAddress: Hashable, Sendable {
    let bytes: [UInt8]

    /// One text for each address, however it was written.
    var text: String {
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Nil for anything but an address alone, in the forms of inet_pton(3).
    init?(_ text: some StringProtocol) {
        var buffer = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, String(text), &buffer) == 1 {
            bytes = Array(buffer.prefix(4))
        } else if inet_pton(AF_INET6, String(text), &buffer) == 1 {
            let isMapped = buffer.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            bytes = isMapped ? Array(buffer.suffix(4)) : buffer
        } else {
            return nil
        }
    }

    /// An address as proxies write it: with blanks around it, and perhaps with a port.
    init?(hop: Substring) {
        let hop = hop.trimmingPrefix { $0 == " " || $0 == "\t" }.reversed().trimmingPrefix { $0 == " " || $0 == "\t" }
        self.init(Self.withoutPort(String(String(hop).reversed())))
    }

    private static func withoutPort(_ text: String) -> Substring {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return text.dropFirst()[..<end] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? parts[0] : text[...]
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
