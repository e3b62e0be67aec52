/// An answer, and what the time was on the connection's thread just before its statement was sent and when it was there.
package struct Timed<Moment: Sendable>: Sendable {
    package let result: PostgresResult
    package let sent: Moment
    package let answered: Moment
}

/// One connection. Its executor is a thread of its own, so that libpq's waiting blocks nobody else.
package actor PostgresConnection {
    private let thread: ConnectionThread
    private let config: PostgresConfig
    private let preamble: [PostgresQuery]
    private let health: Health
    private var wire: Wire?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Not open yet.
    package init(_ config: PostgresConfig) { self.init(config, tally: Tally()) }

    private init(_ config: PostgresConfig, tally: Tally) {
        self.config = config
        health = Health(tally: tally, owner: config.owner)
        thread = ConnectionThread(name: "postgres")
        preamble = Self.preamble(config)
    }

    deinit { thread.stop() }

    package static func connect(_ config: PostgresConfig) async throws(PostgresError) -> PostgresConnection {
        try await connect(config, tally: Tally())
    }

    static func connect(_ config: PostgresConfig, tally: Tally) async throws(PostgresError) -> PostgresConnection {
        let connection = PostgresConnection(config, tally: tally)
        try await connection.open()
        return connection
    }

    /// To be called once. Ends at once when it is aborted, or was before.
    package func open() throws(PostgresError) { wire = try Wire(config, health: health) }

    /// Runs the body inside a transaction and commits it unless the body has. A throw rolls back. Errors are
    /// `PostgresError` or the body's own.
    @discardableResult
    package func transaction<T: Sendable>(_ body: @Sendable (PostgresTransaction) throws -> T) throws -> T {
        try run(body, on: usable())
    }

    /// One statement outside a transaction: it commits itself, so a lost answer is `commitUnknown`.
    package func query(_ query: PostgresQuery) throws(PostgresError) -> PostgresResult {
        let results = try pipeline([query])
        guard let result = results.last else { throw .misuse("a statement without an answer") }
        return result
    }

    /// Several statements in one round trip and one transaction.
    package func pipeline(_ queries: [PostgresQuery]) throws(PostgresError) -> [PostgresResult] {
        let wire = try usable()
        if queries.count == 1, config.pooling == .session { return try wire.exchange(queries, committing: true) }
        let transaction = PostgresTransaction(wire, preamble: preamble)
        do {
            return try transaction.commit(queries)
        } catch {
            transaction.rollback()
            throw error
        }
    }

    /// Runs the body with statements outside of any transaction: each commits itself.
    package func autocommit<T: Sendable>(_ body: @Sendable (PostgresAutocommit) throws -> T) throws -> T {
        try body(PostgresAutocommit(wire: usable()))
    }

    // As above; nil, with nothing sent and no body called, if the server has closed this connection.

    func transactionIfAlive<T: Sendable>(_ body: @Sendable (PostgresTransaction) throws -> T) throws -> T? {
        guard let wire, wire.isAlive else { return nil }
        return try run(body, on: wire)
    }

    func queryIfAlive(_ query: PostgresQuery) throws(PostgresError) -> PostgresResult? {
        guard let wire, wire.isAlive else { return nil }
        return try self.query(query)
    }

    func queryIfAlive<Moment>(
        _ query: PostgresQuery, between moment: @Sendable () -> Moment
    ) throws(PostgresError) -> Timed<Moment>? {
        guard let wire, wire.isAlive else { return nil }
        let sent = moment()
        let result = try self.query(query)
        return Timed(result: result, sent: sent, answered: moment())
    }

    var isAlive: Bool { wire?.isAlive ?? false }

    /// Whether it must not be used any more. Told without waiting for the connection's thread.
    package nonisolated var isBroken: Bool { health.isOver }

    /// Asks the server to break off what this connection is waiting for; that then fails with `isCancelled`. Nothing
    /// happens if it is not waiting; before it is open it is aborted.
    package nonisolated func cancelStatement() { health.cancel() }

    /// Ends the connection at once, whatever it waits for, its opening too: with a server that does not listen, asking is
    /// not enough.
    package nonisolated func abort() { health.abort() }

    /// How often an answer was waited for.
    package var roundTrips: Int { wire?.roundTrips ?? 0 }

    package func close() {
        health.end()
        wire = nil
    }

    private func usable() throws(PostgresError) -> Wire {
        guard let wire else { throw .connectionLost("the connection is closed") }
        if let defect = wire.defect { throw .connectionLost(defect) }
        return wire
    }

    private func run<T>(_ body: (PostgresTransaction) throws -> T, on wire: Wire) throws -> T {
        let transaction = PostgresTransaction(wire, preamble: preamble)
        do {
            let value = try body(transaction)
            try transaction.finish()
            return value
        } catch {
            transaction.rollback()
            throw error
        }
    }

    private static func preamble(_ config: PostgresConfig) -> [PostgresQuery] {
        let begin: PostgresQuery = "BEGIN ISOLATION LEVEL READ COMMITTED"
        guard config.pooling == .transaction else { return [begin] }
        // SET takes no parameters; one SELECT of set_config(…, is_local: true) sets them all.
        var parts = PostgresQuery.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
        for (index, setting) in config.sessionSettings.enumerated() {
            parts.appendLiteral(index == 0 ? "SELECT set_config(" : ", set_config(")
            parts.appendInterpolation(setting.name)
            parts.appendLiteral(", ")
            parts.appendInterpolation(setting.value)
            parts.appendLiteral(", true)")
        }
        return [begin, PostgresQuery(stringInterpolation: parts)]
    }
}

/// Statements outside of any transaction while the body runs that has it, on its connection's thread. A lost answer is
/// `commitUnknown`.
package final class PostgresAutocommit {
    private let wire: Wire

    fileprivate init(wire: Wire) { self.wire = wire }

    /// As `PostgresTransaction.table`.
    package func table(_ query: PostgresQuery, limit: TableLimit) throws(PostgresError) -> PostgresTable {
        try wire.table(query, limit: limit, committing: true)
    }
}
