package import CronModel
package import CronSchedule
package import Logging

/// The actions that this binary has: one line for each.
package struct StandardActions: Sendable {
    package let registry: ActionRegistry
    private let webhook: WebhookAction

    /// - Parameters:
    ///   - allowedNetworks: blocks that actions may reach although they are private.
    ///   - now: the system's clock.
    package init(
        allowedNetworks: [NetworkRange], userAgent: String, now: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        let hosts = OutboundHosts(addresses: AddressGuard(allowed: allowedNetworks), now: now)
        webhook = WebhookAction(hosts: hosts, userAgent: userAgent, now: now, logger: logger)
        registry = ActionRegistry([webhook])
    }

    /// Releases every connection. Attempts still under way end with an outcome, so end the engine first.
    package func shutdown() async { await webhook.shutdown() }
}
