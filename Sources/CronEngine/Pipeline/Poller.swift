package import CronModel
package import CronSchedule

/// Claim: when to take waiting runs, and never more than there is room for.
package struct Poller: Sendable {
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
    /// A run is known to be due then.
    package mutating func note(dueAt: Instant) { look.bring(to: dueAt - settings.lead) }

    package mutating func tick(free: Int, now: Instant) -> ClaimRequest? {
        guard look.isDue(now: now) else { return nil }
        guard free > 0 else {
            look.postpone(to: now + settings.poll)
            return nil
        }
        look.begin()
        return ClaimRequest(node: node, lead: settings.lead, limit: free)
    }

    package mutating func claimed(_ result: Result<ClaimAnswer, StoreError>, now: Instant) {
        look.ended(result.map { $0.nextDueAt.map { $0 - settings.lead } }, now: now)
    }
}
