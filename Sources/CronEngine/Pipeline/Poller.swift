package import CronModel
package import CronSchedule

/// Claim: when to take waiting runs, and never more than there is room for.
package struct Poller: Sendable {
    private let settings: EngineSettings
    private let node: NodeID
    package private(set) var nextAt: Instant?
    private var lookAgain = false

    package init(node: NodeID, settings: EngineSettings, now: Instant) {
        self.node = node
        self.settings = settings
        nextAt = now
    }

    package mutating func wake(now: Instant) {
        if nextAt == nil { lookAgain = true } else { nextAt = now }
    }

    /// A run is known to be due then.
    package mutating func note(dueAt: Instant) {
        if let next = nextAt { nextAt = min(next, dueAt - settings.lead) } else { lookAgain = true }
    }

    package mutating func tick(free: Int, now: Instant) -> ClaimRequest? {
        guard let due = nextAt, due <= now else { return nil }
        guard free > 0 else {
            nextAt = now + settings.poll
            return nil
        }
        nextAt = nil
        return ClaimRequest(node: node, lead: settings.lead, limit: free)
    }

    package mutating func claimed(_ result: Result<ClaimAnswer, StoreError>, now: Instant) {
        switch result {
        case .success(let answer):
            let due = answer.nextDueAt.map { $0 - settings.lead }
            nextAt = min(due ?? now + settings.poll, now + settings.poll)
        case .failure:
            nextAt = now + EngineSettings.storeRetry
        }
        if lookAgain { nextAt = now }
        lookAgain = false
    }
}
