import CronModel

/// How many rows a statement must select or change: `1`, `"1-10"` or `"1-"`.
struct SQLRowCount: Hashable, Sendable {
    let range: ClosedRange<Int>

    init?(_ value: JSONValue) {
        if let number = value.integerValue {
            guard let count = Int(exactly: number), count >= 0 else { return nil }
            range = count...count
            return
        }
        guard let text = value.stringValue, !text.contains("+") else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
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
        .integer(0...Int(Int32.max)), .string(1...40, pattern: "^[0-9]{1,18}(-[0-9]{0,18})?$"),
    ])
}
