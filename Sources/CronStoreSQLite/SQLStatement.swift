import CronModel
import CronSchedule
import GRDBSQLite

/// An error that SQLite reported.
struct SQLError: Error {
    let code: Int32
    let message: String

    init(_ connection: OpaquePointer?, _ code: Int32) {
        self.code = code
        message = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "SQLite error \(code)"
    }
}

/// A prepared statement, bound and read by position through SQLite's own calls: on the hot path they cost a third of
/// boxed arguments and rows.
final class SQLStatement {
    private let connection: OpaquePointer
    private let handle: OpaquePointer
    private var position: Int32 = 0

    init(_ connection: OpaquePointer, _ sql: String) throws {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLError(connection, code) }
        self.connection = connection
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    /// Begins a new execution; parameters are then bound in order.
    @discardableResult func begin() -> SQLStatement {
        sqlite3_reset(handle)
        position = 0
        return self
    }

    /// Ends an execution whose rows were not read to the end, so that it holds no read transaction open.
    func end() { sqlite3_reset(handle) }

    /// Executes a statement that answers no rows.
    func run() throws {
        while try step() {}
        sqlite3_reset(handle)
    }

    /// Whether there is another row.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let error = SQLError(connection, code)
            sqlite3_reset(handle)
            throw error
        }
    }

    /// The rows that `read` makes of each, to the end.
    func all<Row>(_ read: (SQLStatement) throws -> Row) throws -> [Row] {
        var rows: [Row] = []
        while try step() { rows.append(try read(self)) }
        sqlite3_reset(handle)
        return rows
    }

    func first<Row>(_ read: (SQLStatement) throws -> Row) throws -> Row? {
        defer { sqlite3_reset(handle) }
        return try step() ? try read(self) : nil
    }
}

// MARK: - Binding

extension SQLStatement {
    @discardableResult func bind(_ value: Int64?) -> SQLStatement {
        position += 1
        if let value { sqlite3_bind_int64(handle, position, value) } else { sqlite3_bind_null(handle, position) }
        return self
    }

    @discardableResult func bind(_ value: Int?) -> SQLStatement { bind(value.map { Int64($0) }) }
    @discardableResult func bind(_ value: Instant?) -> SQLStatement { bind(value?.microseconds) }

    @discardableResult func bind(_ value: String?) -> SQLStatement {
        position += 1
        guard var value else {
            sqlite3_bind_null(handle, position)
            return self
        }
        value.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(
                    handle, position, characters.baseAddress ?? Self.empty, Int32(characters.count), Self.copied)
            }
        }
        return self
    }

    @discardableResult func bind(_ bytes: [UInt8]?) -> SQLStatement {
        position += 1
        guard let bytes else {
            sqlite3_bind_null(handle, position)
            return self
        }
        bytes.withUnsafeBytes { buffer in
            if let base = buffer.baseAddress {
                sqlite3_bind_blob(handle, position, base, Int32(buffer.count), Self.copied)
            } else {
                sqlite3_bind_zeroblob(handle, position, 0)
            }
        }
        return self
    }

    /// Ids are kept as 16 bytes in their order, so that ids made close in time lie side by side.
    @discardableResult func bind<Kind>(_ id: Identifier<Kind>?) -> SQLStatement {
        position += 1
        guard let id else {
            sqlite3_bind_null(handle, position)
            return self
        }
        var words = (id.high.bigEndian, id.low.bigEndian)
        withUnsafeBytes(of: &words) { bytes in
            _ = sqlite3_bind_blob(handle, position, bytes.baseAddress, 16, Self.copied)
        }
        return self
    }

    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    private static var empty: UnsafePointer<CChar>? { nil }
}

// MARK: - Reading

extension SQLStatement {
    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    func intOrNil(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }
    func instant(_ column: Int32) -> Instant { Instant(microseconds: int(column)) }
    func instantOrNil(_ column: Int32) -> Instant? { isNull(column) ? nil : instant(column) }

    func text(_ column: Int32) -> String { textOrNil(column) ?? "" }

    func textOrNil(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func idOrNil<Kind>(_ column: Int32, as kind: Identifier<Kind>.Type = Identifier<Kind>.self) -> Identifier<Kind>? {
        guard let bytes = sqlite3_column_blob(handle, column), sqlite3_column_bytes(handle, column) == 16 else {
            return nil
        }
        let high = bytes.loadUnaligned(as: UInt64.self)
        let low = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        return Identifier(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }

    func id<Kind>(_ column: Int32, as kind: Identifier<Kind>.Type = Identifier<Kind>.self) -> Identifier<Kind> {
        idOrNil(column) ?? Identifier(high: 0, low: 0)
    }
}
