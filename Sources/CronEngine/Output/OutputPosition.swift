/// How far somebody has followed a run's output; as text the id of an event.
package struct OutputPosition: Hashable, Sendable, CustomStringConvertible {
    package var attempt: Int
    /// In bytes that the attempt has written.
    package var offset: Int64
    /// The attempt's outcome has been told too.
    package var isOver: Bool

    package init(attempt: Int, offset: Int64 = 0, isOver: Bool = false) {
        self.attempt = attempt
        self.offset = offset
        self.isOver = isOver
    }

    private static let end = "end"

    /// `ATTEMPT-OFFSET` or `ATTEMPT-end`.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let attempt = Int(parts[0]), attempt >= 0 else { return nil }
        if parts[1] == Self.end {
            self.init(attempt: attempt, isOver: true)
        } else {
            guard let offset = Int64(parts[1]), offset >= 0 else { return nil }
            self.init(attempt: attempt, offset: offset)
        }
        guard description == text else { return nil }
    }

    package var description: String { "\(attempt)-\(isOver ? Self.end : "\(offset)")" }
}
