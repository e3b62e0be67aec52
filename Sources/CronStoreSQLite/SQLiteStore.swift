package import CronModel
import CronSchedule
import Foundation
import GRDB
import Synchronization

/// The embedded store: one SQLite file, one process, one writing thread.
package final class SQLiteStore: Store {
    /// Connections that read for the API while the writer works.
    static let readerLimit = 4

    package let clock: any EngineClock
    package let description: String
    let writer: SQLiteWriter
    private let database: DatabasePool
    private let lock: ProcessLock
    /// The last space whose history was counted.
    let surplusAfter = Mutex<UserID?>(nil)

    /// Opens or creates the file, mode 0600, and brings its schema up to date.
    /// - Parameter seed: makes ids repeatable, for tests.
    /// - Throws: `unavailable` when another process holds the file, or it lies on a network file system, or its schema
    ///   is newer than this binary.
    package static func open(
        path: String, clock: any EngineClock, seed: UInt64? = nil
    ) throws(StoreError) -> SQLiteStore {
        let lock = try ProcessLock(database: path)
        do {
            if !FileManager.default.fileExists(atPath: path) {
                FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            let database = try DatabasePool(path: path, configuration: configuration)
            try migrate(database, path: path)
            let random = seed.map { RandomSource(seed: $0) } ?? RandomSource()
            let writer = try SQLiteWriter(database: database, clock: clock, random: random)
            return SQLiteStore(path: path, clock: clock, database: database, writer: writer, lock: lock)
        } catch {
            lock.unlock()
            throw StoreError(sqlite: error)
        }
    }

    private init(
        path: String, clock: any EngineClock, database: DatabasePool, writer: SQLiteWriter, lock: ProcessLock
    ) {
        self.clock = clock
        self.database = database
        self.writer = writer
        self.lock = lock
        description = "sqlite:\(path)"
    }

    package func check() async throws(StoreError) {
        try await writer.perform { session in try session.execute("SELECT 1") }
    }

    package func close() async {
        await writer.close()
        try? database.close()
        lock.unlock()
    }

    /// How many transactions have been committed, for tests and measurements.
    package var commitCount: Int { writer.commits.load(ordering: .relaxed) }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = readerLimit
        configuration.label = "cronpp.sqlite"
        configuration.prepareDatabase { database in
            // 64 MiB of pages for each connection, memory-mapped reads none: a truncated file must not be a signal.
            try database.execute(sql: "PRAGMA cache_size = -65536; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    private static func migrate(_ database: DatabasePool, path: String) throws {
        let migrator = Migrations.migrator
        if try database.read({ try migrator.hasBeenSuperseded($0) }) {
            throw StoreError.unavailable("\(path) was written by a newer cronpp; this one cannot read it")
        }
        try database.writeWithoutTransaction { database in
            // A commit that was answered survives a power loss; NORMAL would lose the last ones.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        try migrator.migrate(database)
    }

    /// Reads a consistent snapshot beside the writer.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (ReadSession) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await database.read { database in
                guard let handle = database.sqliteConnection else { throw StoreError.unavailable("no connection") }
                return try body(ReadSession(connection: handle))
            }
        } catch {
            throw StoreError(sqlite: error)
        }
    }
}

extension SQLiteStore {
    /// What a pragma of the writing connection says, for tests.
    package func pragma(_ text: String) async throws(StoreError) -> String? {
        try await writer.perform { session in
            let statement = try SQLStatement(session.connection, "PRAGMA \(text)").begin()
            return try statement.first { $0.textOrNil(0) } ?? nil
        }
    }
}
