package import CronModel
import CronSchedule
import HeapModule

/// Which hosts have limits, and which host an action reaches.
package struct TargetHosts: Sendable {
    package var limits: HostLimits
    package var host: @Sendable (ActionDefinition) -> String?
    /// Whether what all nodes have under way is counted together.
    package var isShared: Bool

    package init(limits: HostLimits, isShared: Bool, host: @escaping @Sendable (ActionDefinition) -> String?) {
        self.limits = limits
        self.isShared = isShared
        self.host = host
    }
}

/// What may start at hosts with limits. This node's own count always holds. Where nodes count together, room is asked for
/// besides (`HostAsk`); while there are no answers, each goes by its own count alone.
struct HostRoom: Sendable {
    /// How long a node goes on alone before it asks again.
    static let alone = Span.seconds(1)
    /// For each host at which something is under way, what this node has there is said again so much later.
    static let renewalPerHost = Span.milliseconds(20)
    /// Room that was refused is asked for again after so long, doubling; when something ends here, at once.
    static let pauses = Span.milliseconds(20)...Span.milliseconds(250)
    /// A node that is refused for so long, with nothing under way at the host, does not believe it: it goes by its own
    /// count for as long as `disbelief`.
    static let patience = Span.minutes(10)
    static let disbelief = Span.minutes(1)
    /// Questions under way at once: more would wait behind each other until they have no answer in time.
    static let questionLimit = 64
    /// More hosts than this are remembered only while something is under way or waits there.
    static let idleLimit = 1_000

    private let hosts: TargetHosts
    private let wait: Span
    private var states: [String: HostState] = [:]
    private var pruneAt = HostRoom.idleLimit
    /// Hosts of which something has changed since they were last looked at.
    private var touched: Set<String> = []
    private var times = Heap<Moment>()
    private var aloneUntil: Instant?
    /// Questions under way, and hosts that would have one.
    private var questions = 0
    private var asking = Queue<String>()
    /// Hosts that would ask if there were free slots.
    private var heldBack = Queue<String>()
    /// Slots that are kept for what hosts are granted or ask for.
    private var promised = 0
    /// Hosts of which the others count something of this node.
    private var saidCount = 0
    /// Hosts that are granted starts which are not used.
    private var granted: Set<String> = []
    /// Runs that wait for their hosts.
    private(set) var waiting = 0

    private struct Moment: Comparable {
        let at: Instant
        let host: String

        static func < (left: Moment, right: Moment) -> Bool { left.at < right.at }
    }

    /// - Parameter wait: how long a run waits here before it is postponed.
    init(_ hosts: TargetHosts, wait: Span) {
        self.hosts = hosts
        self.wait = wait
    }

    /// The host that a claim reaches, if it has a limit.
    func host(of claim: Claim) -> String? {
        guard let host = claim.action.flatMap(hosts.host), hosts.limits.limit(of: host) != nil else { return nil }
        return host
    }

    var nextAt: Instant? { touched.isEmpty ? times.min?.at : Instant(microseconds: 0) }

    private mutating func change<Answer>(_ host: String, _ change: (inout HostState) -> Answer) -> Answer {
        touched.insert(host)
        if states[host] == nil {
            if states.count >= pruneAt {
                states = states.filter { !$0.value.isIdle }
                pruneAt = max(Self.idleLimit, states.count * 2)
            }
            states[host] = HostState(hosts.limits.limit(of: host) ?? HostLimit())
        }
        states[host]?.isIdle = false
        let before = share(of: host)
        defer { note(host, before: before) }
        return change(&states[host, default: HostState(HostLimit())])
    }

    private func share(of host: String) -> (promised: Int, said: Int) {
        guard let state = states[host] else { return (0, 0) }
        return (state.promised, state.isSaid ? 1 : 0)
    }

    private mutating func note(_ host: String, before: (promised: Int, said: Int)) {
        let after = share(of: host)
        promised += after.promised - before.promised
        saidCount += after.said - before.said
        if states[host]?.granted ?? 0 > 0 { granted.insert(host) } else { granted.remove(host) }
    }
}

// MARK: - What waits, starts and ends

extension HostRoom {
    /// Whose run must leave before another of `space` may wait here, and whether it must though it is older. Nil while there are
    /// places.
    func crowd(at host: String, for space: UserID) -> (space: UserID, mustLeave: Bool)? {
        states[host].flatMap { $0.crowd(for: space) }
    }

    mutating func wait(at host: String, of space: UserID) {
        waiting += 1
        change(host) { $0.wait(space) }
    }

    mutating func leave(_ host: String, of space: UserID) {
        waiting -= 1
        change(host) { $0.leave(space) }
    }

    /// Until when a run is postponed that found no place: after all that were before it.
    /// - Parameter count: how many are postponed at once, with this one and those after it.
    mutating func postponement(at host: String, amid count: Int, now: Instant) -> Instant {
        let wait = wait
        return change(host) { $0.postponement(amid: count, wait: wait, now: now) }
    }

