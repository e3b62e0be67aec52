package import CronModel
package import CronSchedule
package import PostgresClient

/// The cluster's store: any number of nodes over one PostgreSQL. Each verb is one transaction; the database's clock
/// decides.
package final class PostgresStore: Store {
    /// What a node takes of the server's connections, heartbeats not counted.
    package static let standardPoolSize = 8
    /// How long a verb waits for a connection before it fails.
    private static let waitLimitMilliseconds = 5_000
    /// A transaction that met another one is made again so often before its caller hears of it.
    private static let conflictLimit = 5

    package let clock: any EngineClock
    package let description: String
    let memory: Memory
    let claimLocks: ClaimLocks
    let patience: LockPatience
    private let config: PostgresConfig
    let system: any EngineClock
    private let databaseClock: PostgresClock?
    private let fixedClock: (any EngineClock)?
    let pool: PostgresPool
    /// A connection of its own, so that no work of this node keeps its lease from being renewed.
    private let heartbeatPool: PostgresPool

    /// Connects, checks the server and brings its schema up to date.
    /// - Parameters:
    ///   - reserved: connections of these that only the pipeline may have, whatever people ask for.
    ///   - system: for time that never jumps; the database's clock decides.
    ///   - locks: asked before waiting runs are claimed; nil asks nobody.
    ///   - fixedClock: decides instead of the database's, in tests.
    ///   - seed: makes ids repeatable, for tests.
    ///   - patience: how long others' locks may hold starts and ends up.
    ///   - isDurable: refuse a server that may lose acknowledged commits; tests need none that keeps them.
    /// - Throws: `unavailable` when the server cannot be reached or used now, `misconfigured` when it lets nobody in with
    ///   these credentials, does not keep acknowledged commits, is too old, or its schema is newer than this binary.
    package static func open(
        _ config: PostgresConfig, poolSize: Int = standardPoolSize, reserved: Int = 0, system: any EngineClock,
        locks: (any LockProvider)? = nil, fixedClock: (any EngineClock)? = nil, seed: UInt64? = nil,
        patience: LockPatience = .standard, isDurable: Bool = true
    ) async throws(StoreError) -> PostgresStore {
        let store = PostgresStore(
            config, poolSize: poolSize, reserved: reserved, system: system, fixedClock: fixedClock,
            patience: patience, locks: ClaimLocks(locks ?? StoreLocks(owner: "", clock: system)),
            memory: Memory(random: seed.map { RandomSource(seed: $0) } ?? RandomSource(), isRepeatable: seed != nil))
        do {
            try await store.prepare(isDurable: isDurable)
        } catch {
            await store.close()
            throw error
        }
        return store
    }

    private init(
        _ config: PostgresConfig, poolSize: Int, reserved: Int, system: any EngineClock, fixedClock: (any EngineClock)?,
        patience: LockPatience, locks: ClaimLocks, memory: Memory
    ) {
        self.config = config
        self.system = system
        description = config.description
        self.memory = memory
        self.patience = patience
        claimLocks = locks
        self.fixedClock = fixedClock
        let databaseClock = fixedClock == nil ? PostgresClock(system: system) : nil
        self.databaseClock = databaseClock
        clock = fixedClock ?? databaseClock ?? system
        pool = PostgresPool(config: config, size: poolSize, waitLimit: Self.waitLimitMilliseconds, reserved: reserved)
        heartbeatPool = PostgresPool(config: config, size: 1, waitLimit: Self.waitLimitMilliseconds)
    }

    private func prepare(isDurable: Bool) async throws(StoreError) {
        let settings = try await perform { session in
            try session.query("SELECT current_setting('fsync'), current_setting('server_version_num')::integer").first {
                (fsync: try $0.text(0), version: try $0.int(1))
            }
        }
        if isDurable, settings?.fsync != "on" {
            throw .misconfigured("the server runs with fsync=off: it would lose acknowledged commits")
        }
        if let version = settings?.version, version < 130_000 {
            throw .misconfigured("the server's version \(version / 10_000) is older than 13")
        }
        try await perform { session in try Migrations.run(session) }
        for _ in 0..<3 { try await readClock() }
    }

    private func readClock() async throws(StoreError) {
        _ = try await ask("SELECT cronpp_now()", now: { try $0.instant(0) })
    }

    /// Keeps the clock of a node that executes nothing.
    package func check() async throws(StoreError) { try await readClock() }

    package func close() async {
        await pool.close()
        await heartbeatPool.close()
    }

    /// Hints to the other nodes; nil behind a proxy that pools transactions, which cannot pass them on.
    package func wakeups(of node: String) -> PostgresWakeups? {
        guard config.pooling == .session else { return nil }
        return PostgresWakeups(node: node, config: config, clock: system) { [pool] query in
            _ = try? await pool.query(query)
        }
    }

    /// Where nodes leave output of running attempts for each other.
    package var outputs: PostgresOutputs {
        PostgresOutputs(
            send: { [pool] in try await pool.query($0) }, moment: { [fixedClock] in fixedClock?.now.microseconds })
    }

    package func heartbeat(node: NodeID, lease: Span) async throws(StoreError) -> HeartbeatAnswer {
        do {
            return try Session.readHeartbeat(
                try await heartbeatPool.query(Session.heartbeat(node, lease: lease, moment, head: Session.head(clock))))
        } catch {
            throw StoreError(postgres: error, .askedAgain)
        }
    }

    /// Statements sent so far by all connections of this node, BEGIN and COMMIT too.
    var statementCount: Int { pool.metrics.statements + heartbeatPool.metrics.statements }
}

