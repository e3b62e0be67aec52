import CronModel

/// The target's own record of which runs took effect, written in the transaction of the effect: a run is in it once, as
/// `applied`, or as `tombstone` when it was decided that no attempt of it may take effect any more.
enum SQLLedger {
    static let table = "cronpp_ledger"

    /// The types are those that PostgreSQL and SQLite both know.
    static let create = """
        CREATE TABLE IF NOT EXISTS cronpp_ledger (
            run_id varchar(36) NOT NULL PRIMARY KEY,
            kind varchar(9) NOT NULL CHECK (kind IN ('applied', 'tombstone')),
            fence bigint NOT NULL,
            written_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)
        """

    static var createOnOneLine: String {
        create.split(separator: "\n").map { String($0.drop { $0 == " " }) }.joined(separator: " ")
    }

    /// Answers the run's id when the effect may now happen in this transaction. A redriven run passes the tombstone that
    /// its last life left behind.
    private static let apply = """
        INSERT INTO cronpp_ledger (run_id, kind, fence) VALUES ($1, 'applied', $2)
        ON CONFLICT (run_id) DO UPDATE SET kind = 'applied', fence = excluded.fence, written_at = CURRENT_TIMESTAMP
        WHERE cronpp_ledger.kind = 'tombstone' AND cronpp_ledger.fence < excluded.fence
        RETURNING run_id
        """

    private static let bury = """
        INSERT INTO cronpp_ledger (run_id, kind, fence) VALUES ($1, 'tombstone', $2)
        ON CONFLICT (run_id) DO UPDATE SET fence = excluded.fence
        WHERE cronpp_ledger.kind = 'tombstone' AND cronpp_ledger.fence < excluded.fence
        """

    private static let read = "SELECT kind, fence FROM cronpp_ledger WHERE run_id = $1"

    enum Entry: Equatable {
        /// The statements are to run now.
        case open
        /// They have, under this fence.
        case applied(fence: Int64)
        case tombstone(fence: Int64)
    }

    /// Claims the effect for this attempt. Waits, as long as locks may be waited for, while another one is about to commit.
    static func claim(_ token: ClaimToken, in session: some SQLSession) throws -> Entry {
        let claimed = try session.execute(apply, values(token), limit: .own)
        return claimed.rows.isEmpty ? try entry(of: token, in: session) : .open
    }

    /// Decides that no attempt up to this one takes effect any more, unless one has.
    static func bury(_ token: ClaimToken, in session: some SQLSession) throws -> Entry {
        _ = try session.execute(bury, values(token), limit: .own)
        return try entry(of: token, in: session)
    }

    private static func entry(of token: ClaimToken, in session: some SQLSession) throws -> Entry {
        let found = try session.execute(read, [.string(token.runID.description)], limit: .own)
        guard let row = found.rows.first, row.count == 2, let fence = row[1].flatMap({ Int64($0) }) else {
            // Somebody has deleted the row between the two statements.
            throw SQLRefusal.superseded(fence: token.fence)
        }
        return row[0] == "applied" ? .applied(fence: fence) : .tombstone(fence: fence)
    }

    private static func values(_ token: ClaimToken) -> [JSONValue] {
        [.string(token.runID.description), .integer(token.fence)]
    }
}
