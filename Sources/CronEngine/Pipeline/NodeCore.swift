package import CronModel
package import CronSchedule

/// One node's decisions: plan → claim → dispatch → execute → update, and the upkeep beside them. A value without tasks,
/// clocks or I/O: `handle` takes what happened, `tick` says what is due, and a shell (or a simulation) does it.
package struct NodeCore: Sendable {
    private let settings: EngineSettings
    /// The incarnation that claims and starts; another one after the others declared this one dead.
    package private(set) var node: NodeID
    /// When to ask the store what there is to do: one question for planner, poller and reaper.
    private var look: NextTurn
    private var planner: Planner
    private var poller: Poller
    private var dispatch: DispatchState
    private var updater: Updater
    private var lease: LeaseKeeper
    private var reaper: Reaper
    private var isHoldingOff = false
    private var pruner: Pruner
    private var watcher = Watcher()
    private var early = EarlyStart()
    private var draining: Draining?

    /// The others declared this incarnation dead: nothing is claimed or started until the store knows another one.
    private var isLost = false
    private var enlistAt: Instant?

    /// Starts and effects wait for a trusted lease; their due times then wake nobody.
    private var isTrusted = true

    private struct Draining {
        var until: Instant
        var stoppedAll = false
        /// Claims on their way back, and those whose way back failed.
        var handBacks = 0
        var returned: [ClaimToken] = []
        var retryAt: Instant?
        var isOver = false

        /// When it ends even if the store takes nothing: the next process finds what was left.
        var end: Instant { until + EngineSettings.abortGrace + EngineSettings.reportGrace }
        var nextAt: Instant { min(stoppedAll ? end : until, retryAt ?? end) }
    }

    /// - Parameter now: when the node was made known to the store: its lease runs from then.
    package init(node: NodeID, settings: EngineSettings, now: Instant) {
        self.settings = settings
        self.node = node
        look = NextTurn(first: now)
        planner = Planner(node: node, settings: settings)
        poller = Poller(node: node, settings: settings)
        dispatch = DispatchState(node: node, settings: settings)
        updater = Updater(settings: settings)
        lease = LeaseKeeper(settings: settings, now: now)
        reaper = Reaper(settings: settings, now: now)
        pruner = Pruner(settings: settings, now: now)
    }

    package var isDraining: Bool { draining != nil }
    /// Runs this node holds, and how many of them are under way.
    package var heldCount: Int { dispatch.held.count }
    package var busyCount: Int { dispatch.busy }
    /// Runs that are due and wait here for their hosts.
    package var waitingForHostCount: Int { dispatch.hosts?.waiting ?? 0 }

    /// Whose a started run is, and of which job; nil once its outcome is accepted.
    func holder(of token: ClaimToken) -> (UserID, JobID)? { dispatch.holder(of: token) }

    /// When `tick` must be called next if nothing happens before.
    package var nextTick: Instant? {
        let dispatchAt = isTrusted ? dispatch.nextAt(early: early.span) : dispatch.nextDeadline
        var times = [updater.nextAt, dispatchAt]
        if !isLost { times.append(lease.nextAt) }
        if let draining {
            times.append(draining.nextAt)
        } else if isLost {
            times.append(enlistAt)
        } else {
            times += [look.nextAt, planner.nextAt, poller.nextAt, reaper.repairAt, pruner.nextAt, watcher.nextAt]
            if !look.isUnderWay { times.append(reaper.reapAt) }
        }
        return times.compactMap { $0 }.min()
    }

    /// Takes in one thing that happened.
    package mutating func handle(_ event: EngineEvent, now: Instant) -> [EngineEffect] {
        switch event {
        case .wake:
            look.bring(to: now)
        case .hint:
            look.bring(to: now)
            lease.hurry(now: now)
        case .looked(let result, let forLost):
            return looked(result, forLost: forLost, now: now)
        case .planned(let result):
            lookAgain(at: planner.planned(result, now: now))
            if case .success(let answer) = result { return take(answer.claims, more: answer.leftUnclaimed, now: now) }
            reaper.repairSoon(now: now)
        case .claimed(let result):
            lookAgain(at: poller.claimed(result, now: now))
            if case .success(let answer) = result { return take(answer.claims, more: false, now: now) }
            reaper.repairSoon(now: now)
        case .started(let request, let result, let took):
            if case .success(let answers) = result {
                early.observe(took)
                for case .delayed(let until) in answers { poller.note(dueAt: max(until, now)) }
            }
            for finish in dispatch.started(request, result, took: took, now: now) { updater.add(finish) }
        case .ended(let token, let outcome):
            if let finish = dispatch.ended(token, outcome) { updater.add(finish) }
        case .finished(let batch, let result):
            finished(batch, result, now: now)
        case .handedBack(let tokens, let result):
            handedBack(tokens, result, now: now)
        case .heartbeat(let result, let sentAt):
            return heartbeat(result, sentAt: sentAt, now: now)
        case .enlisted(let result, let sentAt):
            enlisted(result, sentAt: sentAt, now: now)
        case .repaired(let result):
            reaper.repaired(now: now)
            if case .success(let answer) = result, answer != RepairAnswer() { look.bring(to: now) }
        case .reaped(let result):
            reaper.reaped(now: now)
            if case .success(let answer) = result, answer != ReapAnswer() { look.bring(to: now) }
        case .pruned(let result):
            pruner.pruned(result, now: now)
        case .watched(let result):
            return watcher.watched(result, now: now)
        case .told:
            watcher.told()
        case .hostAnswered(let ask, let grant):
            dispatch.hosts?.answered(ask, grant, now: now)
        case .cancel(let runs):
            return stop(dispatch.cancel(runs, now: now))
        case .drain:
            return drain(now: now)
        }
        return []
    }

    /// What is due now.
    package mutating func tick(now: Instant) -> [EngineEffect] {
        var effects: [EngineEffect] = []
        if !isLost, lease.tick(now: now) { effects.append(.heartbeat(lease: settings.lease)) }
        if let at = enlistAt, at <= now, draining == nil {
            enlistAt = nil
            effects.append(.enlist(lease: settings.lease))
        }
        if draining == nil, !isLost { tickUpkeep(&effects, now: now) }
        effects += stop(dispatch.overdue(now: now))
        isTrusted = lease.isTrusted(at: now)
        if isTrusted {
            if draining == nil {
                dispatch.openHosts(now: now)
                while let request = dispatch.startBatch(early: early.span, now: now) { effects.append(.start(request)) }
                if let request = dispatch.postponements(now: now) { effects.append(.start(request)) }
            }
            let due = dispatch.executions(now: now)
            for context in due.contexts { effects.append(.execute(context)) }
            for finish in due.unsent { updater.add(finish) }
        }
        for ask in dispatch.hostAsks(mayStart: isTrusted && draining == nil && !isLost, now: now) {
            effects.append(.askHost(ask))
        }
        if let draining, !draining.stoppedAll, draining.until <= now {
            self.draining?.stoppedAll = true
            effects += stop(dispatch.stopAll(now: now))
        }
        while let batch = updater.tick(now: now) { effects.append(.finish(batch)) }
        tickDrain(&effects, now: now)
        return effects
    }
}

