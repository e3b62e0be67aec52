import ArgumentParser
import CronApp
import Foundation

/// `cronpp serve`: the node.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run a node: scheduler, executor and API.",
        discussion: """
            Every option can also be set in the environment (CRONPP_HTTP_PORT for --http-port) or in a YAML file
            (http_port). Flags win over the environment, the environment over the file.
            """)

    @Option(help: "YAML file with the same keys.") var config: String?
    @Option(help: help(.databaseURL)) var databaseUrl: String?
    @Option(help: help(.databasePooling)) var databasePooling: String?
    @Option(help: help(.databasePool)) var databasePool: String?
    @Option(help: help(.redisURL)) var redisUrl: String?
    @Option(help: help(.role)) var role: String?
    @Option(help: help(.dataDir)) var dataDir: String?
    @Option(help: help(.httpHost)) var httpHost: String?
    @Option(help: help(.httpPort)) var httpPort: String?
    @Option(help: help(.registration)) var registration: String?
    @Option(help: help(.allowNetworks)) var allowNetworks: String?
    @Option(help: help(.sqlFiles)) var sqlFiles: String?
    @Option(help: help(.allowCommands)) var allowCommands: String?
    @Option(help: help(.trustedProxies)) var trustedProxies: String?
    @Option(help: help(.concurrency)) var concurrency: String?
    @Option(help: help(.lease)) var lease: String?
    @Option(help: help(.heartbeat)) var heartbeat: String?
    @Option(help: help(.prefetch)) var prefetch: String?
    @Option(help: help(.poll)) var poll: String?
    @Option(help: help(.drain)) var drain: String?
    @Option(help: help(.retention)) var retention: String?
    @Option(help: help(.rateLimit)) var rateLimit: String?
    @Option(help: help(.quotaJobs)) var quotaJobs: String?
    @Option(help: help(.quotaInFlight)) var quotaInFlight: String?
    @Option(help: help(.quotaRunsPerMinute)) var quotaRunsPerMinute: String?
    @Option(help: help(.quotaHistory)) var quotaHistory: String?
    @Option(help: help(.hostInFlight)) var hostInFlight: String?
    @Option(help: help(.hostRate)) var hostRate: String?
    @Option(help: help(.hostLimits)) var hostLimits: String?
    @Option(help: help(.mailFrom)) var mailFrom: String?
    @Option(help: help(.publicURL)) var publicUrl: String?
    @Option(help: help(.logLevel)) var logLevel: String?

    func run() async throws {
        let flags: [ConfigKey: String?] = [
            .databaseURL: databaseUrl, .databasePooling: databasePooling, .databasePool: databasePool,
            .redisURL: redisUrl,
            .role: role, .dataDir: dataDir, .httpHost: httpHost, .httpPort: httpPort,
            .registration: registration, .allowNetworks: allowNetworks, .sqlFiles: sqlFiles,
            .allowCommands: allowCommands, .trustedProxies: trustedProxies,
            .concurrency: concurrency, .lease: lease, .heartbeat: heartbeat, .prefetch: prefetch, .poll: poll,
            .drain: drain, .retention: retention,
            .rateLimit: rateLimit, .quotaJobs: quotaJobs, .quotaInFlight: quotaInFlight,
            .quotaRunsPerMinute: quotaRunsPerMinute, .quotaHistory: quotaHistory,
            .hostInFlight: hostInFlight, .hostRate: hostRate, .hostLimits: hostLimits,
            .mailFrom: mailFrom, .publicURL: publicUrl, .logLevel: logLevel,
        ]
        let environment = ProcessInfo.processInfo.environment
        do {
            let config = try AppConfig(
                flags: flags.compactMapValues { $0 }, environment: environment,
                file: config ?? environment["CRONPP_CONFIG"])
            try await App(config: config).run()
        } catch let error as ConfigError {
            throw Failure(error.description)
        }
    }

    private static func help(_ key: ConfigKey) -> ArgumentHelp {
        ArgumentHelp(key.meaning + (key.standard.map { $0.isEmpty ? "" : " (default: \($0))" } ?? ""))
    }
}

/// An error whose text is all that a person needs: printed without a usage dump, exit code 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
