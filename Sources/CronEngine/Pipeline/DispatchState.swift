import CronModel
import CronSchedule
import HeapModule

/// Dispatch: what this node holds, from the claim to the accepted outcome. Nothing leaves it before the store has
/// committed the start, and nothing before the due time.
package struct DispatchState: Sendable {
    enum Phase: Sendable {
        case queued
        /// Being postponed: its host has no room.
        case leaving
        case starting
        /// The start, asked for at `sentAt`, is committed; the effect waits for the due time.
        case ready(AttemptContext, sentAt: Instant)
        case running(abort: AbortReason?)
        /// The outcome is on its way to the store.
        case reporting

        var takesSlot: Bool {
            switch self {
            case .starting, .ready, .running: true
            case .queued, .leaving, .reporting: false
            }
        }
    }

    enum AbortReason: Sendable {
        case cancel
        case timeout
        case shutdown
    }

    struct Held: Sendable {
        var fence: Int64
        var jobID: JobID
        var key: OverlapKey
        var priority: Int
        var phase: Phase
        var userID: UserID
        /// The slot of its run.
        var scheduledFor: Instant
        /// Nil for one without a limit.
        var host: String?
        var waitsForHost = false
        /// When it was given room there.
        var roomAt: Instant?
    }

    /// What is held of one space.
    private struct Share {
        var held = 0
        var busy = 0
    }

    let settings: EngineSettings
    var node: NodeID
    var held: [RunID: Held] = [:]
    /// Attempts under way whose runs were taken away and have come back here under newer fences.
    var superseded: Set<ClaimToken> = []
    var queue = TimerWheel()
    /// Due, and waiting for a slot.
    var lanes = Lanes()
    /// When a start may be allowed by the budget, if that is what they all wait for.
    private var lanesWait: LanesWait?
    /// All that is due and has room at its host was offered slots, and may not start now.
    private var isHeldUp = false
    private var shares: [UserID: Share] = [:]
    private var budget: StartBudget?
    /// Nil without limits of hosts.
    var hosts: HostRoom?
    /// When runs have waited long enough for their hosts.
    var overstays = TimerWheel()
    /// What is to be postponed, oldest first.
    var leavers = Heap<Leaver>()
    var isPostponing = false
    /// Asked for too early: not asked for again ahead of their time.
    var putBack = TimerWheel()
    var ready = TimerWheel()
    var deadlines = TimerWheel()
    private var startsInFlight = 0
    /// Starting, ready and running: what takes a slot.
    private(set) var busy = 0
    private var startRetryAt: Instant?
    /// Runs with these keys were parked here; when another with the key ends, one of them may be claimed.
    var parked: [OverlapKey: Int] = [:]

    init(node: NodeID, settings: EngineSettings) {
        self.node = node
        self.settings = settings
        hosts = settings.hosts.map { HostRoom($0, wait: settings.hostWait) }
        budget = settings.spaceRunsPerMinute.map { StartBudget(perMinute: $0) }
    }

    /// What all that is due waits for, though there are slots.
    private enum LanesWait: Sendable {
        case end
        case time(Instant)
    }

    /// Claims that the wheel can still take.
    var free: Int { max(0, settings.claimLimit - held.count) }
    /// Spaces that hold as many claims as they may.
    var crowded: [UserID] {
        guard held.count >= settings.spaceClaimLimit else { return [] }
        return shares.filter { $0.value.held >= settings.spaceClaimLimit }.keys.sorted()
    }
    var isEmpty: Bool { held.isEmpty }
    var tokens: Set<ClaimToken> { Set(held.map { ClaimToken(runID: $0.key, fence: $0.value.fence) }) }

    func holder(of token: ClaimToken) -> (UserID, JobID)? {
        guard let known = held[token.runID], known.fence == token.fence else { return nil }
        return (known.userID, known.jobID)
    }

    /// When something must be done next, seen from `early` ahead of due times.
    func nextAt(early: Span) -> Instant? {
        let mayStart = busy < settings.concurrency && startsInFlight < settings.batchesInFlight
        let due = [queue.nextAt.map { $0 - early }, putBack.nextAt, lanesAt].compactMap { $0 }.min()
        let start = mayStart ? due.map { max($0, startRetryAt ?? $0) } : nil
        return [start, ready.nextAt, deadlines.nextAt, hostsAt].compactMap { $0 }.min()
    }

    private var lanesAt: Instant? {
        guard !lanes.isEmpty else { return nil }
        switch lanesWait {
        case .end: return nil
        case .time(let instant): return instant
        case nil: return Instant(microseconds: 0)
        }
    }

    /// When something must be done next that needs no trusted lease: an attempt under way is to be looked at, or something
    /// to be said to other nodes.
    var nextDeadline: Instant? { [deadlines.nextAt, hosts?.nextAt].compactMap { $0 }.min() }
}

