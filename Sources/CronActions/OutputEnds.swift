import CronModel

/// The first and the last bytes of an output that may have no end: how it began, and what it said before it failed.
struct OutputEnds: Sendable {
    static let firstBytes = Outcome.outputLimitBytes / 2
    /// The line between them, in full.
    private static let gapBytes = 64
    static let lastBytes = Outcome.outputLimitBytes - firstBytes - gapBytes

    /// With what shows whether a secret is there where they are cut.
    private static let keptFirst = firstBytes + HiddenText.marginBytes
    private static let keptLast = lastBytes + HiddenText.marginBytes

    private var first: [UInt8] = []
    /// Of what comes after those, cut to the last bytes whenever it has twice as many.
    private var last: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        let room = Self.keptFirst - first.count
        first.append(contentsOf: bytes.prefix(room))
        last.append(contentsOf: bytes.dropFirst(room).suffix(Self.keptLast))
        if last.count > 2 * Self.keptLast { last.removeFirst(last.count - Self.keptLast) }
    }

    /// As it was written.
    var written: WrittenSoFar {
        let rest = isGapless ? first.dropFirst(Self.firstBytes) + last : last[...]
        return WrittenSoFar(
            first: Array(first.prefix(Self.firstBytes)), last: Array(rest.suffix(Self.lastBytes)), count: count)
    }

    /// Whether all that was written is here.
    private var isGapless: Bool { count == first.count + last.count }

    var isTruncated: Bool { count > Self.firstBytes + Self.lastBytes }

    /// As text that any store can hold; nil for no output.
    /// - Parameter hiding: takes secrets out of it, before any of it is cut.
    func text(hiding: (String) -> String) -> String? {
        guard count > 0 else { return nil }
        guard isTruncated else {
            let whole = hiding(BoundedText.repaired(first + last))
            return BoundedText.prefix(whole.unicodeScalars, maxBytes: Outcome.outputLimitBytes)
        }
        let tail = isGapless ? first + last : last
        let (first, last) = (
            hiding(BoundedText.repaired(first)), hiding(BoundedText.repaired(tail.suffix(Self.keptLast)))
        )
        let begin = BoundedText.prefix(
            first.unicodeScalars, maxBytes: HiddenText.shownBytes(of: first, most: Self.firstBytes))
        let end = BoundedText.suffix(
            last.unicodeScalars, maxBytes: HiddenText.shownBytes(of: last, most: Self.lastBytes))
        return "\(begin)\n… \(count - Self.firstBytes - Self.lastBytes) bytes left out …\n\(end)"
    }
}
