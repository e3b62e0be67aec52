import CronModel
import PostgresClient

/// One step of the schema.
struct Migration: Sendable {
    let version: Int32
    /// The schema of the oldest binary that still works after this step: nodes of the version before keep working while
    /// an upgrade is under way.
    let oldestCompatible: Int32
    /// Statements without parameters.
    let sql: String
}

/// Every step of the schema, oldest first. Steps are never changed once released, only added.
enum Migrations {
    static let all = [
        Migration(version: 1, oldestCompatible: 1, sql: v001), Migration(version: 2, oldestCompatible: 1, sql: v002),
        Migration(version: 3, oldestCompatible: 1, sql: v003), Migration(version: 4, oldestCompatible: 1, sql: v004),
        Migration(version: 5, oldestCompatible: 1, sql: v005),
    ]

    /// Brings the schema up to date, in one transaction. Of several nodes that start at once one does it, the others
    /// wait.
    /// - Throws: `misconfigured` when the schema is newer and no longer works with this binary, or a step fails.
    static func run(_ session: Session, steps: [Migration] = all) throws {
        _ = try session.query(
            """
            CREATE TABLE IF NOT EXISTS cronpp_schema (
                version integer PRIMARY KEY, oldest_compatible integer NOT NULL,
                at timestamptz NOT NULL DEFAULT clock_timestamp())
            """)
        _ = try session.query("LOCK TABLE cronpp_schema IN ACCESS EXCLUSIVE MODE")
        // The highest of all steps: one that breaks older binaries is not mended by one that would not.
        let found = try session.query("SELECT max(version), max(oldest_compatible) FROM cronpp_schema").first {
            (version: try $0.intOrNil(0) ?? 0, oldest: try $0.intOrNil(1) ?? 0)
        }
        let known = steps.last?.version ?? 0
        if let found, found.oldest > known {
            throw StoreError.misconfigured(
                "the database's schema \(found.version) needs a newer cronpp; this one knows schema \(known)")
        }
        for step in steps where step.version > found?.version ?? 0 { try make(step, session) }
    }

    private static func make(_ step: Migration, _ session: Session) throws {
        do {
            try session.transaction.script(step.sql)
        } catch {
            // A lock that is held, a full disk or a lost connection say nothing about the step.
            guard !error.mayPass, case .sqlState(let code, let message, _, _) = error else { throw error }
            throw StoreError.misconfigured("step \(step.version) of the database's schema failed: \(message) (\(code))")
        }
        _ = try session.query(
            "INSERT INTO cronpp_schema (version, oldest_compatible) VALUES (\(step.version), \(step.oldestCompatible))")
    }
}
