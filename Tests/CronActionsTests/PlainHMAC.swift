import Foundation

/// HMAC-SHA256 (FIPS 180-4, RFC 2104) written down once more, so that signatures are verified by nothing that made them.
enum PlainHMAC {
    static func sha256(_ message: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        padded += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: (message.count * 8) >> $0) }
        for start in stride(from: 0, to: padded.count, by: 64) { compress(Array(padded[start..<start + 64]), &state) }
        return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
    }

    static func mac(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        let short = key.count > 64 ? sha256(key) : key
        let block = short + Array(repeating: 0, count: 64 - short.count)
        return sha256(block.map { $0 ^ 0x5C } + sha256(block.map { $0 ^ 0x36 } + message))
    }

    /// Whether one of the signatures in a `webhook-signature` header is that of the secret (`whsec_…`).
    static func verifies(_ header: String, id: String, timestamp: String, body: [UInt8], secret: String) -> Bool {
        guard let key = Data(base64Encoded: String(secret.dropFirst(6))) else { return false }
        let expected = Data(mac(Array("\(id).\(timestamp).".utf8) + body, key: Array(key))).base64EncodedString()
        return header.split(separator: " ", omittingEmptySubsequences: false).contains { $0 == "v1,\(expected)" }
    }

    /// The fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = {
        let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }
        return primes.map { prime in
            // Exact in whole numbers: the largest r with r³ ≤ prime · 2^96, whose last 32 bits are wanted.
            var low: UInt64 = 0
            var high: UInt64 = 7 << 32
            while low < high {
                let middle = (low + high + 1) / 2
                if isCube(middle, atMost: UInt64(prime)) { low = middle } else { high = middle - 1 }
            }
            return UInt32(truncatingIfNeeded: low)
        }
    }()

    /// middle³ ≤ prime · 2^96, in two steps of 128 bits.
    private static func isCube(_ root: UInt64, atMost prime: UInt64) -> Bool {
        let square = root.multipliedFullWidth(by: root)
        // square = h · 2^64 + l; root · square = (root · h) · 2^64 + root · l
        let upper = root * square.high
        let lower = root.multipliedFullWidth(by: square.low)
        let (high, overflow) = upper.addingReportingOverflow(lower.high)
        // In units of 2^64: compare with prime · 2^32.
        let bound = prime << 32
        return !overflow && (high < bound || (high == bound && lower.low == 0))
    }

    private static func compress(_ block: [UInt8], _ state: inout [UInt32]) {
        var words = stride(from: 0, to: 64, by: 4).map { at in
            block[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        func turn(_ word: UInt32, _ bits: UInt32) -> UInt32 { word >> bits | word << (32 - bits) }
        for at in 16..<64 {
            let (early, late) = (words[at - 15], words[at - 2])
            let first = turn(early, 7) ^ turn(early, 18) ^ early >> 3
            let second = turn(late, 17) ^ turn(late, 19) ^ late >> 10
            words.append(words[at - 16] &+ first &+ words[at - 7] &+ second)
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for at in 0..<64 {
            let first = h &+ (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) &+ (e & f ^ ~e & g) &+ constants[at] &+ words[at]
            let second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (at, word) in [a, b, c, d, e, f, g, h].enumerated() { state[at] &+= word }
    }
}
