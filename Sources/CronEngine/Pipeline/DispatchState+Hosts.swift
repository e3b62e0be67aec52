import CronModel
import CronSchedule

/// Runs that are due while their host has no room: they wait in the node, others go ahead of them, and what has waited long
/// goes back to the store without a start.
extension DispatchState {
    /// A run is due whose host has a limit.
    mutating func wait(_ token: ClaimToken, _ known: Held, for host: String, now: Instant) {
        guard known.fence == token.fence, case .queued = known.phase, !known.waitsForHost else { return }
        guard hosts?.hasPlace(at: host) ?? true else { return postpone(token, from: host, now: now) }
        held[token.runID]?.waitsForHost = true
        hosts?.wait(at: host)
        lanes.add(token, of: known.userID, for: host)
        // Closed since something waited there that has been postponed or taken away.
        if hosts?.hasRoom(at: host, now: now) ?? true { lanes.open(host) }
        overstays.add(token, at: now + settings.hostWait)
    }

    mutating func stopWaiting(_ run: RunID) {
        guard hosts != nil, let known = held[run], known.waitsForHost, let host = known.host else { return }
        held[run]?.waitsForHost = false
        hosts?.leave(host)
    }

    /// Lets those go on whose hosts may have room again.
    mutating func openHosts(now: Instant) {
        for host in hosts?.opened(now: now) ?? [] { lanes.open(host) }
    }

    /// What has waited long for its host, or found no place to wait.
    mutating func postponements(now: Instant) -> StartRequest? {
        guard hosts != nil, !isPostponing else { return nil }
        while postponed.count < settings.batchLimit, let token = overstays.pop(until: now) {
            guard let known = held[token.runID], known.fence == token.fence, known.waitsForHost, let host = known.host
            else { continue }
            postpone(token, from: host, now: now)
        }
        let batch = postponed.filter { token, _ in isHeld(token) { if case .queued = $0 { true } else { false } } }
            .sorted { ($0.value, $0.key.runID) < ($1.value, $1.key.runID) }.prefix(settings.batchLimit)
        guard !batch.isEmpty else {
            postponed = [:]
            return nil
        }
        for (token, _) in batch {
            postponed[token] = nil
            stopWaiting(token.runID)
            held[token.runID]?.phase = .leaving
        }
        isPostponing = true
        return StartRequest(
            node: node, tokens: batch.map(\.key), early: .zero,
            postponed: Dictionary(uniqueKeysWithValues: batch.map { ($0.key, $0.value) }))
    }

    private mutating func postpone(_ token: ClaimToken, from host: String, now: Instant) {
        postponed[token] = hosts?.postponement(at: host, now: now)
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
        let leaving = isPostponing ? nil : postponed.isEmpty ? overstays.nextAt : Instant(microseconds: 0)
        return [hosts.nextAt, leaving].compactMap { $0 }.min()
    }
}
