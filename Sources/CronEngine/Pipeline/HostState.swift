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
    var waiting = 0
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
        using == 0 && waiting == 0 && said == 0 && asked == nil && !isQueued && !isHeldBack && (limit.rate.map { log.isOver($0, now: now) } ?? true)
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

    /// Runs that may wait here: twice what is likely to start meanwhile, so that those which are postponed are not missed.
    var places: Int { max(Self.fewestPlaces, 2 * max(starts, startsBefore)) }

    mutating func postponement(after wait: Span, now: Instant) -> Instant {
        turnWindow(wait, now: now)
        // Rather too many come back than too few: those are postponed again, but a host that is left idle has lost time.
        let step = Span(microseconds: wait.microseconds / Int64(places))
        var next = max(lastPostponed ?? now, now + wait) + step
        // Beyond it they begin anew, so that those of a long backlog do not all come back at once.
        if next > now + Self.horizon { next = now + wait }
        lastPostponed = next
        return next
    }
}

// MARK: - What nodes count together

extension HostState {
    func isAlone(_ now: Instant) -> Bool { aloneUntil.map { now < $0 } ?? false }

    /// Slots that are kept for what it is granted or asks for.
    var promised: Int { granted + (asked ?? 0) }

    /// What is to be said or asked now.
    /// - Parameter slots: free ones that are not kept for other hosts.
    mutating func ask(_ host: String, slots: Int, now: Instant) -> HostAsk? {
        guard asked == nil else { return nil }
        let usable = isPassedOver ? 0 : min(waiting, max(0, slots))
        let isNews = using + min(granted, usable) != said || !unmade.isEmpty
        let isDue = renewAt.map { $0 <= now } ?? false
        let wanted = isAlone(now) ? 0 : min(usable, localRoom(now: now), HostAsk.most)
        let isWanting = wanted > 0 && granted == 0 && askAt ?? now <= now
        guard isNews || isDue || isWanting else { return nil }
        asked = wanted
        defer { (unmade, granted) = ([], 0) }
        return HostAsk(host: host, limit: limit, using: using, wanted: wanted, unmade: unmadeCount(now: now))
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
        renewAt = now + HostRoom.renewal
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
