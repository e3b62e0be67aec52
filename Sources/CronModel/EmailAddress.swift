/// An email address: one addr-spec of RFC 5321 in ASCII, without quoted local parts and address literals. It holds no
/// character that could end a header or an SMTP command.
package enum EmailAddress {
    /// Bytes of an address, of what stands before its `@`, and of one part of its domain (RFC 5321 §4.5.3.1).
    package static let longest = 254
    private static let longestLocal = 64
    private static let longestLabel = 63

    /// In the form in which accounts are kept, lower-cased; nil for what is no address.
    package static func normalized(_ text: String) -> String? { isValid(text) ? text.lowercased() : nil }

    package static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= longest, parts.count == 2, let local = parts.first, let domain = parts.last else {
            return false
        }
        return (1...longestLocal).contains(local.utf8.count) && local.utf8.allSatisfy(isLocal) && hasSoundDots(local)
            && isDomain(domain)
    }

    /// A host's name of letters, digits, hyphens and dots.
    package static func isDomain(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= longest && text.utf8.allSatisfy(isDomainByte) && hasSoundDots(text)
            && text.split(separator: ".").allSatisfy {
                $0.utf8.count <= longestLabel && $0.first != "-" && $0.last != "-"
            }
    }

    /// Words of letters, digits and ``!#$%&'*+-/=?^_`{|}~``, joined by dots (RFC 5322 §3.2.3).
    package static func isDotAtom(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy(isLocal) && hasSoundDots(text)
    }

    private static func hasSoundDots(_ part: some StringProtocol) -> Bool {
        part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    }

    private static func isDomainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        isDomainByte(byte) || "!#$%&'*+/=?^_`{|}~".utf8.contains(byte)
    }
}
