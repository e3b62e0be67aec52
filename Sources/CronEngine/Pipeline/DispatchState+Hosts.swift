import CronModel
import CronSchedule
import HeapModule

/// Runs that are due while their host has no room: they wait in the node, others go ahead of them, and what has waited long
/// goes back to the store without a start.
extension DispatchState {
    /// A run is due whose host has a limit.
    mutating func wait(_ token: ClaimToken, _ known: Held, for host: String, now: Instant) {
        guard known.fence == token.fence, case .queued = known.phase, !known.waitsForHost else { return }
        guard makePlace(for: known, at: host) else { return leave(token, known, host) }
        held[token.runID]?.waitsForHost = true
        hosts?.wait(at: host, of: known.userID)
        lanes.add(token, of: known.userID, for: host, since: known.scheduledFor)
        // Closed since something waited there that has been postponed or taken away.
        if hosts?.hasRoom(at: host, now: now) ?? true { lanes.open(host) }
        overstays.add(token, at: now + settings.hostWait)
    }

    /// Whether it may wait here. Where all places are taken, the youngest of the space that has most of them leaves, for one of
    /// a space with fewer or for an older one.
    private mutating func makePlace(for known: Held, at host: String) -> Bool {
        guard let (space, mustLeave) = hosts?.crowd(at: host, for: known.userID) else { return true }
        guard let youngest = lanes.youngest(of: space, for: host), mustLeave || known.scheduledFor < youngest.since,
            let other = held[youngest.token.runID]
        else { return false }
        stopWaiting(youngest.token.runID)
        leave(youngest.token, other, host)
        return true
    }

    /// - Parameter isInLane: false when it has been taken out of it.
    mutating func stopWaiting(_ run: RunID, isInLane: Bool = true) {
        guard hosts != nil, let known = held[run], known.waitsForHost, let host = known.host else { return }
        held[run]?.waitsForHost = false
        hosts?.leave(host, of: known.userID)
        guard isInLane else { return }
        lanes.remove(
            ClaimToken(runID: run, fence: known.fence), of: known.userID, for: host, since: known.scheduledFor)
    }

    /// Lets those go on whose hosts may have room again.
    mutating func openHosts(now: Instant) {
        for host in hosts?.opened(now: now) ?? [] { lanes.open(host) }
    }

    /// What has waited long for its host, or found no place to wait: the oldest of a host come back first.
    mutating func postponements(now: Instant) -> StartRequest? {
        guard hosts != nil, !isPostponing else { return nil }
        while leavers.count < settings.batchLimit, let token = overstays.pop(until: now) {
            guard let known = held[token.runID], known.fence == token.fence, known.waitsForHost, let host = known.host
            else { continue }
            stopWaiting(token.runID)
            leave(token, known, host, hadPlace: true)
        }
        var batch: [Leaver] = []
        while batch.count < settings.batchLimit, let leaver = leavers.popMin() {
            if isHeld(leaver.token, where: { if case .queued = $0 { true } else { false } }) { batch.append(leaver) }
        }
        guard !batch.isEmpty else { return nil }
        isPostponing = true
        for leaver in batch { held[leaver.token.runID]?.phase = .leaving }
        return StartRequest(
            node: node, tokens: batch.map(\.token), early: .zero, postponed: instants(for: batch, now: now))
    }

    private mutating func instants(for batch: [Leaver], now: Instant) -> [ClaimToken: Instant] {
        var left = Dictionary(grouping: batch, by: \.host).mapValues { $0.count + leavers.count }
        var previous: [String: Instant] = [:]
        var instants: [ClaimToken: Instant] = [:]
        for leaver in batch {
            let host = leaver.host
            let count = left[host, default: 1]
            left[host] = count - 1
            if leaver.hadPlace {
                previous[host] = hosts?.returning(to: host, after: previous[host], amid: count, now: now)
                instants[leaver.token] = previous[host]
            } else {
                instants[leaver.token] = hosts?.postponement(at: host, amid: count, now: now)
            }
        }
        return instants
    }

    private mutating func leave(_ token: ClaimToken, _ known: Held, _ host: String, hadPlace: Bool = false) {
        leavers.insert(Leaver(since: known.scheduledFor, token: token, host: host, hadPlace: hadPlace))
    }

    /// What the store answered.
    mutating func postponed(
        _ request: StartRequest, _ result: Result<[StartAnswer], StoreError>, took: Span, now: Instant
    ) -> [Finish] {
        isPostponing = false
        let answers = (try? result.get()) ?? []
        var unsent: [Finish] = []
        for (index, token) in request.tokens.enumerated() {
            guard isHeld(token, where: { if case .leaving = $0 { true } else { false } }) else { continue }
            switch index < answers.count ? answers[index] : .putBack(until: now + EngineSettings.storeRetry) {
            case .putBack(let until):
                held[token.runID]?.phase = .queued
                putBack.add(token, at: until)
            case .started:
                // It had been started before, with an answer that was lost: no room can be refused to it any more.
                begin(token, now: now)
                if let finish = started(token, answers[index], sentAt: now - took, now: now) { unsent.append(finish) }
            case .parked, .delayed, .skipped, .stale:
                letGo(token.runID)
            }
        }
        return unsent
    }

    /// When something must be done for them next.
    var hostsAt: Instant? {
        guard let hosts else { return nil }
        let leaving = isPostponing ? nil : leavers.isEmpty ? overstays.nextAt : Instant(microseconds: 0)
        return [hosts.nextAt, leaving].compactMap { $0 }.min()
    }
}

/// A run that is to be postponed.
struct Leaver: Comparable, Sendable {
    /// Its slot.
    let since: Instant
    let token: ClaimToken
    let host: String
    /// It has waited here in vain: it is older than those that found no place.
    let hadPlace: Bool

    static func < (left: Leaver, right: Leaver) -> Bool {
        (left.since, left.token.runID) < (right.since, right.token.runID)
    }
}
