/// The newest events and gaps of a process, numbered from 1.
struct EventRing {
    static let limit = 1_000

    enum Item {
        case event(LiveEvent)
        /// Of one owner, or everybody's.
        case gap(UserID?)
    }

    private var items: [Item] = []
    /// The number of the newest item; 0 before the first.
    private(set) var newest: UInt64 = 0

    /// The number of the oldest item that is still here, or will be.
    var oldest: UInt64 { newest - UInt64(items.count) + 1 }

    mutating func append(_ item: Item) -> UInt64 {
        newest += 1
        if items.count < Self.limit { items.append(item) } else { items[slot(newest)] = item }
        return newest
    }

    /// The items from a number on that concern a watcher.
    func items(from number: UInt64, for interest: EventInterest) -> [(number: UInt64, event: LiveEvent?)] {
        var found: [(UInt64, LiveEvent?)] = []
        for number in stride(from: max(number, oldest), through: newest, by: 1) {
            switch items[slot(number)] {
            case .event(let event) where interest.includes(event): found.append((number, event))
            case .gap(let owner) where owner == nil || owner == interest.owner: found.append((number, nil))
            default: break
            }
        }
        return found
    }

    private func slot(_ number: UInt64) -> Int { Int((number - 1) % UInt64(Self.limit)) }
}

extension EventInterest {
    func includes(_ event: LiveEvent) -> Bool { event.owner == owner && (job == nil || job == event.jobID) }
}
