import CronModel
import PostgresClient

/// Every step of the schema, oldest first. Steps are never changed once released, only added.
enum Migrations {
    static let all: [(version: Int32, sql: String)] = [(1, v001)]

    /// The oldest binary's schema version that still works with this one: nodes of the version before keep working while
    /// an upgrade is under way.
    static let oldestCompatible: Int32 = 1

    /// Brings the schema up to date, in one transaction. Of several nodes that start at once one does it, the others
    /// wait.
    /// - Throws: `unavailable` when the schema is newer and no longer works with this binary.
    static func run(_ session: Session) throws {
        _ = try session.query(
            """
            CREATE TABLE IF NOT EXISTS cronpp_schema (
                version integer PRIMARY KEY, oldest_compatible integer NOT NULL,
                at timestamptz NOT NULL DEFAULT clock_timestamp())
            """)
        _ = try session.query("LOCK TABLE cronpp_schema IN ACCESS EXCLUSIVE MODE")
        let found = try session.query(
            "SELECT version, oldest_compatible FROM cronpp_schema ORDER BY version DESC LIMIT 1"
        ).first {
            (version: Int32(truncatingIfNeeded: try $0.int(0)), oldest: Int32(truncatingIfNeeded: try $0.int(1)))
        }
        let known = all.last?.version ?? 0
        if let found, found.oldest > known {
            throw StoreError.unavailable(
                "the database's schema \(found.version) needs a newer cronpp; this one knows schema \(known)")
        }
        for (version, sql) in all where version > found?.version ?? 0 {
            for statement in sql.split(separator: ";\n") where statement.contains(where: { !$0.isWhitespace }) {
                _ = try session.query("\(unescaped: String(statement))")
            }
            _ = try session.query(
                """
                INSERT INTO cronpp_schema (version, oldest_compatible) VALUES (\(version), \(oldestCompatible))
                """)
        }
    }
}