// MARK: - Transactions

extension PostgresStore {
    /// Whether a caller must be told when a COMMIT's answer is lost.
    enum LostAnswer {
        /// The verb asks again by fence, and finds out.
        case askedAgain
        case told
    }

    /// Runs a verb in one transaction.
    /// - Parameter space: whose rows it may see, whatever its statements say (row-level security); nil for the engine,
    ///   which works for all.
    func perform<Value: Sendable>(
        _ lost: LostAnswer = .askedAgain, in space: UserID? = nil, _ body: @escaping @Sendable (Session) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await attempt(in: space, body)
        } catch {
            throw StoreError(postgres: error, lost)
        }
    }

    /// A step of the pipeline, which goes before what people ask for.
    func step<Value: Sendable>(
        _ body: @escaping @Sendable (Session) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await attempt(urgent: true, body)
        } catch {
            throw StoreError(postgres: error, .askedAgain)
        }
    }

    /// The same for who looks at the error itself.
    func attempt<Value: Sendable>(
        in space: UserID? = nil, urgent: Bool = false, _ body: @escaping @Sendable (Session) throws -> Value
    ) async throws -> Value {
        let (memory, fixedClock, head) = (memory, fixedClock, Session.head(clock))
        for _ in 1..<Self.conflictLimit {
            do {
                let (value, kept) = try await pool.transaction(urgent: urgent) { transaction in
                    if let space { transaction.enqueue(Session.enter(space)) }
                    let session = Session(transaction, memory: memory, fixedClock: fixedClock, head: head)
                    let value = try body(session)
                    memory.used(session.random)
                    return (value, session.kept)
                }
                memory.remember(kept)
                return value
            } catch let error as PostgresError where error.isConflict {
                continue
            }
        }
        throw StoreError.unavailable("other transactions kept this one from being made")
    }
}

extension PostgresStore {
    /// One statement outside a transaction, without locks, so that its round trip tells the clock too.
    /// - Parameter now: where the answer has the database's time, read when the statement began.
    func ask(
        _ query: PostgresQuery, now: @Sendable (PostgresRow) throws -> Instant
    ) async throws(StoreError) -> PostgresRow {
        do {
            let system = system
            let timed = try await pool.query(query, urgent: true) { system.uptime }
            guard let row = timed.result.rows.first else { throw StoreError.corrupt("no answer to \(query)") }
            databaseClock?.observe(try now(row), between: timed.sent, and: timed.answered)
            return row
        } catch {
            throw StoreError(postgres: error, .askedAgain)
        }
    }

    var moment: Int64? { fixedClock?.now.microseconds }
}

extension PostgresError {
    /// Another transaction was in the way; nothing was committed, and the same may succeed now.
    fileprivate var isConflict: Bool {
        // 42P07: two nodes create the schema at once.
        guard case .sqlState(let code, _, let constraint, _) = self else { return false }
        return code == "40001" || code == "40P01" || code == "42P07"
            || (code == "23505" && constraint?.hasPrefix("pg_") == true)
    }
}

extension StoreError {
    init(postgres error: any Error, _ lost: PostgresStore.LostAnswer) {
        switch error {
        case let error as StoreError: self = error
        case let error as IllegalTransition: self.init(ChangeRefusal.defect(error))
        case PostgresError.commitUnknown(let text):
            self = lost == .told ? .outcomeUnknown(text) : .unavailable(text)
        case PostgresError.sqlState(let code, let message, let constraint, _):
            switch code.prefix(2) {
            case "23": self = .corrupt("PostgreSQL: \(message) \(constraint ?? "")")
            // Something is not permitted, or not there: the schema is not this binary's to use.
            case "42": self = .misconfigured("PostgreSQL: \(message) (\(code))")
            default: self = .unavailable("PostgreSQL: \(message) (\(code))")
            }
        case PostgresError.signInRefused, PostgresError.config: self = .misconfigured("\(error)")
        case PostgresError.decoding: self = .corrupt("\(error)")
        default: self = .unavailable("\(error)")
        }
    }
}
