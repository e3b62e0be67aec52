import CronModel
import CronSchedule
import Foundation
import PostgresClient

/// SQL on a PostgreSQL server of a user. Each attempt has a connection of its own: what a statement leaves behind in its
/// session (settings, temporary tables, locks) ends with it, and one user's never meets another's.
struct PostgresDriver: SQLDriver {
    let fields: ConnectionDefinition.PostgresFields
    let hosts: OutboundHosts
    /// Whose connection it is.
    let space: UserID

    /// Of the addresses of a name, so many are tried.
    private static let mostAddresses = 4
    /// How long each may take to sign in.
    private static let connectTimeout = Span.seconds(5)
    private static let longestMilliseconds: Int64 = 2_000_000_000

    func run(_ work: SQLWork, limits: SQLLimits) async throws(SQLFailure) -> SQLEnd {
        let progress = SQLProgress()
        return try await connected(limits, inTransaction: work.usesTransaction, of: work, progress) { connection in
            if work.usesTransaction {
                try await Self.transact(work, connection, progress)
            } else {
                try await Self.autocommit(work, connection, progress)
            }
        }
    }

    func test(limits: SQLLimits) async throws(SQLFailure) -> [String: JSONValue] {
        try await connected(limits, inTransaction: true, of: nil, SQLProgress()) { connection in
            try await connection.transaction { transaction in
                let session = PostgresSession(transaction: transaction)
                try Self.refuseOwn(session)
                let found = try session.execute(Self.facts, [], limit: .own).rows.first ?? []
                let names = ["server_version", "database", "user", "ledger"]
                return Dictionary(
                    uniqueKeysWithValues: zip(names, found).map { ($0, $1.map { JSONValue.string($0) } ?? .null) })
            }
        }
    }

    private static let facts = """
        SELECT current_setting('server_version'), current_database(), current_user,
            CASE WHEN to_regclass('cronpp_ledger') IS NOT NULL THEN 'there'
                WHEN has_schema_privilege(current_schema(), 'CREATE') THEN 'made by the first attempt'
                ELSE 'missing, and this user may not create it' END
        """
}

// MARK: - Connecting

extension PostgresDriver {
    /// Within the limit lies everything: the look-up, connecting, and the work.
    private func connected<Value: Sendable>(
        _ limits: SQLLimits, inTransaction: Bool, of work: SQLWork?, _ progress: SQLProgress,
        _ body: @escaping @Sendable (PostgresConnection) async throws -> Value
    ) async throws(SQLFailure) -> Value {
        do {
            return try await TimeLimit.run(limits.total, progress) {
                let addresses = try await addresses()
                let roots = try fields.rootCertificates.map { try RootFile($0) }
                defer { roots?.close() }
                let connection = PostgresConnection(config(addresses, roots, limits, inTransaction))
                return try await TimeLimit.ending(
                    ask: { connection.cancelStatement() }, force: { connection.abort() }
                ) {
                    do {
                        try await connection.open()
                        try Task.checkCancellation()
                        let value = try await body(connection)
                        await connection.close()
                        return value
                    } catch {
                        await connection.close()
                        throw error
                    }
                }
            }
        } catch {
            throw failure(error, of: work, progress)
        }
    }

    private func addresses() async throws -> [String] {
        do {
            return try await hosts.addresses(of: fields.host).prefix(Self.mostAddresses).map(\.description)
        } catch let refusal as AddressRefusal {
            throw SQLFailure(cause: .unreachable(isPermanent: true), message: refusal.message, reach: .nothingSent)
        } catch let unknown as UnresolvedName {
            throw SQLFailure(cause: .unreachable(isPermanent: false), message: unknown.message, reach: .nothingSent)
        }
    }

    private func config(
        _ addresses: [String], _ roots: RootFile?, _ limits: SQLLimits, _ inTransaction: Bool
    ) -> PostgresConfig {
        var target = PostgresTarget(
            host: hostName, addresses: addresses, port: fields.port, database: fields.database, user: fields.user,
            password: fields.password, tls: tls)
        if let roots { target.roots = roots.path }
        // In a transaction its settings go with it, which a pooling proxy lets pass; outside there is no other place.
        var config = PostgresConfig(target, pooling: inTransaction ? .transaction : .session)
        config.applicationName = "cronpp job"
        config.owner = space.description
        // Of several, one that is away leaves time for the others.
        let most = Self.milliseconds(Self.connectTimeout)
        config.connectTimeout =
            addresses.count == 1 ? most : max(1, min(most, Self.milliseconds(limits.total) / addresses.count))
        config.statementTimeout = Self.milliseconds(limits.statement)
        config.lockTimeout = Self.milliseconds(limits.lock)
        // Of a node that is frozen, or cut off, the server ends the transaction: others wait for its place in the ledger.
        config.idleInTransactionTimeout = 10_000
        return config
    }

    private var hostName: String {
        switch fields.host {
        case .name(let name): name
        case .address(let address): address.description
        }
    }

