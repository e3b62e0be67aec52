import CronModel
import CronSchedule
import GRDBSQLite
import NIOCore
import NIOPosix
import Synchronization

/// What SQLite said.
struct SQLiteError: Error {
    let code: Int32
    let message: String

    /// It may pass by itself: another process holds the file.
    var mayPass: Bool { [SQLITE_BUSY, SQLITE_LOCKED].contains(code & 0xFF) }
    var isInterrupted: Bool { code & 0xFF == SQLITE_INTERRUPT }
    var isUnreachable: Bool { [SQLITE_CANTOPEN, SQLITE_NOTADB, SQLITE_CORRUPT, SQLITE_IOERR].contains(code & 0xFF) }
}

/// One connection to a file of a user's, on one thread at a time. It opens this file and no other one: a statement that
/// attaches another, by whatever way, is refused.
///
/// `@unchecked Sendable`: SQLite itself lets `interrupt` be called from any thread while the connection is open, which the
/// lock sees to; everything else is called by the one thread that works.
final class SQLiteConnection: @unchecked Sendable {
    /// Of one text or blob, and so of what an expression may take of this process's memory.
    static let longestValueBytes: Int32 = 16 * 1_024 * 1_024
    /// Steps of SQLite's machine between two looks at whether to go on.
    private static let stepsBetweenLooks: Int32 = 10_000

    private let handle: OpaquePointer
    private let statementTime: Span?
    private let lockMilliseconds: Int64
    private let isOpen = Mutex(true)
    /// For good: what SQLite itself keeps of it is forgotten when no statement runs at that moment.
    private let isInterrupted = Atomic(false)
    /// Whether what is read now is Cron++'s.
    private var isOwn = false

