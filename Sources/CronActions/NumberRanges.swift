import CronModel

/// Numbers that a definition names: `204`, `"200-299"`, or a list such as `[200, 204, "400-404"]`.
struct NumberRanges: Hashable, Sendable {
    private let ranges: [ClosedRange<Int>]

    init(_ ranges: [ClosedRange<Int>]) {
        self.ranges = ranges
    }

    /// Nil when the value is anything else than numbers within the limits.
    init?(_ value: JSONValue, within limits: ClosedRange<Int>) {
        let items = value.arrayValue ?? [value]
        let ranges = items.compactMap { Self.range($0, within: limits) }
        guard !items.isEmpty, ranges.count == items.count else { return nil }
        self.init(ranges)
    }

    func contains(_ number: Int) -> Bool {
        ranges.contains { $0.contains(number) }
    }

    private static func range(_ item: JSONValue, within limits: ClosedRange<Int>) -> ClosedRange<Int>? {
        let bounds: [Int]
        if let number = item.integerValue {
            bounds = [Int(exactly: number)].compactMap { $0 }
        } else if let text = item.stringValue {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            // Neither signs nor leading zeros.
            bounds = parts.compactMap { part in Int(part).flatMap { "\($0)" == part ? $0 : nil } }
            guard bounds.count == parts.count, bounds.count <= 2 else { return nil }
        } else {
            return nil
        }
        guard let first = bounds.first, let last = bounds.last, first <= last, limits.contains(first),
            limits.contains(last)
        else { return nil }
        return first...last
    }
}
