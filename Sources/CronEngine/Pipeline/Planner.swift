package import CronModel
package import CronSchedule

/// Schedule: when to turn slots into runs.
package struct Planner: Sendable {
    private let settings: EngineSettings
    private let node: NodeID
    private var turn = NextTurn()

    package init(node: NodeID, settings: EngineSettings) {
        self.node = node
        self.settings = settings
    }

    package var nextAt: Instant? { turn.nextAt }

    /// - Parameters:
    ///   - free: claims that the timer wheel can still take.
    ///   - crowded: spaces that hold as many claims as they may.
    package mutating func tick(free: Int, crowded: [UserID], now: Instant) -> PlanRequest? {
        guard turn.isDue(now: now) else { return nil }
        // A run that is planned and claimed at once is written once instead of twice: wait for room.
        guard free >= min(PlanRequest.rowLimit, settings.claimLimit / 2) else {
            turn.postpone(to: now + EngineSettings.roomWait)
            return nil
        }
        turn.begin()
        return PlanRequest(
            node: node, lead: settings.lead, threshold: settings.planThreshold,
            claimLimit: min(free, settings.spaceClaimLimit), crowded: crowded)
    }

    /// The earliest slot that a look has found. Answers when to look again because of it, if that is not a poll later.
    package mutating func found(_ slot: Instant?, now: Instant) -> Instant? {
        turn.found(slot, lead: settings.planThreshold, now: now)
    }

    /// Answers when to look again because of it.
    package mutating func planned(_ result: Result<PlanAnswer, StoreError>, now: Instant) -> Instant? {
        turn.ended(result.map { ($0.planned > 0, $0.nextSlot) }, lead: settings.planThreshold, now: now)
    }
}