// MARK: - Steps

extension NodeCore {
    private mutating func tickUpkeep(_ effects: inout [EngineEffect], now: Instant) {
        let (free, crowded) = (dispatch.free, dispatch.crowded)
        if let request = planner.tick(free: free, crowded: crowded, now: now) { effects.append(.plan(request)) }
        if let request = poller.tick(free: free, crowded: crowded, now: now) { effects.append(.claim(request)) }
        if reaper.isReapDue(now: now) { look.bring(to: now) }
        if look.isDue(now: now) {
            look.begin()
            // One that is due before the next look rides on this one: it would be a statement of its own.
            let soon = now + Span(microseconds: settings.poll.microseconds / 2)
            effects.append(.look(forLost: reaper.beginReap(by: soon)))
        }
        if reaper.beginRepair(now: now) { effects.append(.repair(held: dispatch.tokens)) }
        if let prune = pruner.tick(now: now) { effects.append(prune) }
        if watcher.begin(now: now) { effects.append(.watch) }
    }

    /// Hands back what is not started, also what a start's answer has put back since, and ends when nothing is held.
    private mutating func tickDrain(_ effects: inout [EngineEffect], now: Instant) {
        guard var drain = draining, !drain.isOver else { return }
        var tokens = dispatch.releaseQueued()
        if drain.retryAt.map({ $0 <= now }) ?? false {
            tokens += drain.returned
            drain.returned = []
            drain.retryAt = nil
        }
        if !tokens.isEmpty {
            drain.handBacks += 1
            effects.append(.handBack(tokens))
        }
        let isDone = drain.handBacks == 0 && drain.returned.isEmpty && dispatch.isEmpty && updater.isEmpty
        if isDone || drain.end <= now {
            drain.isOver = true
            effects.append(.stopped)
        }
        draining = drain
    }

