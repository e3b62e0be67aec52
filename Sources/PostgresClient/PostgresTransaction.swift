/// A transaction while its body runs, on its connection's thread. READ COMMITTED. BEGIN travels with the first statement.
package final class PostgresTransaction {
    private enum Phase {
        case open
        case committed
        case over
    }

    private let wire: Wire
    /// What is sent before the next statement.
    private var pending: [PostgresQuery]
    private var phase = Phase.open
    /// The first error; COMMIT after it would roll back.
    private var failure: PostgresError?

    init(_ wire: Wire, preamble: [PostgresQuery]) {
        self.wire = wire
        pending = preamble
        isUntouched = true
    }

    /// Whether nothing was asked for yet: then there is nothing to begin, commit or roll back.
    private var isUntouched: Bool

    package func query(_ query: PostgresQuery) throws(PostgresError) -> PostgresResult {
        let results = try pipeline([query])
        guard let result = results.last else { throw .misuse("a statement without an answer") }
        return result
    }

    /// All statements in one round trip. An error is the first failing statement's; those after it did not run.
    package func pipeline(_ queries: [PostgresQuery]) throws(PostgresError) -> [PostgresResult] {
        try requireOpen()
        let batch = pending + queries
        pending = []
        isUntouched = false
        return try exchange(batch, committing: false).suffix(queries.count)
    }

    /// Sent with the next statement or with COMMIT; its error surfaces there.
    package func enqueue(_ query: PostgresQuery) {
        isUntouched = false
        pending.append(query)
    }

    /// One statement whose answer may be larger than memory: what is beyond the limit is counted and dropped.
    package func table(_ query: PostgresQuery, limit: TableLimit) throws(PostgresError) -> PostgresTable {
        if !pending.isEmpty { _ = try pipeline([]) }
        try requireOpen()
        isUntouched = false
        do {
            return try wire.table(query, limit: limit, committing: false)
        } catch {
            failure = failure ?? error
            throw error
        }
    }

    /// Whether the server still has this transaction open: a statement from outside may have ended it.
    package var isOpen: Bool { wire.state == .inTransaction }

    /// Text of several statements without parameters: a migration. Nothing in it comes back.
    package func script(_ text: String) throws(PostgresError) {
        _ = try pipeline([])
        do {
            try wire.script(text)
        } catch {
            failure = failure ?? error
            throw error
        }
    }

    /// The statements and COMMIT in one round trip. Nothing may follow.
    @discardableResult
    package func commit(_ queries: PostgresQuery...) throws(PostgresError) -> [PostgresResult] {
        try commit(queries)
    }

    @discardableResult
    package func commit(_ queries: [PostgresQuery]) throws(PostgresError) -> [PostgresResult] {
        try requireOpen()
        if isUntouched && queries.isEmpty {
            phase = .committed
            return []
        }
        let batch = pending + queries + [Self.commitStatement]
        pending = []
        isUntouched = false
        let results = try exchange(batch, committing: true)
        // The server answers ROLLBACK to the COMMIT of a transaction in which a statement has failed.
        guard let last = results.last, last.tag == "COMMIT" else {
            throw failure ?? .misuse("COMMIT was answered by \(results.last?.tag ?? "nothing")")
        }
        phase = .committed
        return results.dropLast().suffix(queries.count)
    }

    // MARK: The connection's part

    private static let commitStatement: PostgresQuery = "COMMIT"

    /// After the body: commits unless it has.
    func finish() throws(PostgresError) {
        defer { phase = .over }
        if phase == .open { try commit([]) }
    }

    /// After an error: leaves the connection outside of any transaction, or unusable.
    func rollback() {
        phase = .over
        if wire.defect == nil, wire.state != .idle { _ = try? wire.exchange(["ROLLBACK"], committing: false) }
        if wire.defect == nil, wire.state != .idle { wire.condemn("the transaction could not be rolled back") }
    }

    private func requireOpen() throws(PostgresError) {
        guard phase == .open else { throw .misuse("a statement after COMMIT or outside of the transaction's body") }
    }

    private func exchange(_ batch: [PostgresQuery], committing: Bool) throws(PostgresError) -> [PostgresResult] {
        do {
            return try wire.exchange(batch, committing: committing)
        } catch {
            failure = failure ?? error
            throw error
        }
    }
}
