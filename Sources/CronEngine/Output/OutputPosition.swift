/// How far somebody has followed a run's output; as text the id of an event.
package struct OutputPosition: Hashable, Sendable, CustomStringConvertible {
    /// What has been told after an attempt's output.
    package enum End: String, Sendable, CaseIterable {
        case ofAttempt = "end"
        case ofRun = "over"
    }

    package var attempt: Int
    /// In bytes that the attempt has written.
    package var offset: Int64
    package var end: End?

    package init(attempt: Int, offset: Int64 = 0, end: End? = nil) {
        self.attempt = attempt
        self.offset = offset
        self.end = end
    }

    /// `ATTEMPT-OFFSET`, `ATTEMPT-end` or `ATTEMPT-over`.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let attempt = Int(parts[0]), attempt >= 0 else { return nil }
        if let end = End(rawValue: parts[1]) {
            self.init(attempt: attempt, end: end)
        } else {
            guard let offset = Int64(parts[1]), offset >= 0 else { return nil }
            self.init(attempt: attempt, offset: offset)
        }
        guard description == text else { return nil }
    }

    package var description: String { "\(attempt)-\(end?.rawValue ?? "\(offset)")" }
}
