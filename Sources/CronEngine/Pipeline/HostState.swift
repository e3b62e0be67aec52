import CronModel
import CronSchedule

/// One host with a limit, as this node sees it.
struct HostState: Sendable {
    /// The fewest runs that wait here for it.
    static let fewestPlaces = 64
    /// How far ahead runs are postponed: then they are looked at again, since the host may be faster by then.
    static let horizon = Span.minutes(1)

    let limit: HostLimit
    /// Starting, ready and running.
    var using = 0
    private(set) var waiting = 0
    private var waitingBySpace: [UserID: Int] = [:]
    var log = StartLog()
    var isIdle = false
    /// To be looked at as soon as there may be another question.
    var isQueued = false
    /// When it is looked at next though nothing changes.
    var lookAt: Instant?

    // What nodes count together.
    /// Starts that were granted and not used yet.
    private(set) var granted = 0
    private var grantedAt: Instant?
    /// When starts were counted at the rate that were not made.
    private var unmade: [Instant] = []
    /// What the others know of this node.
    private var said = 0
    /// How much is asked for by the question that is under way.
    private var asked: Int?
    /// What was granted was left over by all that may start: nothing is asked for until one of those finds no room.
    var isPassedOver = false
    /// Waits for a free slot before it asks.
    var isHeldBack = false
    private var renewAt: Instant?
    private var askAt: Instant?
    /// When the rate that all nodes share lets one start, if not before.
    private var sharedStart: Instant?
    private var pause = HostRoom.pauses.lowerBound
    private var refusedSince: Instant?
    private var aloneUntil: Instant?

    // How quickly it goes.
    private var windowEnd: Instant?
    private var starts = 0
    private var startsBefore = 0
    private var lastPostponed: Instant?

    init(_ limit: HostLimit) {
        self.limit = limit
    }

    /// False when it is queued already.
    mutating func queue() -> Bool {
        defer { isQueued = true }
        return !isQueued
    }

    func isIdle(now: Instant) -> Bool {
        using == 0 && waiting == 0 && said == 0 && asked == nil && !isQueued && !isHeldBack
            && (limit.rate.map { log.isOver($0, now: now) } ?? true)
    }
}

// MARK: - This node's own count

extension HostState {
    mutating func localRoom(now: Instant) -> Int {
        let slots = limit.inFlight.map { max(0, $0 - using) } ?? .max
        return min(slots, limit.rate.map { log.room($0, now: now) } ?? .max)
    }

    /// When its rate lets one start, if not before.
    var nextStart: Instant? { limit.rate.flatMap(log.nextStart) }

    mutating func take(now: Instant, window: Span) {
        using += 1
        granted = max(0, granted - 1)
        if limit.rate != nil { log.note(now) }
        turnWindow(window, now: now)
        starts += 1
    }

    mutating func free(since: Instant, isMade: Bool, isShared: Bool) {
        using -= 1
        guard !isMade, limit.rate != nil else { return }
        log.takeBack(since)
        if isShared { unmade.append(since) }
    }

    private mutating func turnWindow(_ window: Span, now: Instant) {
        guard let end = windowEnd, now < end + window else {
            (windowEnd, starts, startsBefore) = (now + window, 0, 0)
            return
        }
        if now >= end { (windowEnd, starts, startsBefore) = (end + window, 0, starts) }
    }
}

// MARK: - What waits here and what is postponed

extension HostState {
    mutating func wait(_ space: UserID) {
        waiting += 1
        waitingBySpace[space, default: 0] += 1
    }

    mutating func leave(_ space: UserID) {
        waiting -= 1
        let left = waitingBySpace[space, default: 1] - 1
        waitingBySpace[space] = left > 0 ? left : nil
    }

    /// Runs that may wait here: twice what is likely to start meanwhile, so that those which are postponed are not missed.
    private var places: Int { max(Self.fewestPlaces, 2 * max(starts, startsBefore)) }

