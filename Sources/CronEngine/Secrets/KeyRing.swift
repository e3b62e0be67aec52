import Crypto

/// The operator's keys, which lie outside the database and seal nothing but data keys: the one in use, and those before
/// it, which only open.
package struct KeyRing: Sendable {
    package static let keyBytes = 32

    /// Names a key without telling it.
    typealias KeyID = String

    let current: (id: KeyID, key: SymmetricKey)
    private let keys: [KeyID: SymmetricKey]

    /// - Parameters:
    ///   - current: seals.
    ///   - former: open what they have sealed.
    package init(current: [UInt8], former: [[UInt8]] = []) {
        let all = ([current] + former).map { (Self.id($0), SymmetricKey(data: $0)) }
        self.current = all[0]
        keys = Dictionary(all) { first, _ in first }
    }

    subscript(id: KeyID) -> SymmetricKey? { keys[id] }

    private static func id(_ key: [UInt8]) -> KeyID {
        SHA256.hash(data: Array("cronpp key ".utf8) + key).prefix(6).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
