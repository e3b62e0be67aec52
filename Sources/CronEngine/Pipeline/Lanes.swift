import CronModel
import CronSchedule
import HeapModule

/// What is due and waits for a slot: lanes for each space. Spaces take turns, so that one with much to do keeps nobody
/// waiting; one that may not start now is passed over. In a space it is first come, first served, but what is for a host
/// without room is passed over too: its lane is closed until the host has some. In it the oldest run is first, since those that
/// were postponed come back later than younger ones.
struct Lanes: Sendable {
    enum Verdict: Sendable {
        case go
        /// Not before then; nil when something of the space must end first.
        case wait(until: Instant?)
    }

    private var spaces: [UserID: SpaceLanes] = [:]
    /// The spaces with something that may start, in the order of their turns.
    private var turns: [UserID] = []
    private var turn = 0
    private var number = 0
    /// Whose lanes are closed, by host.
    private var closed: [String: [UserID]] = [:]

    /// Whether all that is here waits for its host.
    var isEmpty: Bool { turns.isEmpty }

    mutating func add(_ token: ClaimToken, of space: UserID) {
        number += 1
        let hasTurn = spaces[space, default: SpaceLanes()].add(token, number: number)
        if hasTurn { turns.append(space) }
    }

    /// - Parameter host: one with a limit.
    mutating func add(_ token: ClaimToken, of space: UserID, for host: String, since slot: Instant) {
        number += 1
        let entry = AgeLine.Entry(since: slot, number: number, token: token)
        let hasTurn = spaces[space, default: SpaceLanes()].add(entry, for: host)
        if hasTurn { turns.append(space) }
    }

    /// It does not wait for its host any more.
    mutating func remove(_ token: ClaimToken, of space: UserID, for host: String, since slot: Instant) {
        let isGone = spaces[space]?.remove(token, for: host, since: slot) ?? false
        guard isGone else { return }
        closed[host]?.removeAll { $0 == space }
        if closed[host]?.isEmpty ?? false { closed[host] = nil }
        if let lanes = spaces[space], lanes.isEmpty, !lanes.hasTurn { spaces[space] = nil }
    }

    /// The youngest of a space that waits for a host.
    func youngest(of space: UserID, for host: String) -> AgeLine.Entry? { spaces[space]?.youngest(for: host) }

    /// Whoever is next and may go. Otherwise when the first of those that wait for a time may.
    mutating func next(
        _ verdict: (UserID) -> Verdict, hasRoom: (String) -> Bool = { _ in true }
    ) -> (token: ClaimToken?, waitUntil: Instant?) {
        var waitUntil: Instant?
        var passed = 0
        while passed < turns.count {
            if turn >= turns.count { turn = 0 }
            let space = turns[turn]
            switch verdict(space) {
            case .go:
                let token = spaces[space]?.next { host in
                    if hasRoom(host) { return true }
                    closed[host, default: []].append(space)
                    return false
                }
                if spaces[space]?.hasTurn ?? false {
                    turn += 1
                } else {
                    if spaces[space]?.isEmpty ?? true { spaces[space] = nil }
                    turns.remove(at: turn)
                }
                if let token { return (token, nil) }
            case .wait(let until):
                turn += 1
                passed += 1
                if let until { waitUntil = min(waitUntil ?? until, until) }
            }
        }
        return (nil, waitUntil)
    }

    /// The host may have room again.
    mutating func open(_ host: String) {
        for space in closed.removeValue(forKey: host) ?? [] where spaces[space]?.open(host) ?? false {
            turns.append(space)
        }
    }
}

/// The lanes of one space: one for each host with a limit, and one for all else.
private struct SpaceLanes: Sendable {
    private var others = Queue<LaneEntry>()
    private var byHost: [String: HostLane] = [:]
    /// Of the hosts whose lanes are open, by the number of their first.
    private var heads = Heap<Head>()
    /// Whether anything here may start.
    private(set) var hasTurn = false

    private struct HostLane {
        var line = AgeLine()
        /// It has a head.
        var isOpen = true
    }

    private struct Head: Comparable {
        let number: Int
        let host: String

        static func < (left: Head, right: Head) -> Bool { left.number < right.number }
    }

    var isEmpty: Bool { others.isEmpty && byHost.isEmpty }

    /// Answers whether the space has a turn because of it.
    mutating func add(_ token: ClaimToken, number: Int) -> Bool {
        others.add(LaneEntry(token: token, number: number))
        return takeTurn()
    }

    /// Answers whether the space has a turn because of it.
    mutating func add(_ entry: AgeLine.Entry, for host: String) -> Bool {
        if byHost[host] == nil { heads.insert(Head(number: entry.number, host: host)) }
        byHost[host, default: HostLane()].line.add(entry)
        return byHost[host]?.isOpen ?? false ? takeTurn() : false
    }

    /// Answers whether it was the last in a lane that is closed: the lane is gone. An open one goes when its head does.
    mutating func remove(_ token: ClaimToken, for host: String, since slot: Instant) -> Bool {
        byHost[host]?.line.remove(token, since: slot)
        guard byHost[host]?.line.isEmpty ?? false, !(byHost[host]?.isOpen ?? true) else { return false }
        byHost[host] = nil
        return true
    }

    func youngest(for host: String) -> AgeLine.Entry? { byHost[host]?.line.youngest }

    /// Answers whether the space has a turn because of it.
    mutating func open(_ host: String) -> Bool {
        guard byHost[host]?.isOpen == false, let oldest = byHost[host]?.line.oldest else { return false }
        byHost[host]?.isOpen = true
        heads.insert(Head(number: oldest.number, host: host))
        return takeTurn()
    }

    private mutating func takeTurn() -> Bool {
        defer { hasTurn = true }
        return !hasTurn
    }

    /// The first whose host has room. Lanes of hosts that have none are closed.
    mutating func next(_ hasRoom: (String) -> Bool) -> ClaimToken? {
        defer { hasTurn = !others.isEmpty || !heads.isEmpty }
        while let head = heads.min, others.firstNumber.map({ head.number < $0 }) ?? true {
            heads.removeMin()
            guard byHost[head.host]?.line.isEmpty == false else {
                // All that waited there has left.
                byHost[head.host] = nil
                continue
            }
            guard hasRoom(head.host) else {
                byHost[head.host]?.isOpen = false
                continue
            }
            let token = byHost[head.host]?.line.pop()?.token
            if let oldest = byHost[head.host]?.line.oldest {
                heads.insert(Head(number: oldest.number, host: head.host))
            } else {
                byHost[head.host] = nil
            }
            return token
        }
        return others.pop()?.token
    }
}

private struct LaneEntry {
    let token: ClaimToken
    let number: Int
}

extension Queue<LaneEntry> {
    fileprivate var firstNumber: Int? { first?.number }
}