    /// - Parameter statementTime: how long one statement may take; nil for as long as nobody interrupts it.
    init(path: String, lockTimeout: Span, statementTime: Span? = nil) throws {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            defer { sqlite3_close_v2(opened) }
            throw SQLiteError(code: code, message: opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory")
        }
        handle = opened
        self.statementTime = statementTime
        lockMilliseconds = lockTimeout.microseconds / 1_000
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Self.longestValueBytes)
        let me = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_busy_handler(handle, { me, looks in SQLiteConnection.at(me)?.awaitsLock(Int(looks)) ?? false ? 1 : 0 }, me)
        sqlite3_set_authorizer(
            handle, { me, action, name, _, _, _ in SQLiteConnection.at(me)?.judged(action, name) ?? SQLITE_DENY }, me)
        sqlite3_progress_handler(
            handle, Self.stepsBetweenLooks, { me in SQLiteConnection.at(me)?.mayGoOn ?? false ? 0 : 1 }, me)
    }

    private static func at(_ pointer: UnsafeMutableRawPointer?) -> SQLiteConnection? {
        pointer.map { Unmanaged<SQLiteConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    deinit { sqlite3_close_v2(handle) }

    /// Milliseconds between two looks at a lock, as SQLite's own; the last again and again.
    private static let pauses: [Int64] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100]

    /// Whether to look at a lock once more, after a pause. SQLite's own way would not hear of an interrupt.
    /// - Parameter looks: how often it was looked at before.
    private func awaitsLock(_ looks: Int) -> Bool {
        let (count, last) = (Self.pauses.count, Self.pauses[Self.pauses.count - 1])
        let waited = Self.pauses.prefix(looks).reduce(0, +) + Int64(max(0, looks - count)) * last
        let left = lockMilliseconds - waited
        guard mayGoOn, left > 0 else { return false }
        sqlite3_sleep(Int32(clamping: min(looks < count ? Self.pauses[looks] : last, left)))
        return true
    }

    /// Settings that cannot spoil what a transaction promises. `journal_mode = OFF` would.
    private static let harmlessPragmas: Set<String> = [
        "foreign_key_check", "foreign_keys", "incremental_vacuum", "index_info", "index_list", "integrity_check", "optimize",
        "quick_check", "table_info", "table_list", "user_version", "wal_checkpoint",
    ]

    private func judged(_ action: Int32, _ name: UnsafePointer<CChar>?) -> Int32 {
        let name = name.map { String(cString: $0) }
        let isFine =
            switch action {
            // However it is written: what the attempt has begun the attempt ends.
            case SQLITE_TRANSACTION, SQLITE_SAVEPOINT: isOwn || !isInTransaction
            // VACUUM attaches a file without a name, for itself.
            case SQLITE_ATTACH: name == ""
            case SQLITE_PRAGMA: name.map { Self.harmlessPragmas.contains($0.lowercased()) } ?? false
            default: true
            }
        return isFine ? SQLITE_OK : SQLITE_DENY
    }

    /// Breaks off what the working thread is doing, and all that it has not begun yet but to roll back.
    func interrupt() {
        isInterrupted.store(true, ordering: .relaxed)
        isOpen.withLock { if $0 { sqlite3_interrupt(handle) } }
    }

    private var mayGoOn: Bool { !isInterrupted.load(ordering: .relaxed) }

    private func requireTime() throws {
        guard mayGoOn else { throw SQLiteError(code: SQLITE_INTERRUPT, message: "interrupted") }
    }

    /// Nothing may be interrupted any more.
    func end() { isOpen.withLock { $0 = false } }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// A statement of Cron++'s own.
    func run(_ sql: String) throws {
        try requireTime()
        try exec(sql)
    }

    func rollBack() {
        if isInTransaction { try? exec("ROLLBACK") }
    }

    private func exec(_ sql: String) throws {
        isOwn = true
        defer { isOwn = false }
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// One statement; what follows it in the text is an error.
    func table(_ sql: String, _ values: [JSONValue], limit: SQLTableLimit) throws -> SQLTable {
        try requireTime()
        let timer = statementTime.map { time in
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(time)) { [weak self] in
                self?.interrupt()
            }
        }
        defer { timer?.cancel() }
        let statement = try prepare(sql)
        defer { sqlite3_finalize(statement) }
        try bind(values, to: statement)
        var table = SQLTable()
        table.columns = (0..<sqlite3_column_count(statement)).map {
            sqlite3_column_name(statement, $0).map { String(cString: $0) } ?? ""
        }
        table.isChange = sqlite3_stmt_readonly(statement) == 0
        let before = sqlite3_total_changes64(handle)
        var room = limit
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: take(statement, &table, &room)
            case SQLITE_DONE:
                // Of what changes rows the changes count, whether or not they are answered.
                if table.isChange { table.rowCount = Int(sqlite3_total_changes64(handle) - before) }
                return table
            case let code: throw error(code)
            }
        }
    }

    /// The only statement of the text; comments and blanks may stand around it.
    private func prepare(_ sql: String) throws -> OpaquePointer {
        var found: OpaquePointer?
        do {
            try sql.withCString { text in
                var rest: UnsafePointer<CChar>? = text
                while let place = rest, place.pointee != 0 {
                    var statement: OpaquePointer?
                    let code = sqlite3_prepare_v2(handle, place, -1, &statement, &rest)
                    guard found == nil || code == SQLITE_OK && statement == nil else {
                        sqlite3_finalize(statement)
                        throw SQLiteError(code: SQLITE_ERROR, message: "one statement at a time; put each into `statements`")
                    }
                    guard code == SQLITE_OK else { throw error(code) }
                    found = found ?? statement
                }
            }
            guard let found else { throw SQLiteError(code: SQLITE_ERROR, message: "there is no statement") }
            return found
        } catch {
            sqlite3_finalize(found)
            throw error
        }
    }

    /// `$1` is a name to SQLite; it is bound by that.
    private func bind(_ values: [JSONValue], to statement: OpaquePointer) throws {
        for place in 1...max(1, sqlite3_bind_parameter_count(statement)) {
            guard let name = sqlite3_bind_parameter_name(statement, place) else { continue }
            let text = String(cString: name)
            guard text.hasPrefix("$"), let index = Int(text.dropFirst()), values.indices.contains(index - 1) else {
                throw SQLiteError(code: SQLITE_RANGE, message: "there is no value for \(text)")
            }
            let code = bind(values[index - 1], place, statement)
            guard code == SQLITE_OK else { throw error(code) }
        }
    }

    private func bind(_ value: JSONValue, _ place: Int32, _ statement: OpaquePointer) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(statement, place)
        case .bool(let flag): return sqlite3_bind_int64(statement, place, flag ? 1 : 0)
        case .integer(let number): return sqlite3_bind_int64(statement, place, number)
        case .number(let number): return sqlite3_bind_double(statement, place, number)
        case .string(let text): return bind(text, place, statement)
        case .array, .object: return bind(JSONWriter.text(value), place, statement)
        }
    }

    private func bind(_ text: String, _ place: Int32, _ statement: OpaquePointer) -> Int32 {
        // SQLITE_TRANSIENT: SQLite takes a copy.
        let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        return sqlite3_bind_text(statement, place, text, Int32(clamping: text.utf8.count), copies)
    }

    private func take(_ statement: OpaquePointer, _ table: inout SQLTable, _ room: inout SQLTableLimit) {
        table.rowCount += 1
        guard !table.isCut, room.rows > 0 else {
            table.isCut = true
            return
        }
        let row = (0..<Int32(table.columns.count)).map { column -> String? in
            guard let text = sqlite3_column_text(statement, column) else { return nil }
            let count = Int(sqlite3_column_bytes(statement, column))
            return String(decoding: UnsafeRawBufferPointer(start: text, count: min(count, room.bytes)), as: UTF8.self)
        }
        let bytes = row.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        guard bytes < room.bytes else {
            table.isCut = true
            return
        }
        room.rows -= 1
        room.bytes -= bytes
        table.rows.append(row)
    }

    private func error(_ code: Int32) -> SQLiteError {
        // A lock was waited for.
        if !mayGoOn, code & 0xFF == SQLITE_BUSY { return SQLiteError(code: SQLITE_INTERRUPT, message: "interrupted") }
        return SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
}

extension SQLiteConnection: SQLSession {
    func execute(_ text: String, _ values: [JSONValue], limit: SQLTableLimit) throws -> SQLTable {
        try table(text, values, limit: limit)
    }
}
