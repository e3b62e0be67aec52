import CLibPQ

/// One connection as libpq knows it, always in pipeline mode: what is sent together is answered together. Lives on its
/// connection's thread.
final class Wire {
    let connection: OpaquePointer
    let deadline: Deadline
    let answerTimeout: Int
    private let health: Health
    private var intake: Intake
    private var statements: StatementCache?
    /// Why this connection must not be used any more.
    private(set) var defect: String?
    /// How often an answer was waited for.
    private(set) var roundTrips = 0

    func countRoundTrip(statements: Int) {
        roundTrips += 1
        health.sends(statements)
    }

    init(_ config: PostgresConfig, health: Health) throws(PostgresError) {
        self.health = health
        deadline = try Deadline()
        connection = try Dialer(config: config, deadline: deadline, health: health).connect()
        intake = Intake(PQsocket(connection), mostBytes: config.isForeign ? Intake.sessionBytes : nil)
        answerTimeout = config.answerTimeout
        statements = config.pooling == .session ? StatementCache() : nil
        guard PQenterPipelineMode(connection) == 1 else { throw .cannotConnect(message) }
        health.begin(PQgetCancel(connection), socket: PQsocket(connection))
    }

    deinit {
        health.end()
        PQfinish(connection)
    }

    enum State {
        case idle
        case inTransaction
        case failed
    }