    /// Until when a run is postponed that has waited here.
    /// - Parameter previous: the same of an older one that leaves at once with it.
    mutating func returning(to host: String, after previous: Instant?, amid count: Int, now: Instant) -> Instant {
        let wait = wait
        return change(host) { $0.turn(after: previous, amid: count, wait: wait, now: now) }
    }

    mutating func hasRoom(at host: String, now: Instant) -> Bool {
        let isAlone = isAlone(now)
        return change(host) { $0.localRoom(now: now) > 0 && ($0.granted > 0 || isAlone || $0.isAlone(now)) }
    }

    /// The same for one that may start otherwise: room is asked for if there is none.
    mutating func hasRoomForNext(at host: String, now: Instant) -> Bool {
        let hasRoom = hasRoom(at: host, now: now)
        if !hasRoom { change(host) { $0.isPassedOver = false } }
        return hasRoom
    }

    mutating func take(_ host: String, now: Instant) {
        let wait = wait
        change(host) { $0.take(now: now, window: wait) }
    }

    /// - Parameters:
    ///   - since: when it was taken.
    ///   - isMade: whether the attempt took place.
    mutating func free(_ host: String, since: Instant, isMade: Bool) {
        let isShared = hosts.isShared
        change(host) { $0.free(since: since, isMade: isMade, isShared: isShared) }
    }

    /// Hosts that may have room now for what waits.
    mutating func opened(now: Instant) -> [String] {
        touchDue(now)
        return touched.sorted().filter { (states[$0]?.waiting ?? 0) > 0 && hasRoom(at: $0, now: now) }
    }
}

// MARK: - What is asked of the others

extension HostRoom {
    private func isAlone(_ now: Instant) -> Bool { !hosts.isShared || aloneUntil.map { now < $0 } ?? false }

    /// What is to be said and asked now. Afterwards every host has been looked at. Room is not asked for that this node cannot
    /// use, and what is granted goes back when it cannot be used any more: the others may want it.
    /// - Parameters:
    ///   - slots: attempts that may begin here.
    ///   - isHeldUp: all that has room and waits may not start.
    mutating func asks(slots: Int, isHeldUp: Bool, now: Instant) -> [HostAsk] {
        touchDue(now)
        touched.formUnion(granted)
        for host in touched.sorted() { if states[host]?.queue() ?? false { asking.add(host) } }
        touched.removeAll(keepingCapacity: true)
        let isAlone = isAlone(now)
        var asks: [HostAsk] = []
        while isAlone || questions < Self.questionLimit, let host = nextToAsk(slots: slots - promised) {
            guard let ask = look(at: host, slots: slots, isHeldUp: isHeldUp, isAlone: isAlone, now: now) else { continue }
            questions += 1
            asks.append(ask)
        }
        return asks
    }

    /// Sooner with few hosts: what a node that is gone had there keeps the others waiting.
    private var renewal: Span {
        let asked = Span(microseconds: Self.renewalPerHost.microseconds * Int64(saidCount))
        return min(max(asked, HostAsk.renewals.lowerBound), HostAsk.renewals.upperBound)
    }

    private mutating func nextToAsk(slots: Int) -> String? {
        if let host = asking.pop() { return host }
        guard slots > 0, let host = heldBack.pop() else { return nil }
        states[host]?.isHeldBack = false
        return host
    }

    private mutating func look(
        at host: String, slots: Int, isHeldUp: Bool, isAlone: Bool, now: Instant
    ) -> HostAsk? {
        guard var state = states[host] else { return nil }
        let before = share(of: host)
        let slots = slots - promised + before.promised
        state.isQueued = false
        if isHeldUp, state.granted > 0 { state.isPassedOver = true }
        let ask = isAlone ? nil : state.ask(host, slots: slots, renewal: renewal, now: now)
        if slots <= 0, state.waiting > 0, !state.isHeldBack {
            state.isHeldBack = true
            heldBack.add(host)
        }
        var times = hosts.isShared ? state.nextAsks(aloneUntil: isAlone ? aloneUntil : nil) : []
        if state.waiting > 0, let start = state.nextStart { times.append(start) }
        if let at = times.filter({ $0 > now }).min(), state.lookAt.map({ at < $0 || $0 <= now }) ?? true {
            state.lookAt = at
            self.times.insert(Moment(at: at, host: host))
        }
        state.isIdle = state.isIdle(now: now)
        states[host] = state
        note(host, before: before)
        return ask
    }

    private mutating func touchDue(_ now: Instant) {
        while let moment = times.min, moment.at <= now {
            times.removeMin()
            touched.insert(moment.host)
        }
    }

    mutating func answered(_ ask: HostAsk, _ grant: HostGrant?, now: Instant) {
        questions -= 1
        change(ask.host) { $0.answered(ask, grant, now: now) }
        guard grant == nil else { return }
        aloneUntil = now + Self.alone
        for (host, state) in states where state.waiting > 0 { touched.insert(host) }
    }
}
