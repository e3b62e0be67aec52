import CronModel
import CronSchedule
import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// The one thread that writes. Verbs that wait together are committed together: one fsync for all of them.
final class SQLiteWriter: Sendable {
    /// Verbs in one commit. More would delay the first ones' answers without saving much.
    static let verbsPerCommit = 256
    /// WAL pages above which a pause is used to write them into the database, and above which no pause is waited for.
    static let idleCheckpointPages = 1_000
    static let forcedCheckpointPages = 32_000

    private typealias Resume = @Sendable () -> Void

    private struct Verb: Sendable {
        /// Runs the verb; answers what to do after the commit.
        let run: @Sendable (WriteSession) throws -> Resume
        let fail: @Sendable (StoreError) -> Void
    }

    private struct State {
        var waiting: [Verb] = []
        var isDraining = false
        var isClosed = false
    }

    private let database: DatabasePool
    private let queue = DispatchQueue(label: "cronpp.sqlite.writer", qos: .userInitiated)
    private let state = Mutex(State())
    private let session: SessionBox
    let commits = Atomic<Int>(0)

    init(database: DatabasePool, clock: any EngineClock, random: RandomSource) throws {
        self.database = database
        session = try database.writeWithoutTransaction { connection in
            guard let handle = connection.sqliteConnection else { throw StoreError.unavailable("no connection") }
            return SessionBox(WriteSession(connection: handle, clock: clock, random: random))
        }
    }

    /// Runs a verb in a transaction and answers after its commit.
    func perform<Value: Sendable>(
        _ verb: @escaping @Sendable (WriteSession) throws -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            add(
                Verb(
                    run: { session in
                        let value = try verb(session)
                        return { continuation.resume(returning: .success(value)) }
                    },
                    fail: { error in continuation.resume(returning: .failure(error)) }))
        }
        return try result.get()
    }

    /// Ends after what is waiting has been committed.
    func close() async {
        state.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async {
                self.drain()
                self.checkpoint(always: true)
                self.session.session = nil
                continuation.resume()
            }
        }
    }

    private func add(_ verb: Verb) {
        let (isClosed, starts) = state.withLock { state in
            guard !state.isClosed else { return (true, false) }
            state.waiting.append(verb)
            defer { state.isDraining = true }
            return (false, !state.isDraining)
        }
        if isClosed { return verb.fail(.unavailable("the store is closed")) }
        if starts { queue.async { self.drain() } }
    }

    private func drain() {
        while let batch = next() { commit(batch) }
    }

    private func next() -> [Verb]? {
        let batch: [Verb]? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isDraining = false
                return nil
            }
            let batch = Array(state.waiting.prefix(Self.verbsPerCommit))
            state.waiting.removeFirst(batch.count)
            return batch
        }
        if batch == nil { checkpoint(always: false) }
        return batch
    }
}

// MARK: - One commit

extension SQLiteWriter {
    private func commit(_ batch: [Verb]) {
        /// Verbs that have had no answer yet.
        var open = batch[...]
        var answers: [(verb: Verb, resume: Resume)] = []
        do {
            try database.writeWithoutTransaction { _ in
                guard let session = session.session else { throw StoreError.unavailable("the store is closed") }
                guard !session.isBroken else {
                    throw StoreError.unavailable("the database could not be read back after a failure; restart")
                }
                try session.execute("BEGIN IMMEDIATE")
                while let verb = open.popFirst() {
                    switch run(verb, session) {
                    case .success(let resume): answers.append((verb, resume))
                    case .failure(let error): verb.fail(error)
                    }
                    // A full disk takes back the whole transaction, not only the verb that met it.
                    if session.hasLostTransaction {
                        throw StoreError.unavailable("SQLite: the transaction was rolled back")
                    }
                }
                do {
                    try session.execute("COMMIT")
                    session.keep()
                } catch {
                    try? session.execute("ROLLBACK")
                    throw error
                }
            }
            commits.add(1, ordering: .relaxed)
            for answer in answers { answer.resume() }
        } catch {
            session.session?.forget()
            let failure = StoreError(sqlite: error)
            for verb in answers.map(\.verb) + open { verb.fail(failure) }
        }
        if session.walPages >= Self.forcedCheckpointPages { checkpoint(always: true) }
    }

    /// Runs one verb in its savepoint, so that its failure takes back its own writes only.
    private func run(_ verb: Verb, _ session: WriteSession) -> Result<Resume, StoreError> {
        do {
            try session.execute("SAVEPOINT verb")
            session.readClock()
            let resume = try verb.run(session)
            try session.execute("RELEASE verb")
            return .success(resume)
        } catch {
            try? session.execute("ROLLBACK TO verb")
            try? session.execute("RELEASE verb")
            session.forget()
            return .failure(StoreError(sqlite: error))
        }
    }

    /// Writes the WAL into the database. Only this thread ever does, and no other connection writes: SQLite before
    /// 3.51.3 can lose commits when a checkpoint and a writer on another connection meet.
    private func checkpoint(always: Bool) {
        guard always || session.walPages >= Self.idleCheckpointPages else { return }
        try? database.writeWithoutTransaction { _ in
            try session.session?.execute("PRAGMA wal_checkpoint(PASSIVE)")
        }
        session.walPages = 0
    }
}

/// Holds the session and the length of its WAL.
// Used on the writer's queue only, between its creation and its end.
private final class SessionBox: @unchecked Sendable {
    var session: WriteSession?
    var walPages = 0

    init(_ session: WriteSession) {
        self.session = session
        // Replaces the automatic checkpoint, which would run inside a commit.
        let box = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            session.connection,
            { box, _, _, pages in
                if let box { Unmanaged<SessionBox>.fromOpaque(box).takeUnretainedValue().walPages = Int(pages) }
                return SQLITE_OK
            }, box)
    }
}

extension StoreError {
    /// What an error inside a verb means to its caller.
    init(sqlite error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as IllegalTransition: self.init(ChangeRefusal.defect(error))
        case let error as SQLError where error.isConstraint: self = .corrupt("SQLite: \(error.message)")
        case let error as SQLError: self = .unavailable("SQLite: \(error.message)")
        case let error as DatabaseError: self = .unavailable("SQLite: \(error.message ?? "\(error.resultCode)")")
        default: self = .unavailable("\(error)")
        }
    }
}
