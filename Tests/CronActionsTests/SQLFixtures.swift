import CronModel
import CronSchedule
import Foundation
import PostgresServer
import Testing

@testable import CronActions

/// A database that an attempt works in, and what is in it.
struct SQLBed: Sendable {
    let action: SQLAction
    let setting: ConnectionSetting
    let databases: Databases
    let connection: [String: JSONValue]
    /// Asks the database itself.
    let ask: @Sendable (String) throws -> String

    /// A database of its own on a real server.
    static func postgres() throws -> SQLBed {
        let server = PostgresServer.shared
        let url = try server.freshDatabase()
        let database = String(url.split(separator: "/").last ?? "")
        return bed(
            files: nil,
            [
                "driver": "postgres", "host": "127.0.0.1", "port": .integer(Int64(try server.port)),
                "database": .string(database), "user": "postgres", "tls": "disable",
            ]
        ) { try server.psql($0, database: database).trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    static func bed(
        files: SQLFiles?, _ connection: [String: JSONValue], allowed: [NetworkRange] = loopback,
        ask: @escaping @Sendable (String) throws -> String
    ) -> SQLBed {
        let hosts = OutboundHosts(addresses: AddressGuard(allowed: allowed), now: { fixedNow })
        let databases = Databases(hosts: hosts, files: files)
        return SQLBed(
            action: SQLAction(databases: databases), setting: ConnectionSetting(databases: databases),
            databases: databases, connection: connection, ask: ask)
    }

    func attempt(
        _ fields: [String: JSONValue], run: RunID = runID, fence: Int64 = 7, payload: JSONValue = .object([:]),
        timeout: Span = .seconds(30)
    ) -> AttemptContext {
        var attempt = AttemptContext(
            runID: run, jobID: jobID, userID: UserID(high: 1, low: 1), jobName: "renewals",
            scheduledFor: Instant(seconds: 1_769_999_940), zone: "", attempt: 1, fence: fence,
            action: ActionDefinition(type: "sql", fields: ["connection": "shop"].merging(fields) { $1 }),
            payload: payload, timeout: timeout, delivery: .atLeastOnce)
        attempt.settings[.connection, "shop"] = connection
        return attempt
    }

    func run(
        _ fields: [String: JSONValue], run: RunID = runID, fence: Int64 = 7, payload: JSONValue = .object([:]),
        timeout: Span = .seconds(30)
    ) async -> Outcome {
        await action.run(attempt(fields, run: run, fence: fence, payload: payload, timeout: timeout))
    }

    /// Asks the ledger about the run.
    func verify(fence: Int64, run: RunID = runID) async -> Outcome {
        var attempt = attempt(["sql": "SELECT 1"], run: run, fence: fence)
        attempt.isVerifying = true
        return await action.run(attempt)
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
}
