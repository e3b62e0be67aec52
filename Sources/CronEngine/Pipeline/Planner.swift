package import CronModel
package import CronSchedule

/// Schedule: when to turn slots into runs.
package struct Planner: Sendable {
    private let settings: EngineSettings
    private let node: NodeID
    private var look: NextLook

    package init(node: NodeID, settings: EngineSettings, now: Instant) {
        self.node = node
        self.settings = settings
        look = NextLook(poll: settings.poll, first: now)
    }

    package var nextAt: Instant? { look.at }
    package mutating func wake(now: Instant) { look.bring(to: now) }

    /// - Parameter free: claims that the timer wheel can still take.
    package mutating func tick(free: Int, now: Instant) -> PlanRequest? {
        guard look.isDue(now: now) else { return nil }
        // A run that is planned and claimed at once is written once instead of twice: wait for room.
        guard free >= min(PlanRequest.rowLimit, settings.claimLimit / 2) else {
            look.postpone(to: now + EngineSettings.roomWait)
            return nil
        }
        look.begin()
        return PlanRequest(node: node, lead: settings.lead, threshold: settings.planThreshold, claimLimit: free)
    }

    package mutating func planned(_ result: Result<PlanAnswer, StoreError>, now: Instant) {
        look.ended(result.map { $0.nextSlot.map { $0 - settings.planThreshold } }, now: now)
    }
}
