import CronActions
import CronEngine
import CronHTTP
import CronModel
import CronSchedule
import CronStorePostgres
import CronStoreSQLite
import Foundation
import Hummingbird
import Logging
import Mail
import PostgresClient
import ServiceLifecycle
import UnixSignals

/// The composition root: configuration → store → engine → HTTP, as one group of services.
package struct App: Sendable {
    private let config: AppConfig

    package init(config: AppConfig) {
        self.config = config
    }

    /// Runs until SIGTERM or SIGINT, then drains. Waits for a database that is away.
    /// - Throws: `ConfigError` when it could not start.
    package func run() async throws {
        let logger = Self.logger(config.logLevel)
        let config = config
        guard let node = try await Stoppable.run({ try await Self.start(config, logger: logger) }) else {
            return logger.notice("stopped before it was ready")
        }
        let server = node.server.application(host: config.host, port: config.port, logger: logger) { port in
            Self.announce(config, node, port: port)
        }
        // Shut down in reverse: first no more requests, then what is being mailed, then the engine drains, then the actions'
        // connections close.
        let working = node.engine.map { engine in
            [
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: engine, successTerminationBehavior: .gracefullyShutdownGroup),
                .init(service: HintService(engine: engine, wakeups: node.wakeups), successTerminationBehavior: .ignore),
            ]
        }
        let mailing = node.server.mails.map {
            ServiceGroupConfiguration.ServiceConfiguration(service: $0, successTerminationBehavior: .ignore)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: (working ?? []) + (mailing.map { [$0] } ?? []) + [
                    .init(service: server, failureTerminationBehavior: .gracefullyShutdownGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            await node.close()
            throw ConfigError("\(config.host):\(config.port): \(error)")
        }
        await node.close()
    }

    static func logger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "cronpp") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }

    /// One line for people and programs, then how to make the first account.
    private static func announce(_ config: AppConfig, _ node: RunningNode, port: Int) {
        let url = "http://\(config.host.contains(":") ? "[\(config.host)]" : config.host):\(port)"
        write(
            "cronpp ready: \(url) store=\(node.store.description) locks=\(node.coordination.locks.description) node=\(node.node())"
        )
        guard let code = node.setupCode else { return }
        write(
            """
            To make the first account, open \(url)/setup and give the setup code \(code), or:
              curl -fsS \(url)/api/v1/auth/register -H 'content-type: application/json' \\
                -d '{"email":"you@example.com","password":"12 characters or more","setup_code":"\(code)"}'
            """)
    }

    private static func write(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

/// What a started node consists of.
struct RunningNode: Sendable {
    let store: any Store
    /// Nil on a node that serves the API only.
    let engine: Engine?
    let coordination: Coordination
    let wakeups: any WakeupChannel
    let outputs: LiveOutputs
    let actions: StandardActions
    /// Nil where the node sends no mail of its own.
    let mail: SMTPClient?
    /// For users' mails, so that those do not hold up the node's.
    let carrier: SMTPClient
    let server: HTTPServer
    /// This process's incarnation.
    let node: @Sendable () -> NodeID
    /// Nil once an account exists or where none is needed.
    let setupCode: String?

    func close() async {
        await actions.shutdown()
        mail?.close()
        carrier.close()
        await outputs.close()
        wakeups.close()
        coordination.close()
        await store.close()
    }
}

extension App {
    /// Opens the store, makes this node known to it, and puts the parts together; nothing runs yet.
    static func start(_ config: AppConfig, logger: Logger) async throws -> RunningNode {
        PostgresEnvironment.clear()
        let clock = SystemClock()
        let directory = try DataDirectory(path: config.dataDirectory)
        let keys = try Keys(config, directory)
        let coordination = Coordination(redis: config.redis, clock: clock, logger: logger)
        let wait = StoreWait(isShared: config.database.isShared, clock: clock, logger: logger)
        let store = try await open(config, clock, locks: coordination.locks, wait)
        let wakeups = coordination.wakeups(besides: store)
        let outputs = coordination.outputs(besides: store, wakeups)
        let setupCode =
            try await wait { () throws(StoreError) in try await store.hasUsers() }
            ? nil : setupCode(config, directory, secret: keys.jwt)
        let metrics = EngineMetrics()
        let carrier = SMTPClient(limits: .ofUsers)
        let actions = StandardActions(
            allowedNetworks: config.allowNetworks, carrier: MeteredCarrier(carrier: carrier, metrics: metrics),
            files: config.sqlFiles,
            commands: config.allowCommands ? CommandAction(environment: ProcessInfo.processInfo.environment) : nil,
            userAgent: "cronpp/\(AppVersion.number)", now: { store.clock.now }, logger: logger)
        let vault = Vault(store: store, ring: keys.ring)
        let enlistment = Enlistment(store: store, lease: config.engine.lease, logger: logger)
        let (id, enlistedAt) = try await wait { () throws(StoreError) in
            let now = store.clock.now
            return (config.role.executes ? try await enlistment.enlist() : enlistment.freshID(), now)
        }
        var engineSettings = config.engine
        if !config.hostLimits.isNone {
            let registry = actions.registry
            engineSettings.hosts = TargetHosts(limits: config.hostLimits, isShared: coordination.hosts != nil) {
                registry[$0.type]?.host(of: $0)
            }
        }
        let engine =
            config.role.executes
            ? Engine(
                node: id, enlistedAt: enlistedAt, store: store, actions: actions.registry, vault: vault,
                settings: engineSettings, metrics: metrics, events: coordination.events, outputs: outputs,
                hosts: coordination.hosts, logger: logger, enlist: enlistment.enlist) : nil
        var settings = HTTPSettings(registration: config.registration, setupCode: setupCode, jwtSecret: keys.jwt)
        settings.trustedProxies = config.trustedProxies
        settings.version = AppVersion.number
        settings.servesAPI = config.role.servesAPI
        settings.counter = coordination.counters
        settings.locks = coordination.locks.description
        settings.acceptedJWTSecrets = config.jwtSecretsAccepted
        settings.rateLimit = config.rateLimit
        settings.jobQuota = config.jobQuota
        settings.runQuota = config.engine.spaceRunsPerMinute
        settings.connections = actions.connections
        settings.channels = actions.channels
        let mail = config.mail.map { _ in SMTPClient() }
        settings.logger = logger
        settings.mail = mailSettings(config.mail, mail, metrics)
        settings.publicURL = config.publicURL
        settings.hearsAllNodes = config.redis != nil || !config.database.isShared
        settings.onFirstAccount = { directory.remove(setupCodeFile) }
        let node: @Sendable () -> NodeID = { engine?.node ?? id }
        let server = try await HTTPServer(
            store: store, actions: actions.registry,
            signal: ClusterSignal(engine: engine, wakeups: wakeups, events: coordination.events),
            events: coordination.events, outputs: outputs, vault: vault, settings: settings, node: node,
            metrics: { metrics.text + ProcessMetrics.text }, readiness: { await readiness(of: store) })
        return RunningNode(
            store: store, engine: engine, coordination: coordination, wakeups: wakeups, outputs: outputs,
            actions: actions, mail: mail, carrier: carrier, server: server, node: node, setupCode: setupCode)
    }

    private static func mailSettings(
        _ config: MailConfig?, _ client: SMTPClient?, _ metrics: EngineMetrics
    ) -> MailSettings? {
        guard let config, let client else { return nil }
        let sender = MeteredSender(sender: SMTPSender(client: client, server: config.server), metrics: metrics)
        return MailSettings(sender: sender, from: config.from, publicURL: config.publicURL)
    }

    static func open(
        _ config: AppConfig, _ clock: SystemClock, locks: any LockProvider, _ wait: StoreWait
    ) async throws(ConfigError) -> any Store {
        do throws(StoreError) {
            switch config.database {
            case .sqlite(let path):
                return try SQLiteStore.open(path: path, clock: clock)
            case .postgres(let database):
                let store = try await wait { () throws(StoreError) in
                    try await PostgresStore.open(
                        database, poolSize: config.databasePool,
                        reserved: config.role.executes ? config.databasePool / 2 : 0, system: clock, locks: locks)
                }
                try await wait { () throws(StoreError) in
                    try await store.checkSecrets([
                        "JWT_SECRET": [config.jwtSecret ?? []] + config.jwtSecretsAccepted,
                        "ENCRYPTION_KEY": [config.encryptionKey ?? []] + config.encryptionKeysAccepted,
                    ])
                }
                return store
            }
        } catch {
            throw ConfigError(error.text)
        }
    }

    private static func readiness(of store: any Store) async -> Readiness {
        do throws(StoreError) {
            try await store.check()
            return Readiness(isReady: true, checks: ["store": "ok"])
        } catch {
            return Readiness(isReady: false, checks: ["store": error.text])
        }
    }

    private static let setupCodeFile = "setup-code"

    /// On the embedded store a code of its own; in a cluster the same on every node, made from their common secret.
    private static func setupCode(
        _ config: AppConfig, _ directory: DataDirectory, secret: [UInt8]
    ) throws -> String? {
        guard config.registration == .first else { return nil }
        if case .postgres = config.database { return SetupCode.shared(secret: secret) }
        return try directory.secret(setupCodeFile) {
            DataDirectory.randomBytes(12).map { String(format: "%02x", $0) }.joined()
        }
    }
}

extension StoreError {
    var text: String {
        switch self {
        case .unavailable(let text), .misconfigured(let text), .corrupt(let text), .conflict(let text),
            .limitReached(let text),
            .outcomeUnknown(let text):
            text
        default: "\(self)"
        }
    }
}
