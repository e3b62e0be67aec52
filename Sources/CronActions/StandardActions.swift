package import CronModel
package import CronSchedule

/// The actions that this binary has: one line for each.
package struct StandardActions: Sendable {
    package let registry: ActionRegistry
    private let webhook: WebhookAction

    /// - Parameters:
    ///   - allowedNetworks: blocks that webhooks may reach although they are private.
    ///   - now: the system's clock.
    package init(allowedNetworks: [NetworkRange], userAgent: String, now: @escaping @Sendable () -> Instant) {
        webhook = WebhookAction(addresses: AddressGuard(allowed: allowedNetworks), userAgent: userAgent, now: now)
        registry = ActionRegistry([webhook])
    }

    package func shutdown() async { await webhook.shutdown() }
}