    private mutating func looked(
        _ result: Result<LookAnswer, StoreError>, forLost: Bool, now: Instant
    ) -> [EngineEffect] {
        look.ended()
        guard case .success(let answer) = result else {
            lookAgain(at: now + EngineSettings.storeRetry)
            if forLost { reaper.reaped(now: now, next: EngineSettings.storeRetry) }
            return []
        }
        lookAgain(at: now + settings.poll)
        lookAgain(at: planner.found(answer.nextSlot, now: now))
        lookAgain(at: poller.found(answer.nextDueAt, now: now))
        watcher.found(answer.watchAt, now: now)
        guard forLost else { return [] }
        let mayReap = answer.mayBeLost && draining == nil && !isLost
        if mayReap, lease.isSteady(at: now) {
            isHoldingOff = false
            return [.reap]
        }
        reaper.reaped(now: now)
        defer { isHoldingOff = mayReap }
        return mayReap && !isHoldingOff ? [.heldOff] : []
    }

    private mutating func lookAgain(at instant: Instant?) {
        if let instant { look.bring(to: instant) }
    }

    private mutating func take(_ claims: [Claim], more: Bool, now: Instant) -> [EngineEffect] {
        if draining != nil {
            // The claim was under way when the drain began.
            draining?.handBacks += claims.isEmpty ? 0 : 1
            return claims.isEmpty ? [] : [.handBack(claims.map(\.token))]
        }
        let aborts = dispatch.add(claims)
        if more { poller.note(dueAt: now) }
        return aborts.map { .abort($0) }
    }

    private mutating func finished(_ batch: [Finish], _ result: Result<[FinishAnswer], StoreError>, now: Instant) {
        updater.finished(batch, result, now: now)
        guard case .success(let answers) = result else { return }
        if dispatch.finished(batch) { look.bring(to: now) }
        for case .applied(_, let dueAt?) in answers { poller.note(dueAt: max(dueAt, now)) }
    }

    private mutating func handedBack(_ tokens: [ClaimToken], _ result: Result<Void, StoreError>, now: Instant) {
        draining?.handBacks -= 1
        guard case .failure = result else { return }
        draining?.returned += tokens
        draining?.retryAt = now + EngineSettings.storeRetry
    }

    private mutating func heartbeat(
        _ result: Result<HeartbeatAnswer, StoreError>, sentAt: Instant, now: Instant
    ) -> [EngineEffect] {
        switch result {
        case .failure:
            lease.failed(now: now)
            return []
        case .success(let answer):
            guard answer.isAlive else { return lost() }
            lease.renewed(sentAt: sentAt, now: now)
            return stop(dispatch.cancel(answer.cancelRequests, now: now))
        }
    }

    /// Drops what is not sent and keeps what runs: its outcome is still reported under its fence.
    private mutating func lost() -> [EngineEffect] {
        guard !isLost else { return [] }
        isLost = true
        lease.lost()
        for finish in dispatch.lose() { updater.add(finish) }
        return draining == nil ? [.enlist(lease: settings.lease)] : []
    }

    private mutating func enlisted(_ result: Result<NodeID, StoreError>, sentAt: Instant, now: Instant) {
        guard case .success(let node) = result else {
            enlistAt = now + EngineSettings.storeRetry
            return
        }
        self.node = node
        isLost = false
        dispatch.adopt(node)
        look = NextTurn(first: now)
        planner = Planner(node: node, settings: settings)
        poller = Poller(node: node, settings: settings)
        lease = LeaseKeeper(settings: settings, now: sentAt)
        reaper = Reaper(settings: settings, now: now)
    }

    private mutating func stop(_ stopped: (aborts: [ClaimToken], finishes: [Finish])) -> [EngineEffect] {
        for finish in stopped.finishes { updater.add(finish) }
        return stopped.aborts.map { .abort($0) }
    }

    private mutating func drain(now: Instant) -> [EngineEffect] {
        guard draining == nil else { return [] }
        draining = Draining(until: now + settings.drain)
        let tokens = dispatch.releaseQueued()
        guard !tokens.isEmpty else { return [] }
        draining?.handBacks += 1
        return [.handBack(tokens)]
    }
}

/// How far ahead of due times starts are committed: about the time that a commit takes here, so that the effect can
/// happen on the instant.
struct EarlyStart: Sendable {
    private var average = Double(Span.milliseconds(3).microseconds)

    var span: Span {
        min(Span(microseconds: Int64(average * 1.5) + 500), StartRequest.earlyLimit)
    }

    mutating func observe(_ took: Span) {
        let sample = min(Double(took.microseconds), Double(StartRequest.earlyLimit.microseconds))
        average += (sample - average) / 8
    }
}
