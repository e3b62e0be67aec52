import CronModel
import CronSchedule

/// What of one space waits for one host, oldest first. What waits there is bounded, and most comes in at the end and goes out
/// at the front.
struct AgeLine: Sendable {
    struct Entry: Comparable, Sendable {
        /// The slot of its run.
        let since: Instant
        /// In what order those of one slot have come.
        let number: Int
        let token: ClaimToken

        static func < (left: Entry, right: Entry) -> Bool { (left.since, left.number) < (right.since, right.number) }
        static func == (left: Entry, right: Entry) -> Bool { left.token == right.token }
    }

    private var entries: [Entry] = []
    private var start = 0

    var count: Int { entries.count - start }
    var isEmpty: Bool { count == 0 }
    var oldest: Entry? { isEmpty ? nil : entries[start] }
    var youngest: Entry? { isEmpty ? nil : entries.last }

    mutating func add(_ entry: Entry) { entries.insert(entry, at: place { $0 < entry }) }

    mutating func pop() -> Entry? {
        guard let entry = oldest else { return nil }
        start += 1
        // Half of it is used up: the rest moves once for each that was taken.
        if start > 64, start * 2 > entries.count {
            entries.removeFirst(start)
            start = 0
        }
        return entry
    }

    mutating func remove(_ token: ClaimToken, since: Instant) {
        var index = place { $0.since < since }
        while index < entries.count, entries[index].since == since {
            if entries[index].token == token {
                entries.remove(at: index)
                return
            }
            index += 1
        }
    }

    /// The first for which it is false.
    private func place(_ isBefore: (Entry) -> Bool) -> Int {
        var (low, high) = (start, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(entries[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
