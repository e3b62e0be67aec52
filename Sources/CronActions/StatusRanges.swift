import CronModel

/// The answers that count as success: `200-299`, or a list such as `[200, 204, "400-404"]`.
struct StatusRanges: Hashable, Sendable {
    static let standard = StatusRanges(ranges: [200...299])

    private let ranges: [ClosedRange<Int>]

    private init(ranges: [ClosedRange<Int>]) {
        self.ranges = ranges
    }

    /// Nil when the value is anything else than statuses from 100 to 599.
    init?(_ value: JSONValue) {
        let items = value.arrayValue ?? [value]
        let ranges = items.compactMap(Self.range)
        guard !items.isEmpty, ranges.count == items.count else { return nil }
        self.init(ranges: ranges)
    }

    func contains(_ status: Int) -> Bool {
        ranges.contains { $0.contains(status) }
    }

    private static func range(_ item: JSONValue) -> ClosedRange<Int>? {
        let bounds: [Int]
        if let status = item.integerValue {
            bounds = [Int(exactly: status)].compactMap { $0 }
        } else if let text = item.stringValue {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            bounds = parts.compactMap { $0.utf8.count == 3 ? Int($0) : nil }
            guard bounds.count == parts.count, bounds.count <= 2 else { return nil }
        } else {
            return nil
        }
        guard let first = bounds.first, let last = bounds.last, first <= last, first >= 100, last <= 599 else {
            return nil
        }
        return first...last
    }
}
