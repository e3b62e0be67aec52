package import CronModel
package import CronSchedule
package import Logging

/// The actions that this binary has: one line for each.
package struct StandardActions: Sendable {
    package let registry: ActionRegistry
    package let connections: any SettingKind
    package let channels: any SettingKind
    /// The connections of whatever speaks HTTP.
    private let client: WebhookClient

    /// - Parameters:
    ///   - allowedNetworks: blocks that actions may reach although they are private.
    ///   - carrier: hands mails to servers that users name.
    ///   - files: where SQLite files of users are; nil for nowhere.
    ///   - commands: runs programs; nil where the operator has not allowed that.
    ///   - now: the system's clock.
    package init(
        allowedNetworks: [NetworkRange], carrier: any MailCarrier, files: SQLFiles? = nil,
        commands: CommandAction? = nil, userAgent: String,
        now: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        let hosts = OutboundHosts(addresses: AddressGuard(allowed: allowedNetworks), now: now)
        client = WebhookClient(hosts: hosts, logger: logger)
        let webhook = WebhookAction(addresses: hosts.addresses, userAgent: userAgent, now: now, client: client)
        let databases = Databases(hosts: hosts, files: files)
        connections = ConnectionSetting(databases: databases)
        let sender = ChannelSender(
            hosts: hosts, client: client, carrier: carrier, userAgent: userAgent, now: now)
        channels = ChannelSetting(sender: sender)
        registry = ActionRegistry(
            [webhook, SQLAction(databases: databases), AlertAction(sender: sender, databases: databases)] + (commands.map { [$0] } ?? []),
            off: ["command": "commands are off here; the operator turns them on with ALLOW_COMMANDS, on all nodes"])
    }

    /// Releases every connection. Attempts still under way end with an outcome, so end the engine first.
    package func shutdown() async { await client.shutdown() }
}
