import CronModel

/// Makes pieces that people may see of what an attempt writes.
struct OutputCutter: Sendable {
    private var stream: SecretStream
    /// Where the next byte belongs that was not shown yet.
    private var next: Int64 = 0

    init(hiding secrets: [String]) {
        stream = SecretStream(SecretNeedles(secrets))
    }

    /// - Parameter isLast: the attempt has ended.
    mutating func pieces(of written: [OutputTap.Written], isLast: Bool) -> [OutputPiece] {
        var pieces: [OutputPiece] = []
        var seen = next + Int64(stream.heldCount)
        for part in written {
            if part.start != seen {
                stream.skip()
                next = part.start
            }
            seen = part.start + Int64(part.bytes.count)
            // In parts, so that none costs more than another.
            for begin in stride(from: 0, to: part.bytes.count, by: OutputLimit.pieceBytes) {
                let bytes = part.bytes[begin..<min(begin + OutputLimit.pieceBytes, part.bytes.count)]
                if let piece = piece(Array(bytes), isLast: false) { pieces.append(piece) }
            }
        }
        if isLast {
            pieces.append(piece([], isLast: true) ?? OutputPiece(start: next, end: next, text: "", isLast: true))
        }
        return pieces
    }

    private mutating func piece(_ bytes: [UInt8], isLast: Bool) -> OutputPiece? {
        let shown = stream.append(bytes, isLast: isLast)
        let start = next + Int64(shown.skipped)
        next = start + Int64(shown.count)
        guard shown.count > 0 else { return nil }
        // U+0000 is what PostgreSQL's text refuses; an outcome shows the same in its place.
        let text = String(decoding: shown.bytes, as: UTF8.self).replacing("\0", with: "\u{FFFD}")
        return OutputPiece(start: start, end: next, text: text, isLast: isLast)
    }
}
