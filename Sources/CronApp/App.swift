import CronActions
import CronEngine
import CronHTTP
import CronModel
import CronSchedule
import CronStoreSQLite
import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import UnixSignals

/// The composition root: configuration → store → engine → HTTP, as one group of services.
package struct App: Sendable {
    private let config: AppConfig

    package init(config: AppConfig) {
        self.config = config
    }

    /// Runs until SIGTERM or SIGINT, then drains.
    /// - Throws: `ConfigError` when it could not start.
    package func run() async throws {
        let logger = Self.logger(config.logLevel)
        let node = try await Self.start(config, logger: logger)
        let server = node.server.application(host: config.host, port: config.port, logger: logger) { port in
            Self.announce(config, node, port: port)
        }
        // Shut down in reverse: first no more requests, then the engine drains, then the actions' connections close.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: node.engine, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: server, failureTerminationBehavior: .gracefullyShutdownGroup),
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
        write("cronpp ready: \(url) store=\(node.store.description) locks=store node=\(node.id)")
        guard let code = node.setupCode else { return }
        write(
            """
            To make the first account:
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
    let id: NodeID
    let store: SQLiteStore
    let engine: Engine
    let actions: StandardActions
    let server: HTTPServer
    /// Nil once an account exists or where none is needed.
    let setupCode: String?

    func close() async {
        await actions.shutdown()
        await store.close()
    }
}

extension App {
    /// Opens the store, takes over what an earlier process left, and puts the parts together; nothing runs yet.
    static func start(_ config: AppConfig, logger: Logger) async throws -> RunningNode {
        let clock = SystemClock()
        let directory = try DataDirectory(path: config.dataDirectory)
        let secret = try jwtSecret(config, directory)
        let store: SQLiteStore
        do {
            store = try SQLiteStore.open(path: config.databasePath, clock: clock)
        } catch {
            throw ConfigError(text(error))
        }
        let id = try await register(store, config, clock, logger)
        let setupCode = try await setupCode(config, directory, store)
        let actions = StandardActions(
            allowedNetworks: config.allowNetworks, userAgent: "cronpp/\(AppVersion.number)", now: { clock.now },
            logger: logger)
        let metrics = EngineMetrics()
        let engine = Engine(
            node: id, store: store, actions: actions.registry, settings: config.engine, metrics: metrics, logger: logger
        )
        var settings = HTTPSettings(registration: config.registration, setupCode: setupCode, jwtSecret: secret)
        settings.trustedProxies = config.trustedProxies
        settings.onFirstAccount = { directory.remove(setupCodeFile) }
        let server = try await HTTPServer(
            store: store, actions: actions.registry, signal: engine, settings: settings, node: { id },
            metrics: { metrics.text + ProcessMetrics.text },
            readiness: {
                do throws(StoreError) {
                    try await store.check()
                    return Readiness(isReady: true, checks: ["store": "ok"])
                } catch {
                    return Readiness(isReady: false, checks: ["store": text(error)])
                }
            })
        return RunningNode(
            id: id, store: store, engine: engine, actions: actions, server: server, setupCode: setupCode)
    }

    private static func register(
        _ store: SQLiteStore, _ config: AppConfig, _ clock: SystemClock, _ logger: Logger
    ) async throws -> NodeID {
        var random = RandomSource()
        let node = Node(
            id: NodeID(at: clock.now, using: &random), pid: ProcessInfo.processInfo.processIdentifier,
            host: ProcessInfo.processInfo.hostName, version: AppVersion.number, startedAt: clock.now,
            leaseUntil: clock.now + config.engine.lease)
        let taken = try await store.register(node)
        if taken != ReapAnswer() {
            logger.notice(
                "took over runs of an earlier process",
                metadata: ["queued": "\(taken.queued)", "running": "\(taken.running)"])
        }
        return node.id
    }

    private static let setupCodeFile = "setup-code"

    private static func setupCode(
        _ config: AppConfig, _ directory: DataDirectory, _ store: SQLiteStore
    ) async throws -> String? {
        guard config.registration == .first, try await !store.hasUsers() else { return nil }
        return try directory.secret(setupCodeFile) {
            DataDirectory.randomBytes(12).map { String(format: "%02x", $0) }.joined()
        }
    }

    private static func jwtSecret(_ config: AppConfig, _ directory: DataDirectory) throws -> [UInt8] {
        if let given = config.jwtSecret { return given }
        let text = try directory.secret("jwt-secret") { Data(DataDirectory.randomBytes(32)).base64EncodedString() }
        guard let bytes = Data(base64Encoded: text), bytes.count == 32 else {
            throw ConfigError(
                "\(config.dataDirectory)/jwt-secret is damaged; delete it to have a new one made (all sign-ins end)")
        }
        return Array(bytes)
    }

    private static func text(_ error: StoreError) -> String {
        switch error {
        case .unavailable(let text), .corrupt(let text), .conflict(let text), .limitReached(let text),
            .outcomeUnknown(let text):
            text
        default: "\(error)"
        }
    }
}