// MARK: - Claims and starts

extension DispatchState {
    /// Takes claims in. A claim never replaces a newer one of the same run; answers the attempts whose runs they are of, which
    /// are to be stopped.
    mutating func add(_ claims: [Claim]) -> [ClaimToken] {
        var aborts: [ClaimToken] = []
        for claim in claims {
            if let known = held[claim.token.runID] {
                guard known.fence < claim.token.fence else { continue }
                // It was taken from this node and has come back: what its old attempt still does counts no more.
                if case .running = known.phase {
                    let old = ClaimToken(runID: claim.token.runID, fence: known.fence)
                    superseded.insert(old)
                    aborts.append(old)
                }
                if known.phase.takesSlot { leaveSlot(claim.token.runID) }
                letGo(claim.token.runID)
            }
            held[claim.token.runID] = Held(
                fence: claim.token.fence, jobID: claim.jobID, key: claim.key, priority: claim.priority,
                phase: .queued, userID: claim.userID, scheduledFor: claim.scheduledFor, host: hosts?.host(of: claim))
            shares[claim.userID, default: Share()].held += 1
            queue.add(claim.token, at: claim.dueAt, priority: claim.priority)
            unpark(claim.key)
        }
        return aborts
    }

    /// The next batch of starts: what is due within `early`, as far as slots are free.
    mutating func startBatch(early: Span, now: Instant) -> StartRequest? {
        isHeldUp = false
        if let startRetryAt, startRetryAt > now { return nil }
        startRetryAt = nil
        guard startsInFlight < settings.batchesInFlight else { return nil }
        while let token = putBack.pop(until: now) { queue.add(token, at: now, priority: priority(of: token)) }
        while let token = queue.pop(until: now + early) {
            guard let known = held[token.runID] else { continue }
            if let host = known.host {
                wait(token, known, for: host, now: now)
            } else {
                lanes.add(token, of: known.userID)
            }
        }
        var tokens: [ClaimToken] = []
        let room = min(settings.batchLimit, settings.concurrency - busy)
        lanesWait = nil
        while tokens.count < room, let token = nextDue(now: now) {
            guard isHeld(token, where: { if case .queued = $0 { true } else { false } }) else { continue }
            begin(token, now: now)
            tokens.append(token)
        }
        isHeldUp = lanesWait != nil
        guard !tokens.isEmpty else { return nil }
        startsInFlight += 1
        return StartRequest(node: node, tokens: tokens, early: early)
    }

    private mutating func nextDue(now: Instant) -> ClaimToken? {
        let (token, waitUntil) = lanes.next(
            { space in
                if let most = settings.spaceInFlight, (shares[space]?.busy ?? 0) >= most { return .wait(until: nil) }
                guard let at = budget?.nextStart(of: space, now: now), at > now else { return .go }
                return .wait(until: at)
            },
            hasRoom: { host in hosts?.hasRoomForNext(at: host, now: now) ?? true })
        if token == nil, !lanes.isEmpty { lanesWait = waitUntil.map { .time($0) } ?? .end }
        return token
    }

    /// What is to be said to other nodes and asked of them about hosts.
    /// - Parameter mayStart: whether this node may start anything.
    mutating func hostAsks(mayStart: Bool, now: Instant) -> [HostAsk] {
        hosts?.asks(slots: mayStart ? settings.concurrency - busy : 0, isHeldUp: isHeldUp, now: now) ?? []
    }

    mutating func begin(_ token: ClaimToken, now: Instant) {
        guard let known = held[token.runID] else { return }
        let space = known.userID
        if let host = known.host {
            stopWaiting(token.runID, isInLane: false)
            hosts?.take(host, now: now)
            held[token.runID]?.roomAt = now
        }
        held[token.runID]?.phase = .starting
        busy += 1
        shares[space]?.busy += 1
        budget?.pay(space, now: now)
    }

