import CronModel
import Crypto
import CryptoExtras
import Dispatch
import Foundation

/// Passwords at rest: scrypt with N = 2^15, r = 8, p = 3 (OWASP password storage), as a PHC string.
package struct Passwords: Sendable {
    package static let shortest = 12
    package static let longestBytes = 1_024
    /// One hash takes 32 MiB and about 0.2 s of a core: more at once would starve the scheduler.
    private static let hashesAtOnce = 2

    private static let logRounds = 15
    private static let blockSize = 8
    private static let parallelism = 3
    private static let keyBytes = 32

    private let gate = AsyncGate(limit: hashesAtOnce)
    private let queue = DispatchQueue(label: "cronpp.passwords", attributes: .concurrent)

    package init() {}

    package func hash(_ password: String) async throws -> String {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        let key = try await derive(password, salt)
        return
            "$scrypt$ln=\(Self.logRounds),r=\(Self.blockSize),p=\(Self.parallelism)$\(Self.text(salt))$\(Self.text(key))"
    }

    /// Whether the password is the stored one. Takes as long for a missing hash (no such user) as for a present one.
    package func verify(_ password: String, against stored: String?) async throws -> Bool {
        let parts = (stored ?? "").split(separator: "$").map(String.init)
        let salt = parts.count == 4 ? Self.bytes(parts[2]) : nil
        let wanted = parts.count == 4 ? Self.bytes(parts[3]) : nil
        let key = try await derive(password, salt ?? [UInt8](repeating: 0, count: 16))
        guard let wanted, wanted.count == key.count else { return false }
        return zip(wanted, key).reduce(UInt8(0)) { $0 | $1.0 ^ $1.1 } == 0
    }

    /// Whether a stored hash was made with other parameters than today's.
    package func needsRehash(_ stored: String) -> Bool {
        !stored.hasPrefix("$scrypt$ln=\(Self.logRounds),r=\(Self.blockSize),p=\(Self.parallelism)$")
    }

    private func derive(_ password: String, _ salt: [UInt8]) async throws -> [UInt8] {
        await gate.enter()
        let result: Result<[UInt8], any Error> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: Result {
                        let key = try KDF.Scrypt.deriveKey(
                            from: Array(password.utf8), salt: salt, outputByteCount: Self.keyBytes,
                            rounds: 1 << Self.logRounds, blockSize: Self.blockSize, parallelism: Self.parallelism,
                            maxMemory: 128 << 20)
                        return key.withUnsafeBytes { Array($0) }
                    })
            }
        }
        await gate.leave()
        return try result.get()
    }

    /// PHC strings use base64 without padding.
    private static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString().replacing("=", with: "") }

    private static func bytes(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)).map { Array($0) }
    }
}

/// Lets a limited number of tasks through at once, in order.
actor AsyncGate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(limit: Int) { free = limit }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
