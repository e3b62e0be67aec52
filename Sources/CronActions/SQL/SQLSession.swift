import CronModel

/// A database in which an attempt works: statements one after the other, on one connection.
protocol SQLSession {
    /// - Parameter values: of `$1`, `$2`, …
    /// - Throws: the database's own error.
    func execute(_ text: String, _ values: [JSONValue], limit: SQLTableLimit) throws -> SQLTable
    /// Whether the transaction that the attempt began is still open.
    var isInTransaction: Bool { get }
}

/// How much of an answer is kept.
struct SQLTableLimit: Sendable {
    var rows: Int
    var bytes: Int

    /// Of a statement of Cron++'s own, which answers a line or two.
    static let own = SQLTableLimit(rows: 10, bytes: 10_000)
}

/// What a statement answered.
struct SQLTable: Sendable {
    var columns: [String] = []
    var rows: [[String?]] = []
    /// Rows selected or changed, those that were not kept too.
    var rowCount = 0
    var isCut = false
    /// Whether it changes rows, as far as the database tells.
    var isChange = false
}

/// Why an attempt took all back, although the database had nothing against it.
enum SQLRefusal: Error, Hashable {
    /// The database holds Cron++'s own tables.
    case ownDatabase
    case rowCount(statement: Int, expected: SQLRowCount, found: Int)
    /// A statement ended the transaction in which it ran.
    case endedTransaction(statement: Int)
    /// A statement changes rows where it may only read.
    case change(statement: Int)
    /// A later decision about the run was taken: with this fence, which is not lower than the attempt's.
    case superseded(fence: Int64)
    /// The ledger is not there, and this user may not make it.
    case noLedger(reason: String)
    /// Everything went well and is to be taken back: a dry run.
    case dryRun(SQLReport)
}

/// What the statements of an attempt did.
struct SQLReport: Hashable, Sendable {
    /// Rows changed by all statements; of such that only read, the last one's.
    var rows = 0
    /// The last table that a statement answered, as CSV.
    var table: String?
    var isCut = false
    /// The fence of the attempt that had done it all before.
    var earlierFence: Int64?
}