    /// What the store answered to a batch. Outcomes of starts that may no longer be sent are returned.
    mutating func started(
        _ request: StartRequest, _ result: Result<[StartAnswer], StoreError>, took: Span, now: Instant
    ) -> [Finish] {
        if !request.postponed.isEmpty { return postponed(request, result, took: took, now: now) }
        startsInFlight -= 1
        switch result {
        case .failure:
            startRetryAt = now + EngineSettings.storeRetry
            for token in request.tokens {
                requeue(token)
                queue.add(token, at: now, priority: priority(of: token))
            }
            return []
        case .success(let answers):
            var unsent: [Finish] = []
            for (token, answer) in zip(request.tokens, answers) {
                if let finish = started(token, answer, sentAt: now - took, now: now) {
                    unsent.append(finish)
                }
            }
            return unsent
        }
    }

    mutating func started(_ token: ClaimToken, _ answer: StartAnswer, sentAt: Instant, now: Instant) -> Finish?
    {
        guard isHeld(token, where: { if case .starting = $0 { true } else { false } }) else { return nil }
        switch answer {
        case .started(let context, let dueAt):
            guard now <= sentAt + EngineSettings.sendWindow else { return unsentTooLate(token) }
            held[token.runID]?.phase = .ready(context, sentAt: sentAt)
            ready.add(token, at: dueAt)
        case .putBack(let until):
            requeue(token)
            putBack.add(token, at: until)
        case .parked:
            if let key = held[token.runID]?.key { parked[key, default: 0] += 1 }
            drop(token)
        case .delayed, .skipped, .stale:
            drop(token)
        }
        return nil
    }

    /// The attempts whose time has come. A node that was frozen since it asked for a start sends nothing of it: its job
    /// may have been edited or paused meanwhile.
    mutating func executions(now: Instant) -> (contexts: [AttemptContext], unsent: [Finish]) {
        var contexts: [AttemptContext] = []
        var unsent: [Finish] = []
        while let token = ready.pop(until: now) {
            guard let known = held[token.runID], known.fence == token.fence,
                case .ready(let context, let sentAt) = known.phase
            else { continue }
            guard now <= sentAt + EngineSettings.sendWindow else {
                if let finish = unsentTooLate(token) { unsent.append(finish) }
                continue
            }
            held[token.runID]?.phase = .running(abort: nil)
            deadlines.add(token, at: now + context.timeout)
            contexts.append(context)
        }
        return (contexts, unsent)
    }
}

// MARK: - Steps

extension DispatchState {
    mutating func unsentTooLate(_ token: ClaimToken) -> Finish? {
        unsent(token, kind: .notSent, "the start's answer came too late to send")
    }

    mutating func unsent(_ token: ClaimToken, kind: Outcome.Kind, _ why: String) -> Finish? {
        var outcome = Outcome(kind: kind, verdict: .transient, reach: .nothingSent)
        outcome.error = why
        return report(token, outcome)
    }

    mutating func report(_ token: ClaimToken, _ outcome: Outcome) -> Finish? {
        guard held[token.runID]?.fence == token.fence else { return nil }
        leaveSlot(token.runID)
        held[token.runID]?.phase = .reporting
        return Finish(token: token, outcome: outcome)
    }

    mutating func requeue(_ token: ClaimToken) {
        guard isHeld(token, where: { if case .starting = $0 { true } else { false } }) else { return }
        leaveSlot(token.runID)
        if let space = held[token.runID]?.userID { budget?.refund(space) }
        held[token.runID]?.phase = .queued
    }

    func priority(of token: ClaimToken) -> Int { held[token.runID]?.priority ?? 0 }

    mutating func drop(_ token: ClaimToken) {
        leaveSlot(token.runID)
        letGo(token.runID)
    }

    mutating func leaveSlot(_ run: RunID) {
        busy -= 1
        if let known = held[run] {
            shares[known.userID]?.busy -= 1
            if let host = known.host, let since = known.roomAt {
                let isMade = if case .running = known.phase { true } else { false }
                hosts?.free(host, since: since, isMade: isMade)
            }
        }
        // Whoever waited for this may go.
        if case .end = lanesWait { lanesWait = nil }
    }

    /// Forgets a run that takes no slot.
    mutating func letGo(_ run: RunID) {
        stopWaiting(run)
        guard let space = held.removeValue(forKey: run)?.userID else { return }
        shares[space]?.held -= 1
        if shares[space]?.held == 0 { shares[space] = nil }
    }

    mutating func unpark(_ key: OverlapKey) {
        guard let count = parked[key] else { return }
        parked[key] = count > 1 ? count - 1 : nil
    }

    func isHeld(_ token: ClaimToken, where matches: (Phase) -> Bool) -> Bool {
        guard let known = held[token.runID], known.fence == token.fence else { return false }
        return matches(known.phase)
    }
}
