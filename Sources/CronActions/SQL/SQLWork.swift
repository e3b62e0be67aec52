import CronModel

/// What one attempt does in its database. The same for every database: drivers only run it.
struct SQLWork: Sendable {
    enum Purpose: Sendable {
        case apply
        /// Asks the ledger, and leaves a tombstone.
        case verify
        /// Takes everything back.
        case dryRun
        /// Changes nothing: what would is refused.
        case read
    }

    let purpose: Purpose
    let token: ClaimToken
    let statements: [BoundStatement]
    let usesTransaction: Bool
    let keepsLedger: Bool
    let maxRows: Int
    /// Of a table as CSV; as long as what is shown with an attempt may be, unless it goes elsewhere.
    var maxBytes = Outcome.outputLimitBytes

    private var limit: SQLTableLimit { SQLTableLimit(rows: maxRows, bytes: maxBytes) }

    /// Inside a transaction, which is committed if this returns and rolled back if it throws.
    func perform(in session: some SQLSession) throws -> SQLEnd {
        switch purpose {
        case .verify:
            if case .applied(let fence) = try SQLLedger.bury(token, in: session) { return .done(earlier(fence)) }
            return .buried
        case .dryRun:
            throw SQLRefusal.dryRun(try run(in: session))
        case .read:
            return .done(try run(in: session))
        case .apply:
            if keepsLedger {
                switch try SQLLedger.claim(token, in: session) {
                case .open: break
                case .applied(let fence): return .done(earlier(fence))
                case .tombstone(let fence): throw SQLRefusal.superseded(fence: fence)
                }
            }
            return .done(try run(in: session))
        }
    }

    /// The statements one by one, whether or not they are in a transaction.
    /// - Parameter before: called before each, with its place from 0.
    func run(in session: some SQLSession, before: (Int) -> Void = { _ in }) throws -> SQLReport {
        var report = SQLReport()
        var changed: Int?
        for (index, statement) in statements.enumerated() {
            before(index)
            let table = try session.execute(statement.text, statement.values, limit: limit)
            if usesTransaction, !session.isInTransaction { throw SQLRefusal.endedTransaction(statement: index) }
            if purpose == .read, table.isChange { throw SQLRefusal.change(statement: index) }
            if let expected = statement.expected, !expected.range.contains(table.rowCount) {
                throw SQLRefusal.rowCount(statement: index, expected: expected, found: table.rowCount)
            }
            if table.isChange { changed = (changed ?? 0) + table.rowCount }
            report.rows = changed ?? table.rowCount
            guard !table.columns.isEmpty else { continue }
            let csv = CSV.text(table, limitBytes: maxBytes)
            report.table = csv.text
            report.isCut = table.isCut || csv.isCut
        }
        return report
    }

    private func earlier(_ fence: Int64) -> SQLReport {
        var report = SQLReport()
        report.earlierFence = fence
        return report
    }
}

/// How a transaction ended that was committed.
enum SQLEnd: Sendable {
    case done(SQLReport)
    /// There is a tombstone.
    case buried
}

/// A statement with its values in place.
struct BoundStatement: Hashable, Sendable {
    let text: String
    let values: [JSONValue]
    let expected: SQLRowCount?
}
