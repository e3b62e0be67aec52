import CronModel
import PostgresClient

/// An attempt's transaction.
struct PostgresSession: SQLSession {
    let transaction: PostgresTransaction

    func execute(_ text: String, _ values: [JSONValue], limit: SQLTableLimit) throws -> SQLTable {
        SQLTable(try transaction.table(.init(plain: text, values: values.map(\.sqlText)), limit: TableLimit(limit)))
    }

    var isInTransaction: Bool { transaction.isOpen }
}

/// Statements each of which commits itself.
struct PostgresAutocommitSession: SQLSession {
    let statements: PostgresAutocommit

    func execute(_ text: String, _ values: [JSONValue], limit: SQLTableLimit) throws -> SQLTable {
        SQLTable(try statements.table(.init(plain: text, values: values.map(\.sqlText)), limit: TableLimit(limit)))
    }

    let isInTransaction = false
}

extension TableLimit {
    fileprivate init(_ limit: SQLTableLimit) { self.init(rows: limit.rows, bytes: limit.bytes) }
}

extension SQLTable {
    private static let changes: Set<Substring> = ["INSERT", "UPDATE", "DELETE", "MERGE"]

    fileprivate init(_ table: PostgresTable) {
        columns = table.columns
        rows = table.rows
        rowCount = table.rowCount
        isCut = table.isCut
        isChange = Self.changes.contains(table.tag.prefix { $0 != " " })
    }
}

extension JSONValue {
    /// As PostgreSQL reads a value of any type from text: what is no single value becomes JSON.
    fileprivate var sqlText: String? {
        switch self {
        case .null: nil
        case .string(let text): text
        default: JSONWriter.text(self)
        }
    }
}