    private var tls: PostgresTarget.TLS {
        switch fields.tls {
        case .disable: .disable
        case .require: .require
        case .verifyFull: .verifyFull
        }
    }

    private static func milliseconds(_ span: Span) -> Int {
        Int(min(max(span.microseconds / 1_000, 1), longestMilliseconds))
    }
}

// MARK: - Working

extension PostgresDriver {
    /// A ledger that is not there yet is made, and the work begun anew.
    private static func transact(
        _ work: SQLWork, _ connection: PostgresConnection, _ progress: SQLProgress
    ) async throws -> SQLEnd {
        do {
            return try await attempt(work, connection, progress)
        } catch let error as PostgresError
            where error.isUndefinedTable && "\(error)".contains(SQLLedger.table) && work.purpose != .read
        {
            try await makeLedger(connection)
            return try await attempt(work, connection, progress)
        }
    }

    private static func attempt(
        _ work: SQLWork, _ connection: PostgresConnection, _ progress: SQLProgress
    ) async throws -> SQLEnd {
        try await connection.transaction { transaction in
            let session = PostgresSession(transaction: transaction)
            try refuseOwn(session)
            // Functions and a WITH change rows too; once a query has run no statement can take this back.
            if work.purpose == .read { _ = try session.execute("SET TRANSACTION READ ONLY", [], limit: .own) }
            let end = try work.perform(in: session)
            progress.effectMayHappen()
            try transaction.commit()
            return end
        }
    }

    /// IF NOT EXISTS is judged before the names are taken: the table's, its type's, or their lines in the catalogue.
    private static let alreadyThere: Set<String> = ["42P07", "42710", "23505"]

    private static func makeLedger(_ connection: PostgresConnection) async throws {
        do {
            try await connection.transaction { try $0.script(SQLLedger.create) }
        } catch let error as PostgresError where alreadyThere.contains(error.sqlStateCode ?? "") {
            // Another attempt has made it in the same moment.
        } catch let error as PostgresError where error.sqlStateCode == "42501" {
            throw SQLRefusal.noLedger(reason: "\(error)")
        }
    }

    private static func autocommit(
        _ work: SQLWork, _ connection: PostgresConnection, _ progress: SQLProgress
    ) async throws -> SQLEnd {
        try await connection.autocommit { statements in
            let session = PostgresAutocommitSession(statements: statements)
            try refuseOwn(session)
            return .done(try work.run(in: session) { _ in progress.effectMayHappen() })
        }
    }

    /// Whoever may see this node's own tables could change jobs of others, whatever name or address led here.
    private static func refuseOwn(_ session: some SQLSession) throws {
        let found = try session.execute(
            """
            SELECT count(DISTINCT relname) FROM pg_catalog.pg_class
            WHERE relname IN ('job_cursors', 'live_runs') AND relkind IN ('r', 'p')
            """, [], limit: .own)
        if found.rows.first?.first == "2" { throw SQLRefusal.ownDatabase }
    }

    private func failure(_ error: any Error, of work: SQLWork?, _ progress: SQLProgress) -> SQLFailure {
        if let refusal = error as? SQLRefusal { return SQLFailure(refusal) }
        if let failure = error as? SQLFailure { return failure }
        if error is CancellationError {
            return SQLFailure(
                cause: progress.end ?? .cancelled, message: "ended before there was a connection", reach: .nothingSent)
        }
        guard let error = error as? PostgresError else {
            return SQLFailure(cause: .lost, message: "\(error)", reach: progress.reach)
        }
        let cause: SQLFailure.Cause
        var reach = progress.reach
        switch error {
        case .cannotConnect: cause = .unreachable(isPermanent: false)
        case .signInRefused: cause = .unreachable(isPermanent: true)
        case .connectionLost, .poolTimeout, .poolClosed:
            cause = .lost
            reach = Self.reachOfWhatIsTakenBack(work, reach)
        case .commitUnknown:
            cause = .lost
            reach = work?.purpose == .apply ? .maybeSent : .nothingSent
        case .config, .misuse, .decoding: cause = .statement(isPermanent: true)
        case .sqlState(let code, _, _, _):
            // Elsewhere it is a standby that says so, which may pass; here the transaction was made so.
            let isChange = work?.purpose == .read && code == Self.readOnly
            cause = code == Self.cancelled ? .outOfTime : .statement(isPermanent: isChange || !error.mayPass)
            reach = Self.reachOfWhatIsTakenBack(work, reach)
        }
        return SQLFailure(cause: progress.end ?? cause, message: error.description, reach: reach)
    }

    /// What the server refuses, or ends with the connection, it takes back: a statement that commits itself too, but not
    /// those before it.
    private static func reachOfWhatIsTakenBack(_ work: SQLWork?, _ reach: Outcome.Reach) -> Outcome.Reach {
        work?.usesTransaction == false && reach != .nothingSent ? .answered : .nothingSent
    }

    /// `query_canceled`: by a limit of its own or because it was asked.
    private static let cancelled = "57014"
    /// `read_only_sql_transaction`.
    private static let readOnly = "25006"
}
