/// A part of what an attempt has written, as people may see it.
package struct OutputPiece: Hashable, Sendable {
    /// Where it begins and ends, counted in the bytes that the attempt has written. Where a piece does not begin at the
    /// end of the one before, something is left out between them.
    package var start: Int64
    package var end: Int64
    /// Without secrets, and in whole characters: may be longer or shorter than the bytes were.
    package var text: String
    /// The attempt writes nothing after it.
    package var isLast: Bool

    package init(start: Int64, end: Int64, text: String, isLast: Bool = false) {
        self.start = start
        self.end = end
        self.text = text
        self.isLast = isLast
    }
}

/// Whose output: that of one attempt.
package struct OutputKey: Hashable, Sendable {
    package var run: RunID
    package var fence: Int64

    package init(run: RunID, fence: Int64) {
        self.run = run
        self.fence = fence
    }
}