    /// What the server said last; `failed` for a connection that is gone.
    var state: State {
        switch PQtransactionStatus(connection) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_INTRANS: .inTransaction
        default: .failed
        }
    }

    /// Takes in what the server said unasked; a connection closed by it is found here, before something is sent.
    var isAlive: Bool {
        guard defect == nil else { return false }
        guard Deadline.hasNews(PQsocket(connection)) else { return true }
        // A server that closes sends an error first; libpq sees the end only when it reads once more.
        for _ in 0..<2 where PQconsumeInput(connection) == 0 || PQstatus(connection) == CONNECTION_BAD {
            condemn(message)
            return false
        }
        return true
    }

    func condemn(_ reason: String) {
        defect = defect ?? reason
        health.end()
    }

    /// Sends the statements in one go and waits for all their answers: one round trip. Throws the error of the first
    /// statement that failed; those after it did not run. `committing`: the last statement makes it all durable.
    func exchange(_ queries: [PostgresQuery], committing: Bool) throws(PostgresError) -> [PostgresResult] {
        if let defect { throw .connectionLost(defect) }
        for query in queries where query.parameterCount > Int(UInt16.max) {
            throw .misuse("\(query.parameterCount) parameters in one statement, at most \(UInt16.max)")
        }
        var answers = Answers(count: queries.count)
        do throws(Lost) {
            let steps = try send(queries)
            countRoundTrip(statements: queries.count)
            try flush()
            for step in steps { try read(step, queries, &answers) }
            try readSync()
        } catch {
            condemn(error.reason)
            if let refusal = answers.refusal { throw refusal }
            if answers.results.count == queries.count { return answers.results }
            throw committing && !error.provesRollback ? .commitUnknown(error.reason) : .connectionLost(error.reason)
        }
        if let refusal = answers.refusal {
            if refusal.spoilsConnection { condemn(refusal.description) }
            throw refusal
        }
        return answers.results
    }

    // MARK: Sending

    private enum Step {
        case prepare(StatementCache.Key)
        case deallocate
        case execute(Int)
    }

    private func send(_ queries: [PostgresQuery]) throws(Lost) -> [Step] {
        var steps: [Step] = []
        steps.reserveCapacity(queries.count)
        for (index, query) in queries.enumerated() {
            let name = try prepare(query, &steps)
            try check(query.send(on: connection, name: name))
            steps.append(.execute(index))
        }
        try check(PQpipelineSync(connection))
        return steps
    }

    /// The name under which the server knows the statement, or will when this pipeline has come so far.
    private func prepare(_ query: PostgresQuery, _ steps: inout [Step]) throws(Lost) -> String? {
        guard statements != nil else { return nil }
        let key = StatementCache.Key(text: query.text, oids: query.oids)
        if let name = statements?.name(of: key) { return name }
        if let old = statements?.evict() {
            try check(PQsendQueryParams(connection, "DEALLOCATE \(old)", 0, nil, nil, nil, nil, 1))
            steps.append(.deallocate)
        }
        let name = statements?.add(key)
        try check(
            query.oids.withUnsafeBufferPointer {
                PQsendPrepare(connection, name, query.text, Int32($0.count), $0.baseAddress)
            })
        steps.append(.prepare(key))
        return name
    }

    func check(_ result: Int32) throws(Lost) {
        if result != 1 { throw Lost(reason: message) }
    }

    func flush() throws(Lost) {
        deadline.start(milliseconds: answerTimeout)
        while true {
            let left = PQflush(connection)
            if left == 0 { return }
            if left < 0 { throw Lost(reason: message) }
            try wait(for: .both)
            try check(PQconsumeInput(connection))
        }
    }

    // MARK: Receiving

    private func read(_ step: Step, _ queries: [PostgresQuery], _ answers: inout Answers) throws(Lost) {
        while let result = try next() {
            let status = PQresultStatus(result)
            switch status {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                if case .execute = step { answers.results.append(PostgresResult(result)) } else { PQclear(result) }
            case PGRES_PIPELINE_ABORTED:
                PQclear(result)
                forget(step)
            case PGRES_FATAL_ERROR:
                defer { PQclear(result) }
                forget(step)
                try answers.refuse(ServerError(result), statement: text(of: step, queries))
            default:
                PQclear(result)
                throw Lost(reason: "unexpected answer \(status.rawValue) (COPY is not supported)")
            }
        }
    }

    private func forget(_ step: Step) {
        if case .prepare(let key) = step { statements?.remove(key) }
    }

    private func text(of step: Step, _ queries: [PostgresQuery]) -> String? {
        switch step {
        case .prepare(let key): key.text
        case .execute(let index): queries[index].text
        case .deallocate: nil
        }
    }

    func readSync() throws(Lost) {
        guard let result = try next() else { throw Lost(reason: Self.mismatch) }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC: return
        case PGRES_FATAL_ERROR: throw ServerError(result).lost
        default: throw Lost(reason: Self.mismatch)
        }
    }

    private static let mismatch = "the answers do not match what was sent"

    /// The next result; nil where those of a statement end.
    func next() throws(Lost) -> OpaquePointer? {
        deadline.start(milliseconds: answerTimeout)
        while PQisBusy(connection) == 1 {
            try wait(for: .read)
            try check(PQconsumeInput(connection))
        }
        return PQgetResult(connection)
    }

    /// Waits for something unasked; false if nothing came within the limit, nil if the wait was broken off.
    func waitForNews(milliseconds: Int, interrupt: Int32) throws(Lost) -> Bool? {
        deadline.start(milliseconds: milliseconds)
        switch deadline.wait(PQsocket(connection), for: .read, interrupt: interrupt) {
        case .ready: try check(PQconsumeInput(connection))
        case .expired: return false
        case .interrupted: return nil
        }
        return true
    }

    /// A row is read and will be dropped: it does not count any more.
    func finishRow(bytes: Int) { intake.finishRow(bytes: bytes) }

    func wait(for direction: Deadline.Direction) throws(Lost) {
        if intake.isOver, let most = intake.mostBytes {
            throw Lost(reason: "the server sent more than \(most) bytes besides rows that are done")
        }
        if deadline.wait(PQsocket(connection), for: direction) == .expired {
            throw Lost(reason: "no answer within \(answerTimeout) ms")
        }
    }

    var message: String {
        String(cString: PQerrorMessage(connection)).split(separator: "\n").joined(separator: ", ")
    }
}
