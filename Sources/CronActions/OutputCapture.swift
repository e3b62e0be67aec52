import CronModel
import NIOCore

/// The first bytes of an answer, kept as text that any store can hold.
struct OutputCapture: Sendable {
    /// Past this many bytes an answer is no longer read, so that an endless one costs a connection and not a slot.
    static let readLimitBytes = 1_048_576

    private var kept: [UInt8] = []
    private(set) var readBytes = 0
    private(set) var isTruncated = false

    var isFull: Bool { readBytes >= Self.readLimitBytes }

    mutating func append(_ chunk: ByteBuffer) {
        readBytes += chunk.readableBytes
        let room = Outcome.outputLimitBytes - kept.count
        if chunk.readableBytes > room { isTruncated = true }
        kept.append(contentsOf: chunk.readableBytesView.prefix(room))
    }

    /// The reading stopped before the answer's end.
    mutating func cut() { isTruncated = true }

    /// Repair can lengthen, so the limit is applied once more.
    var text: String? {
        guard !kept.isEmpty else { return nil }
        return BoundedText.prefix(BoundedText.repaired(kept).unicodeScalars, maxBytes: Outcome.outputLimitBytes)
    }
}

/// Text cut to a number of UTF-8 bytes without splitting a scalar.
enum BoundedText {
    /// Invalid UTF-8 and NUL, which PostgreSQL's text refuses, become U+FFFD. Can be longer than the bytes were.
    static func repaired(_ bytes: some Collection<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
    }

    static func prefix(_ scalars: some Sequence<Unicode.Scalar>, maxBytes: Int) -> String {
        var text = String.UnicodeScalarView()
        var bytes = 0
        for scalar in scalars {
            bytes += UTF8.width(scalar)
            if bytes > maxBytes { break }
            text.append(scalar)
        }
        return String(text)
    }

    static func suffix(_ scalars: some BidirectionalCollection<Unicode.Scalar>, maxBytes: Int) -> String {
        var bytes = 0
        let end = scalars.reversed().prefix { scalar in
            bytes += UTF8.width(scalar)
            return bytes <= maxBytes
        }
        return prefix(end.reversed(), maxBytes: maxBytes)
    }

    /// A message that fits an outcome's error, on one line.
    static func message(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        return prefix(scalars, maxBytes: Outcome.errorLimitBytes)
    }
}
