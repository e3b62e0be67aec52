import CronModel

/// The first and the last bytes of an output that may have no end: how it began, and what it said before it failed.
struct OutputEnds: Sendable {
    static let firstBytes = Outcome.outputLimitBytes / 2
    /// The line between them, in full.
    private static let gapBytes = 64
    static let lastBytes = Outcome.outputLimitBytes - firstBytes - gapBytes

    private var first: [UInt8] = []
    /// Cut to the last bytes whenever it has twice as many.
    private var last: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        let room = Self.firstBytes - first.count
        first.append(contentsOf: bytes.prefix(room))
        last.append(contentsOf: bytes.dropFirst(room).suffix(Self.lastBytes))
        if last.count > 2 * Self.lastBytes { last.removeFirst(last.count - Self.lastBytes) }
    }

    /// As it was written.
    var written: WrittenSoFar { WrittenSoFar(first: first, last: Array(last.suffix(Self.lastBytes)), count: count) }

    var isTruncated: Bool { count > Self.firstBytes + Self.lastBytes }

    /// As text that any store can hold; nil for no output.
    var text: String? {
        guard count > 0 else { return nil }
        guard isTruncated else {
            return BoundedText.prefix(BoundedText.repaired(first + last), maxBytes: Outcome.outputLimitBytes)
        }
        let begin = BoundedText.prefix(BoundedText.repaired(first), maxBytes: Self.firstBytes)
        let end = BoundedText.suffix(
            BoundedText.repaired(last.suffix(Self.lastBytes)), maxBytes: Self.lastBytes)
        return "\(begin)\n… \(count - Self.firstBytes - Self.lastBytes) bytes left out …\n\(end)"
    }
}
