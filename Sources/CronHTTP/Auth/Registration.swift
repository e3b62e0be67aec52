import Crypto

/// Who may make an account.
package enum Registration: String, CaseIterable, Sendable {
    /// The first person, with the setup code that the server's operator has; then nobody.
    case first
    /// Anybody.
    case open
    /// Nobody.
    case closed
}

enum SetupCode {
    static let longest = 256

    /// Equal digests: neither the length nor the first difference shows in the time.
    static func matches(_ given: String?, _ expected: String?) -> Bool {
        let given = given ?? ""
        let expected = expected ?? ""
        let isEqual = isEqualInConstantTime(
            Array(SHA256.hash(data: Array(given.utf8))), Array(SHA256.hash(data: Array(expected.utf8))))
        return isEqual && !expected.isEmpty
    }
}

/// An email address in the form in which accounts are kept: lower-cased.
enum EmailAddress {
    static let longest = 254

    static func normalized(_ text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= longest, parts.count == 2, let local = parts.first, let domain = parts.last,
            (1...64).contains(local.utf8.count), local.utf8.allSatisfy(isLocal), hasSoundDots(local),
            !domain.isEmpty, domain.utf8.allSatisfy(isDomain), hasSoundDots(domain),
            domain.split(separator: ".").allSatisfy({ $0.utf8.count <= 63 && $0.first != "-" && $0.last != "-" })
        else { return nil }
        return text.lowercased()
    }

    private static func hasSoundDots(_ part: Substring) -> Bool {
        part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    }

    private static func isDomain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func isLocal(_ byte: UInt8) -> Bool { isDomain(byte) || "!#$%&'*+/=?^_`{|}~".utf8.contains(byte) }
}
