import CronModel

/// How many rows a statement must select or change: `1`, `"1-10"` or `"1-"`.
struct SQLRowCount: Hashable, Sendable {
    /// Of a number, as an integer or as text.
    private static let digits = 18
    private static let most = 999_999_999_999_999_999

    let range: ClosedRange<Int>

    init?(_ value: JSONValue) {
        if let number = value.integerValue {
            guard let count = Int(exactly: number), (0...Self.most).contains(count) else { return nil }
            range = count...count
            return
        }
        guard let text = value.stringValue, !text.contains("+") else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ $0.utf8.count <= Self.digits }) else { return nil }
        guard let first = parts.first, let least = Int(first), least >= 0, parts.count <= 2 else { return nil }
        let most = parts.count == 1 ? least : parts[1].isEmpty ? Int.max : Int(parts[1]) ?? -1
        guard least <= most else { return nil }
        range = least...most
    }

    var text: String {
        let noun = range == 1...1 ? "row" : "rows"
        if range.lowerBound == range.upperBound { return "\(range.lowerBound) \(noun)" }
        return range.upperBound == .max
            ? "at least \(range.lowerBound) \(range.lowerBound == 1 ? "row" : "rows")"
            : "\(range.lowerBound) to \(range.upperBound) rows"
    }

    static let schema = Schema.anyOf([
        .integer(0...most),
        // A range must not end before it begins, which no pattern can say.
        .string(pattern: "^[0-9]{1,\(digits)}(-[0-9]{0,\(digits)})?$", format: "cronpp-row-count"),
    ])
}
