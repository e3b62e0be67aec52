package import CronModel
package import CronSchedule
import HeapModule

/// Claimed runs waiting for their instant, so that firing on time does not depend on polling. Entries are not removed
/// early: an entry whose token is no longer held is passed over when its time comes.
package struct TimerWheel: Sendable {
    private struct Entry: Comparable, Sendable {
        let at: Instant
        let priority: Int
        let token: ClaimToken

        static func < (left: Entry, right: Entry) -> Bool {
            if left.at != right.at { return left.at < right.at }
            if left.priority != right.priority { return left.priority > right.priority }
            return left.token.runID < right.token.runID
        }
    }

    private var heap = Heap<Entry>()

    package init() {}

    package var count: Int { heap.count }
    package var isEmpty: Bool { heap.isEmpty }
    package var nextAt: Instant? { heap.min?.at }

    package mutating func add(_ token: ClaimToken, at: Instant, priority: Int = 0) {
        heap.insert(Entry(at: at, priority: priority, token: token))
    }

    /// Takes the earliest entry if its time is `until` or before.
    package mutating func pop(until: Instant) -> ClaimToken? {
        guard let first = heap.min, first.at <= until else { return nil }
        return heap.removeMin().token
    }
}
