package import CronModel
package import CronSchedule

/// Claim: when to take waiting runs, and never more than there is room for.
package struct Poller: Sendable {
    private let settings: EngineSettings
    private let node: NodeID
    private var turn = NextTurn()

    package init(node: NodeID, settings: EngineSettings) {
        self.node = node
        self.settings = settings
    }

    package var nextAt: Instant? { turn.nextAt }
    /// A run is known to be due then.
    package mutating func note(dueAt: Instant) { turn.bring(to: dueAt - settings.lead) }

    package mutating func tick(free: Int, crowded: [UserID], now: Instant) -> ClaimRequest? {
        guard turn.isDue(now: now) else { return nil }
        guard free > 0 else {
            // Soon: of 10,000 runs due at one instant those beyond the room waited for whole polls, 2.2 s in all.
            turn.postpone(to: now + EngineSettings.roomWait)
            return nil
        }
        turn.begin()
        return ClaimRequest(
            node: node, lead: settings.lead, limit: min(free, settings.spaceClaimLimit), crowded: crowded)
    }

    /// The earliest waiting run that a look has found. Answers when to look again because of it, if that is not a poll
    /// later.
    package mutating func found(_ dueAt: Instant?, now: Instant) -> Instant? {
        turn.found(dueAt, lead: settings.lead, now: now)
    }

    /// Answers when to look again because of it.
    package mutating func claimed(_ result: Result<ClaimAnswer, StoreError>, now: Instant) -> Instant? {
        turn.ended(result.map { (!$0.claims.isEmpty, $0.nextDueAt) }, lead: settings.lead, now: now)
    }
}