    func crowd(for space: UserID) -> (space: UserID, mustLeave: Bool)? {
        guard waiting >= places,
            let most = waitingBySpace.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })
        else { return nil }
        let own = waitingBySpace[space] ?? 0
        return most.value > own + 1 ? (most.key, true) : (own > 0 ? space : most.key, false)
    }

    mutating func postponement(amid count: Int, wait: Span, now: Instant) -> Instant {
        let next = turn(after: lastPostponed, amid: count, wait: wait, now: now)
        lastPostponed = next
        return next
    }

    /// When a run is looked at again. Rather too many come back than too few: those are postponed again, but a host that is left
    /// idle has lost time, and it may be this node's turn though nothing started here lately. Where there are more than come back
    /// before the horizon, they are spread over it, in their order.
    mutating func turn(after previous: Instant?, amid count: Int, wait: Span, now: Instant) -> Instant {
        turnWindow(wait, now: now)
        let first = [now + wait, nextStart ?? now, sharedStart ?? now].max() ?? now
        let last = max(now + Self.horizon, first + wait)
        let before = min(max(previous ?? first, first), last)
        let step = min(wait.microseconds / Int64(places), (last - before).microseconds / Int64(count + 1))
        return before + Span(microseconds: step)
    }
}

// MARK: - What nodes count together

extension HostState {
    func isAlone(_ now: Instant) -> Bool { aloneUntil.map { now < $0 } ?? false }

    /// Slots that are kept for what it is granted or asks for.
    var promised: Int { granted + (asked ?? 0) }
    /// The others count something of this node.
    var isSaid: Bool { said > 0 }

    /// What is to be said or asked now.
    /// - Parameter slots: free ones that are not kept for other hosts.
    mutating func ask(_ host: String, slots: Int, renewal: Span, now: Instant) -> HostAsk? {
        guard asked == nil else { return nil }
        let usable = isPassedOver ? 0 : min(waiting, max(0, slots))
        let isNews = using + min(granted, usable) != said || !unmade.isEmpty
        let isDue = renewAt.map { $0 <= now } ?? false
        let wanted = isAlone(now) ? 0 : min(usable, localRoom(now: now), HostAsk.most)
        let isWanting = wanted > 0 && granted == 0 && askAt ?? now <= now
        guard isNews || isDue || isWanting else { return nil }
        asked = wanted
        defer { (unmade, granted) = ([], 0) }
        return HostAsk(
            host: host, limit: limit, using: using, wanted: wanted, unmade: unmadeCount(now: now), renewal: renewal)
    }

    /// What was granted and is not used is asked for anew. The counter takes back the newest starts that it knows: these
    /// must be about as old, or it would forget those that were made too late.
    private func unmadeCount(now: Instant) -> Int {
        guard let rate = limit.rate else { return 0 }
        let newest = now - Span(microseconds: rate.period.microseconds / 20)
        let unused = granted > 0 && grantedAt ?? newest >= newest ? granted : 0
        return unmade.count { $0 >= newest } + unused
    }

    /// When there may be something to ask though nothing changes.
    func nextAsks(aloneUntil others: Instant?) -> [Instant] {
        guard asked == nil else { return [] }
        return [renewAt, waiting > 0 && granted == 0 ? askAt : nil, aloneUntil].compactMap { $0 }
            .map { max($0, others ?? $0) }
    }

    mutating func answered(_ ask: HostAsk, _ grant: HostGrant?, now: Instant) {
        asked = nil
        guard let grant else {
            // Said again when the others can be asked.
            said = ask.using
            (renewAt, askAt) = (now, now)
            return
        }
        renewAt = now + ask.renewal
        sharedStart = grant.nextIn.map { now + $0 }
        granted = min(max(0, grant.starts), ask.wanted)
        grantedAt = now
        said = ask.using + granted
        if said == 0 { renewAt = nil }
        if granted > 0 || ask.wanted == 0 {
            pause = HostRoom.pauses.lowerBound
            (askAt, refusedSince) = (nil, nil)
            return
        }
        askAt = now + max(pause, grant.nextIn ?? .zero)
        pause = min(Span(microseconds: pause.microseconds * 2), HostRoom.pauses.upperBound)
        refusedSince = ask.using > 0 ? nil : refusedSince ?? now
        if let since = refusedSince, since + HostRoom.patience <= now { aloneUntil = now + HostRoom.disbelief }
    }
}
