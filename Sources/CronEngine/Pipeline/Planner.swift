package import CronModel
package import CronSchedule

/// Schedule: when to turn slots into runs.
package struct Planner: Sendable {
    private let settings: EngineSettings
    private let node: NodeID
    /// When the next look is due; nil while one is under way.
    package private(set) var nextAt: Instant?
    /// Something changed while a look was under way.
    private var lookAgain = false

    package init(node: NodeID, settings: EngineSettings, now: Instant) {
        self.node = node
        self.settings = settings
        nextAt = now
    }

    package mutating func wake(now: Instant) {
        if nextAt == nil { lookAgain = true } else { nextAt = now }
    }

    /// - Parameter free: claims that the timer wheel can still take.
    package mutating func tick(free: Int, now: Instant) -> PlanRequest? {
        guard let due = nextAt, due <= now else { return nil }
        // A run that is planned and claimed at once is written once instead of twice: wait for room.
        guard free >= min(PlanRequest.rowLimit, settings.claimLimit / 4) else {
            nextAt = now + EngineSettings.roomWait
            return nil
        }
        nextAt = nil
        return PlanRequest(node: node, lead: settings.lead, threshold: settings.planThreshold, claimLimit: free)
    }

    package mutating func planned(_ result: Result<PlanAnswer, StoreError>, now: Instant) {
        switch result {
        case .success(let answer):
            let slot = answer.nextSlot.map { $0 - settings.planThreshold }
            nextAt = min(slot ?? now + settings.poll, now + settings.poll)
        case .failure:
            nextAt = now + EngineSettings.storeRetry
        }
        if lookAgain { nextAt = now }
        lookAgain = false
    }
}
