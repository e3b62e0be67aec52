package import CronModel
import PostgresClient

/// What the database has done so far, for measurements.
extension PostgresStore {
    /// Bytes of write-ahead log of the whole server, and committed transactions of this database.
    package func usage() async throws(StoreError) -> (walBytes: Int, commits: Int) {
        let row = try await perform { session in
            try session.query(
                """
                SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
                    (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())
                """
            ).first { (try $0.int(0), try $0.int(1)) }
        }
        return (Int(row?.0 ?? 0), Int(row?.1 ?? 0))
    }
}
