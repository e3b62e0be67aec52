package import CronActions
package import CronEngine
package import CronHTTP
package import CronLockRedis
package import CronModel
import CronSchedule
import Foundation
package import Logging
package import PostgresClient
import Yams

/// Everything that can be configured, read once at the start: flags before environment before file before defaults.
package struct AppConfig: Sendable {
    package var database: Database
    /// Connections to PostgreSQL, besides one for heartbeats.
    package var databasePool: Int
    package var role: NodeRole
    /// Nil: without Redis.
    package var redis: RedisAddress?
    package var dataDirectory: String
    package var host: String
    package var port: Int
    package var registration: Registration
    package var allowNetworks: [NetworkRange]
    package var trustedProxies: TrustedProxies
    /// Where SQLite files of users are; nil: nobody uses any.
    package var sqlFiles: SQLFiles?
    /// Whether jobs may run programs here.
    package var allowCommands: Bool
    /// What all jobs together may do to hosts.
    package var hostLimits: HostLimits
    package var engine: EngineSettings
    package var logLevel: Logger.Level
    /// Nil: generated into the data directory.
    package var jwtSecret: [UInt8]?
    /// Sign nothing; tokens signed with them are good.
    package var jwtSecretsAccepted: [[UInt8]]
    /// Nil lets all requests in.
    package var rateLimit: Int?
    /// Most jobs of a space; nil for any number.
    package var jobQuota: Int?
    /// Nil: generated into the data directory.
    package var encryptionKey: [UInt8]?
    /// Open what they have sealed; seal nothing.
    package var encryptionKeysAccepted: [[UInt8]]

    /// Where people reach this server, without a slash at the end; nil if nobody says so.
    package var publicURL: String?
    /// Nil: no mail is sent.
    package var mail: MailConfig?

    /// - Parameters:
    ///   - flags: what the command line set.
    ///   - environment: the process's environment.
    ///   - file: path of a YAML file, or nil.
    /// - Throws: `ConfigError` naming the key and where it was set.
    package init(flags: [ConfigKey: String], environment: [String: String], file: String?) throws(ConfigError) {
        let reader = ConfigReader(flags: flags, environment: environment, file: try Self.load(file))
        dataDirectory = try reader.text(.dataDir)
        database = try reader.database(in: dataDirectory)
        databasePool = try reader.integer(.databasePool, in: 2...200)
        role = try reader.choice(.role)
        redis = try reader.redis(.redisURL)
        host = try reader.text(.httpHost)
        port = try reader.integer(.httpPort, in: 0...65_535)
        registration = try reader.choice(.registration)
        allowNetworks = try reader.networks(.allowNetworks)
        trustedProxies = TrustedProxies(ranges: try reader.networks(.trustedProxies))
        sqlFiles = try reader.sqlFiles(.sqlFiles)
        allowCommands = try reader.flag(.allowCommands)
        logLevel = try reader.choice(.logLevel)
        jwtSecret = try reader.secret(.jwtSecret)
        jwtSecretsAccepted = try reader.secrets(.jwtSecretsAccepted)
        rateLimit = try reader.quota(.rateLimit)
        jobQuota = try reader.quota(.quotaJobs)
        encryptionKey = try reader.secret(.encryptionKey)
        encryptionKeysAccepted = try reader.secrets(.encryptionKeysAccepted)
        publicURL = try reader.publicURL()
        mail = try reader.mail()
        hostLimits = try reader.hostLimits()
        engine = EngineSettings()
        engine.concurrency = try reader.integer(.concurrency, in: 1...100_000)
        engine.lease = try reader.span(.lease, in: .milliseconds(100) ... .hours(1))
        engine.heartbeat = try reader.span(.heartbeat, in: .milliseconds(10) ... .hours(1))
        engine.lead = try reader.span(.prefetch, in: .milliseconds(50) ... .minutes(10))
        engine.poll = try reader.span(.poll, in: .milliseconds(10) ... .minutes(1))
        engine.drain = try reader.span(.drain, in: .zero ... .hours(24))
        engine.retention = try reader.span(.retention, in: .minutes(1) ... .days(36_500))
        engine.spaceInFlight = try reader.quota(.quotaInFlight)
        engine.spaceRunsPerMinute = try reader.quota(.quotaRunsPerMinute)
        engine.spaceHistory = try reader.quota(.quotaHistory)
        if case .postgres(var config) = database {
            config.limitLocks(ofNodesWith: engine.lease)
            database = .postgres(config)
            // Nodes that signed with different secrets would refuse each other's tokens.
            if jwtSecret == nil { throw ConfigError("JWT_SECRET must be given with PostgreSQL, equal on all nodes") }
            if encryptionKey == nil {
                throw ConfigError("ENCRYPTION_KEY must be given with PostgreSQL, equal on all nodes")
            }
            // More would keep work from nodes with free slots.
            engine.spaceClaimLimit = engine.concurrency * 4
            engine.claimLimit = engine.spaceClaimLimit * 2
        } else if role != .all {
            throw ConfigError("ROLE \(role.rawValue) needs PostgreSQL: the embedded store serves one process")
        }
        if engine.heartbeat.microseconds * 2 > engine.lease.microseconds {
            throw ConfigError("HEARTBEAT \(engine.heartbeat) is above half of LEASE \(engine.lease)")
        }
    }

    private static func load(_ path: String?) throws(ConfigError) -> [String: String] {
        guard let path else { return [:] }
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            guard let document = try Yams.load(yaml: text) else { return [:] }
            guard let members = document as? [String: Any] else {
                throw ConfigError("\(path): must be a mapping of keys to values")
            }
            let known = Set(ConfigKey.allCases.map(\.fileKey))
            for key in members.keys.sorted() where !known.contains(key) {
                let nearest = known.min { editDistance($0, key) < editDistance($1, key) } ?? ""
                throw ConfigError("\(path): unknown key \"\(key)\"; did you mean \"\(nearest)\"?")
            }
            return members.mapValues { value in
                if let list = value as? [Any] { list.map { "\($0)" }.joined(separator: ",") } else { "\(value)" }
            }
        } catch let error as ConfigError {
            throw error
        } catch {
            throw ConfigError("\(path): \(error.localizedDescription)")
        }
    }
}

extension PostgresConfig {
    /// Less, and a transaction of a busy node would be ended for a pause that means nothing.
    private static let shortestIdle = Span.milliseconds(500)

    /// A node that froze in a transaction holds its locks until the server ends it: after a third of the lease at most, as
    /// those who wait for them give up.
    fileprivate mutating func limitLocks(ofNodesWith lease: Span) {
        let third = max(Self.shortestIdle, Span(microseconds: lease.microseconds / 3))
        let limit = Int(clamping: third.microseconds / 1_000)
        idleInTransactionTimeout = min(idleInTransactionTimeout, limit)
        lockTimeout = min(lockTimeout, limit)
    }
}

/// Where state lives.
package enum Database: Sendable {
    case sqlite(path: String)
    case postgres(PostgresConfig)

    /// Whether several nodes may use it.
    var isShared: Bool { if case .postgres = self { true } else { false } }
}

package enum DatabasePooling: String, CaseIterable, Sendable {
    case session
    case transaction
}

/// What a node does.
package enum NodeRole: String, CaseIterable, Sendable {
    case all
    case api
    case worker

    var executes: Bool { self != .api }
    var servesAPI: Bool { self != .worker }
}

/// A configuration that cannot be used; nothing was started.
package struct ConfigError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
