import CronModel
import CronSchedule

/// SQL in a SQLite file of a user. Each attempt opens it anew, as on a server. The file knows no lost answers: COMMIT is a
/// call, and what a killed process had not committed is taken back by the next one that opens the file.
struct SQLiteDriver: SQLDriver {
    /// Nil when the file is not there, or not allowed any more.
    let path: String?
    let threads: SQLiteThreads
    /// Whose connection it is.
    let space: UserID

    func run(_ work: SQLWork, limits: SQLLimits) async throws(SQLFailure) -> SQLEnd {
        try await connected(limits) { connection, progress in
            try Self.refuseOwn(connection)
            guard work.usesTransaction else {
                return .done(try work.run(in: connection) { _ in progress.effectMayHappen() })
            }
            if work.keepsLedger, work.purpose != .dryRun { try connection.run(SQLLedger.create) }
            // The write lock from the start: one that reads first and writes later may be refused in between.
            try connection.run(work.purpose == .read ? "BEGIN" : "BEGIN IMMEDIATE")
            do {
                let end = try work.perform(in: connection)
                try connection.run("COMMIT")
                return end
            } catch {
                connection.rollBack()
                throw error
            }
        }
    }

    func test(limits: SQLLimits) async throws(SQLFailure) -> [String: JSONValue] {
        try await connected(limits) { connection, _ in
            try Self.refuseOwn(connection)
            let found = try connection.execute("SELECT sqlite_version()", [], limit: .own).rows.first ?? []
            let ledger = try connection.execute(
                "SELECT 1 FROM sqlite_schema WHERE name = 'cronpp_ledger'", [], limit: .own)
            return [
                "server_version": found.first?.map { .string("SQLite \($0)") } ?? .null,
                "ledger": .string(ledger.rows.isEmpty ? "made by the first attempt" : "there"),
            ]
        }
    }

    private static func refuseOwn(_ session: some SQLSession) throws {
        let found = try session.execute(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('job_cursors', 'refresh_tokens', 'runs')", [],
            limit: .own)
        if found.rows.first?.first == "3" { throw SQLRefusal.ownDatabase }
    }

    private func connected<Value: Sendable>(
        _ limits: SQLLimits, _ body: @escaping @Sendable (SQLiteConnection, SQLProgress) throws -> Value
    ) async throws(SQLFailure) -> Value {
        guard let path else {
            throw SQLFailure(
                cause: .unreachable(isPermanent: true), message: "the file is not there any more", reach: .nothingSent)
        }
        let progress = SQLProgress()
        do {
            return try await TimeLimit.run(limits.total, progress) {
                let connection = try SQLiteConnection(
                    path: path, lockTimeout: limits.lock,
                    statementTime: limits.statement < limits.total ? limits.statement : nil)
                defer { connection.end() }
                let end: @Sendable () -> Void = { connection.interrupt() }
                return try await TimeLimit.ending(ask: end, force: end) {
                    try await threads.run(for: space) { try body(connection, progress) }
                }
            }
        } catch {
            throw Self.failure(error, progress)
        }
    }

    private static func failure(_ error: any Error, _ progress: SQLProgress) -> SQLFailure {
        if let refusal = error as? SQLRefusal { return SQLFailure(refusal) }
        if error is CancellationError {
            return SQLFailure(
                cause: progress.end ?? .cancelled, message: "SQLite: ended before there was a thread", reach: .nothingSent)
        }
        guard let error = error as? SQLiteError else {
            return SQLFailure(cause: progress.end ?? .cancelled, message: "\(error)", reach: .nothingSent)
        }
        let cause: SQLFailure.Cause =
            error.isInterrupted
            ? progress.end ?? .outOfTime
            : error.isUnreachable
                ? .unreachable(isPermanent: false) : .statement(isPermanent: !error.mayPass)
        let reach: Outcome.Reach = progress.reach == .nothingSent ? .nothingSent : .answered
        return SQLFailure(cause: cause, message: "SQLite: \(error.message)", reach: reach)
    }
}
