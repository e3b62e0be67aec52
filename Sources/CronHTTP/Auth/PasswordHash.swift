import Crypto
import CryptoExtras
import Foundation

/// How dear one hash is. OWASP's second scrypt setting: 32 MiB and about a quarter of a second.
package struct ScryptCost: Hashable, Sendable {
    package static let standard = ScryptCost(logRounds: 15, blockSize: 8, parallelism: 3)

    package var logRounds: Int
    package var blockSize: Int
    package var parallelism: Int

    package init(logRounds: Int, blockSize: Int, parallelism: Int) {
        self.logRounds = logRounds
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// A stored hash may not make the server spend more than this.
    var isBounded: Bool {
        (1...20).contains(logRounds) && (1...32).contains(blockSize) && (1...16).contains(parallelism)
    }
}

/// A PHC string: `$scrypt$ln=15,r=8,p=3$salt$hash`.
struct PasswordHash: Hashable, Sendable {
    static let saltBytes = 16
    static let hashBytes = 32

    let cost: ScryptCost
    let salt: [UInt8]
    let hash: [UInt8]

    var text: String {
        let parameters = "ln=\(cost.logRounds),r=\(cost.blockSize),p=\(cost.parallelism)"
        return "$scrypt$\(parameters)$\(Base64.standard.text(salt))$\(Base64.standard.text(hash))"
    }

    init(cost: ScryptCost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    init?(text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        var values: [String: Int] = [:]
        for parameter in parts[2].split(separator: ",") {
            let pair = parameter.split(separator: "=")
            guard pair.count == 2, let value = Int(pair[1]) else { return nil }
            values[String(pair[0])] = value
        }
        guard values.count == 3, let logRounds = values["ln"], let blockSize = values["r"],
            let parallelism = values["p"],
            let salt = Base64.standard.bytes(parts[3]), let hash = Base64.standard.bytes(parts[4]), !salt.isEmpty,
            hash.count == Self.hashBytes
        else { return nil }
        cost = ScryptCost(logRounds: logRounds, blockSize: blockSize, parallelism: parallelism)
        guard cost.isBounded else { return nil }
        self.salt = salt
        self.hash = hash
    }

    /// Blocks for as long as the cost says.
    static func compute(_ password: String, cost: ScryptCost, salt: [UInt8]) throws -> PasswordHash {
        let key = try KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: hashBytes, rounds: 1 << cost.logRounds,
            blockSize: cost.blockSize, parallelism: cost.parallelism)
        return PasswordHash(cost: cost, salt: salt, hash: key.withUnsafeBytes { Array($0) })
    }
}

/// Equality in a time that does not tell where the difference is.
func isEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for (a, b) in zip(left, right) { difference |= a ^ b }
    return difference == 0
}
