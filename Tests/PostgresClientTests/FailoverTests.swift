import PostgresClient
import PostgresServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct FailoverTests {
    @Test func thePromotedStandbyIsFound() async throws {
        let primary = PostgresServer()
        let url = try primary.freshDatabase()
        let standby = PostgresServer(standbyOf: primary)
        // The standby first: it is passed over as long as it is one.
        let hosts = "127.0.0.1:\(try standby.port),127.0.0.1:\(try primary.port)"
        let both = url.replacing("127.0.0.1:\(try primary.port)", with: hosts)
        let pool = PostgresPool(try PostgresConfig(url: both, pooling: .session), size: 2)
        try await pool.transaction { try $0.script("CREATE TABLE a (id int8); INSERT INTO a VALUES (1)") }
        #expect(try await !pool.query("SELECT pg_is_in_recovery()").bool(0, 0))

        let written = try primary.psql("SELECT pg_current_wal_flush_lsn()")
        while try standby.psql("SELECT pg_last_wal_replay_lsn() >= '\(written)'") != "t" {}
        primary.stop()
        let error = try await failure { _ = try await pool.query("INSERT INTO a VALUES (2)") }
        guard case .cannotConnect(let reason) = error else { throw error }
        #expect(reason.contains("read-only") || reason.contains("read-write"))

        try standby.promote()
        while (try? await pool.query("INSERT INTO a VALUES (2)")) == nil {}
        #expect(try await pool.query("SELECT * FROM a").rowCount == 2)
        await pool.close()
    }
}
