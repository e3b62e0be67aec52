/// A text as it reads without one encoding, and where in the original each byte came from.
struct EncodedText {
    private(set) var bytes: [UInt8]
    /// Where the source of each byte begins; after them, where the text ends.
    private var starts: [Int]

    init(_ original: [UInt8]) {
        bytes = original
        starts = Array(0...original.count)
    }

    /// - Parameter step: what an escape at the beginning of the rest stands for, and how long it is; nil where it is none.
    private init(
        decoding text: EncodedText, escape: UInt8, _ step: (ArraySlice<UInt8>) -> (bytes: [UInt8], length: Int)?
    ) {
        bytes = []
        starts = []
        bytes.reserveCapacity(text.bytes.count)
        starts.reserveCapacity(text.starts.count)
        var index = 0
        while index < text.bytes.count {
            if text.bytes[index] == escape, let (decoded, length) = step(text.bytes[index...]) {
                bytes += decoded
                for _ in decoded { starts.append(text.starts[index]) }
                index += length
            } else {
                bytes.append(text.bytes[index])
                starts.append(text.starts[index])
                index += 1
            }
        }
        starts.append(text.starts[text.bytes.count])
    }

    /// Nil where nothing is escaped.
    func withoutJSON() -> EncodedText? {
        guard bytes.contains(UInt8(ascii: "\\")) else { return nil }
        return EncodedText(decoding: self, escape: UInt8(ascii: "\\")) { rest in
            guard let kind = rest.dropFirst().first else { return nil }
            switch kind {
            case UInt8(ascii: "n"): return ([0x0A], 2)
            case UInt8(ascii: "r"): return ([0x0D], 2)
            case UInt8(ascii: "t"): return ([0x09], 2)
            case UInt8(ascii: "b"): return ([0x08], 2)
            case UInt8(ascii: "f"): return ([0x0C], 2)
            case UInt8(ascii: "u"): return Self.codeUnits(rest)
            default: return ([kind], 2)
            }
        }
    }

    /// As a field of a table that is CSV. Nil where no quote is doubled.
    func withoutCSV() -> EncodedText? {
        let quotes = [UInt8(ascii: "\""), UInt8(ascii: "\"")]
        // Not `contains(quotes)`, which is a hundred times as slow.
        guard zip(bytes, bytes.dropFirst()).contains(where: { $0 == quotes[0] && $1 == quotes[0] }) else { return nil }
        return EncodedText(decoding: self, escape: quotes[0]) { rest in
            rest.starts(with: quotes) ? ([quotes[0]], 2) : nil
        }
    }

    /// Nil where there are neither `%` nor `+`.
    func withoutPercents() -> EncodedText? {
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return nil }
        var decoded = EncodedText(decoding: self, escape: UInt8(ascii: "%")) { rest in
            Self.number(rest.dropFirst().prefix(2), digits: 2).map { ([UInt8($0)], 3) }
        }
        decoded.bytes = Self.plusAsBlank(decoded.bytes)
        return decoded
    }

    static func plusAsBlank(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
    }

    /// `\uXXXX`, or the two of a surrogate pair.
    private static func codeUnits(_ rest: ArraySlice<UInt8>) -> (bytes: [UInt8], length: Int)? {
        guard let unit = number(rest.dropFirst(2).prefix(4), digits: 4) else { return nil }
        if let scalar = Unicode.Scalar(unit) { return (Array(String(Character(scalar)).utf8), 6) }
        let second = rest.dropFirst(6)
        guard second.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]),
            let low = number(second.dropFirst(2).prefix(4), digits: 4), (0xD800..<0xDC00).contains(unit),
            (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { return nil }
        return (Array(String(Character(scalar)).utf8), 12)
    }

    private static func number(_ text: ArraySlice<UInt8>, digits: Int) -> UInt32? {
        guard text.count == digits, text.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        return UInt32(String(decoding: text, as: UTF8.self), radix: 16)
    }
}

// MARK: - The search

extension EncodedText {
    /// Marks what of the original holds a pattern.
    func cover(_ patterns: SecretPatterns, in covered: inout [Bool]) {
        for start in patterns.starts(in: bytes) { cover(start, SecretMark.partBytes, in: &covered) }
        for needle in patterns.whole { coverWhole(needle, in: &covered) }
    }

    private func coverWhole(_ needle: [UInt8], in covered: inout [Bool]) {
        guard let first = needle.first, needle.count <= bytes.count else { return }
        for start in 0...bytes.count - needle.count
        where bytes[start] == first && bytes[start..<start + needle.count].elementsEqual(needle) {
            cover(start, needle.count, in: &covered)
        }
    }

    private func cover(_ start: Int, _ count: Int, in covered: inout [Bool]) {
        for index in starts[start]..<starts[start + count] { covered[index] = true }
    }
}

// MARK: - The ends of a text that is a part of a longer one

extension EncodedText {
    /// The longest escape: two code units.
    private static let escapeBytes = 12

    /// Where in the original its end begins of which it cannot be said yet whether it belongs to a needle: too little of
    /// one to be found, or an escape that is cut. Nil when it ends with neither.
    func openEnd(_ needles: [[UInt8]]) -> Int? {
        let whole = bytes.prefix(bytes.count - cutEscapeBytes)
        let open = whole.suffix(SecretMark.partBytes - 1)
        let length = needles.map { $0.longestPart(endingLike: open) }.max() ?? 0
        let start = whole.count - length
        return start < bytes.count ? starts[start] : nil
    }

    /// Where in the original its beginning ends that may be too little of a needle to be found.
    func openBeginning(_ needles: [[UInt8]]) -> Int {
        let open = Array(bytes.prefix(SecretMark.partBytes - 1).reversed())
        return starts[needles.map { Array($0.reversed()).longestPart(endingLike: open[...]) }.max() ?? 0]
    }

    /// How long an escape is that ends with the text and may not be whole, of JSON or of a URL.
    private var cutEscapeBytes: Int {
        let end = bytes.suffix(Self.escapeBytes - 1)
        let cut = end.indices.first { index in
            let rest = end[index...]
            switch rest.first {
            case UInt8(ascii: "%"): return rest.count < 3
            case UInt8(ascii: "\\"): return rest.count == 1 || Self.isCutCodeUnit(rest.dropFirst())
            default: return false
            }
        }
        return cut.map { bytes.endIndex - $0 } ?? 0
    }

    /// After the backslash: `uXXXX`, of which a high surrogate needs a second one.
    private static func isCutCodeUnit(_ rest: ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: "u") else { return false }
        guard rest.count >= 5 else { return true }
        return number(rest.dropFirst().prefix(4), digits: 4).map { (0xD800..<0xDC00).contains($0) } ?? false
    }
}

extension [UInt8] {
    /// The length of the longest end of a text that lies anywhere in these bytes.
    fileprivate func longestPart(endingLike text: ArraySlice<UInt8>) -> Int {
        guard let last = text.last else { return 0 }
        var longest = 0
        for index in indices where self[index] == last {
            var length = 1
            while length < text.count, index - length >= startIndex,
                self[index - length] == text[text.endIndex - 1 - length]
            {
                length += 1
            }
            longest = Swift.max(longest, length)
            if longest == text.count { break }
        }
        return longest
    }
}
