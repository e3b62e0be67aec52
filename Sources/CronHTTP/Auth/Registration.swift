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
