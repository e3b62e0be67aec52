package import CronModel
package import CronSchedule
package import Logging

/// The actions that this binary has: one line for each.
package struct StandardActions: Sendable {
    package let registry: ActionRegistry
    package let connections: any SettingKind
    private let webhook: WebhookAction

    /// - Parameters:
    ///   - allowedNetworks: blocks that actions may reach although they are private.
    ///   - files: where SQLite files of users are; nil for nowhere.
    ///   - commands: runs programs; nil where the operator has not allowed that.
    ///   - now: the system's clock.
    package init(
        allowedNetworks: [NetworkRange], files: SQLFiles? = nil, commands: CommandAction? = nil, userAgent: String,
        now: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        let hosts = OutboundHosts(addresses: AddressGuard(allowed: allowedNetworks), now: now)
        webhook = WebhookAction(hosts: hosts, userAgent: userAgent, now: now, logger: logger)
        let databases = Databases(hosts: hosts, files: files)
        connections = ConnectionSetting(databases: databases)
        registry = ActionRegistry(
            [webhook, SQLAction(databases: databases)] + (commands.map { [$0] } ?? []),
            off: ["command": "commands are off here; the operator turns them on with ALLOW_COMMANDS, on all nodes"])
    }

    /// Releases every connection. Attempts still under way end with an outcome, so end the engine first.
    package func shutdown() async { await webhook.shutdown() }
}
