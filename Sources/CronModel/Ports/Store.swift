package import CronSchedule

/// Everything that Cron++ keeps. Each verb of its parts is one transaction.
package protocol Store: JobStore, RunStore, WatchStore, NodeStore, AccountStore, ResourceStore, AuditStore {
    /// The clock that decides for this store.
    var clock: any EngineClock { get }
    /// `sqlite:PATH` or `memory`: for people and logs, without secrets.
    var description: String { get }
    /// Whether a transaction can be made now.
    func check() async throws(StoreError)
    /// Ends the store after what was begun has been committed.
    func close() async
}

/// Why a verb did not happen. After any of these nothing of it is stored, except where `outcomeUnknown` says otherwise.
package enum StoreError: Error, Hashable, Sendable {
    case notFound
    case invalid(FieldProblem)
    case conflict(String)
    /// `If-Match` named another version; the job's is given.
    case versionMismatch(current: Int64)
    case limitReached(String)
    case unavailable(String)
    /// The same, and waiting does not help: somebody must mend how the store is set up.
    case misconfigured(String)
    /// The COMMIT's answer was lost.
    case outcomeUnknown(String)
    /// Stored data that cannot be read, or a rule that broke its own lifecycle: a defect, never a user's fault.
    case corrupt(String)

    package init(_ refusal: ChangeRefusal) {
        switch refusal {
        case .invalid(let problem): self = .invalid(problem)
        case .conflict(let reason): self = .conflict(reason)
        case .defect(let illegal): self = .corrupt("run \(illegal.run): \(illegal.from.name) → \(illegal.to.name)")
        }
    }
}

/// One page of a list.
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Where the next page starts; nil on the last one.
    package var next: PageCursor?

    package init(items: [Item], next: PageCursor?) {
        self.items = items
        self.next = next
    }

    /// A page cut from a search that asked for one item more than it shows.
    package init(items: [Item], limit: Int, found: Int, cursor: (Item) -> PageCursor) {
        self.items = items
        next = found > limit ? items.last.map(cursor) : nil
    }
}

/// The last row of a page, by the list's order. Lists are ordered by an instant and an id; jobs also by other things.
package struct PageCursor: Hashable, Sendable {
    /// Stands for an instant that there is not: after every other.
    package static let never = Instant(microseconds: .max)

    package var sort = JobSort.createdAt
    package var at: Instant
    /// Instead of `at` in a list that is sorted by name.
    package var name = ""
    package var high: UInt64
    package var low: UInt64

    package init(at: Instant, id: (high: UInt64, low: UInt64)) {
        self.at = at
        high = id.high
        low = id.low
    }
}

package enum PageLimit {
    package static let standard = 100
    package static let most = 1_000
}
