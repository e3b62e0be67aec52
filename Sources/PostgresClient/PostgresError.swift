/// What can go wrong between a caller and the database. The two cases that a caller must tell apart are `connectionLost`
/// (nothing was committed) and `commitUnknown` (it may have been).
package enum PostgresError: Error, Sendable, Hashable {
    /// A URL or a setting that cannot be used.
    case config(String)
    /// Hosts and reason. No secrets.
    case cannotConnect(String)
    /// The server is there and lets this user not in: a password, a user, a database or a permission that only people can
    /// put right. Hosts and reason. No secrets.
    case signInRefused(String)
    /// The server refused a statement. `statement` is its SQL text, shortened; values are parameters and never in it.
    case sqlState(code: String, message: String, constraint: String?, statement: String?)
    /// The connection broke, or did not answer in time, before COMMIT was sent: nothing of the transaction was committed.
    case connectionLost(String)
    /// COMMIT (or a statement outside a transaction) was sent and its answer was lost.
    case commitUnknown(String)
    /// Nobody gave a connection back in time.
    case poolTimeout(waitedMs: Int, size: Int)
    case poolClosed
    /// A column does not hold what was asked for. `foundOID` is 0 for NULL and for a column that is not there.
    case decoding(column: String, expectedOID: UInt32, foundOID: UInt32)
    /// The caller's mistake: a statement after COMMIT, COPY, too many parameters.
    case misuse(String)
}

extension PostgresError {
    package var sqlStateCode: String? {
        if case .sqlState(let code, _, _, _) = self { code } else { nil }
    }

    package var constraint: String? {
        if case .sqlState(_, _, let constraint, _) = self { constraint } else { nil }
    }

    package var isUniqueViolation: Bool { sqlStateCode == "23505" }
    package var isForeignKeyViolation: Bool { sqlStateCode == "23503" }
    package var isNotNullViolation: Bool { sqlStateCode == "23502" }
    package var isCheckViolation: Bool { sqlStateCode == "23514" }
    package var isSerializationFailure: Bool { sqlStateCode == "40001" }
    package var isDeadlock: Bool { sqlStateCode == "40P01" }
    package var isLockTimeout: Bool { sqlStateCode == "55P03" }
    /// The server ended the statement: `statement_timeout`, or somebody cancelled it.
    package var isStatementTimeout: Bool { sqlStateCode == "57014" }
    package var isCancelled: Bool { isStatementTimeout }
    /// The server is a standby, or made read-only.
    package var isReadOnly: Bool { sqlStateCode == "25006" }
    /// The server is stopping, was stopped hard, or is starting.
    package var isShuttingDown: Bool { ["57P01", "57P02", "57P03"].contains(sqlStateCode) }
    /// The same statement may succeed later without anybody's doing: the server is busy, stopping or a standby.
    package var mayPass: Bool {
        isReadOnly || ["08", "40", "53", "55", "57", "58"].contains(sqlStateCode?.prefix(2) ?? "")
    }
    package var isUndefinedTable: Bool { sqlStateCode == "42P01" }
    package var isUndefinedColumn: Bool { sqlStateCode == "42703" }
    package var isSyntaxError: Bool { sqlStateCode == "42601" }
    package var isOutOfResources: Bool { sqlStateCode?.hasPrefix("53") ?? false }

    /// After these a connection is of no more use, although it works: it leads to a standby, or its prepared statements
    /// are no longer the server's (a table was altered, somebody ran DEALLOCATE or DISCARD).
    var spoilsConnection: Bool { ["25006", "0A000", "26000"].contains(sqlStateCode) }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .config(let reason): "configuration of PostgreSQL: \(reason)"
        case .cannotConnect(let reason), .signInRefused(let reason): "cannot connect to PostgreSQL: \(reason)"
        case .sqlState(let code, let message, let constraint, let statement):
            "PostgreSQL \(code): \(message)" + (constraint.map { " (constraint \($0))" } ?? "")
                + (statement.map { " in: \($0)" } ?? "")
        case .connectionLost(let reason): "connection to PostgreSQL lost: \(reason)"
        case .commitUnknown(let reason): "PostgreSQL's answer to COMMIT was lost: \(reason)"
        case .poolTimeout(let waited, let size):
            "no connection to PostgreSQL became free within \(waited) ms (pool of \(size))"
        case .poolClosed: "the pool of PostgreSQL connections is closed"
        case .decoding(let column, let expected, let found):
            "column \(column) of PostgreSQL's answer holds type \(found), expected \(expected)"
        case .misuse(let reason): "PostgreSQL client: \(reason)"
        }
    }
}
