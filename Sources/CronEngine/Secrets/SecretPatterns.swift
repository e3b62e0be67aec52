/// What is looked for in texts: short needles whole, longer ones by each of their parts.
struct SecretPatterns {
    private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let leading = (1..<SecretMark.partBytes).reduce(UInt64(1)) { power, _ in power &* base }
    private static let sieveBits: UInt64 = 16

    let whole: [[UInt8]]
    /// Hashes. Two parts of one hash would hide a little too much.
    private var parts: Set<UInt64> = []

    /// - Parameter texts: those that will be searched. Of a long needle most parts are in none of them, and are not kept.
    init(_ needles: [[UInt8]], in texts: [EncodedText]) {
        whole = needles.filter { $0.count < SecretMark.partBytes }
        var sieve = [Bool](repeating: false, count: 1 << Self.sieveBits)
        for text in texts { Self.eachPart(of: text.bytes) { _, hash in sieve[Self.place(of: hash)] = true } }
        for needle in needles {
            Self.eachPart(of: needle) { _, hash in
                if sieve[Self.place(of: hash)] { parts.insert(hash) }
            }
        }
    }

    /// Where the parts begin that some needle has.
    func starts(in bytes: [UInt8]) -> [Int] {
        var found: [Int] = []
        guard !parts.isEmpty else { return found }
        Self.eachPart(of: bytes) { start, hash in
            if parts.contains(hash) { found.append(start) }
        }
        return found
    }

    private static func place(of hash: UInt64) -> Int { Int(hash >> (64 - sieveBits)) }

    /// Every part with its hash, which rolls on by a byte.
    private static func eachPart(of bytes: [UInt8], _ body: (Int, UInt64) -> Void) {
        var hash: UInt64 = 0
        for index in bytes.indices {
            if index >= SecretMark.partBytes {
                hash &-= (UInt64(bytes[index - SecretMark.partBytes]) + 1) &* leading
            }
            hash = hash &* base &+ UInt64(bytes[index]) + 1
            let start = index - SecretMark.partBytes + 1
            if start >= 0 { body(start, hash) }
        }
    }
}
