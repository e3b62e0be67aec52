import PostgresClient
import PostgresServer
import Testing

@Suite struct ConnectionTests {
    @Test func oneRow() async throws {
        let url = try PostgresServer.shared.freshDatabase()
        let config = try PostgresConfig(url: url, pooling: .session)
        let connection = try await PostgresConnection.connect(config)
        let result = try await connection.query("SELECT \(Int64(41)) + 1, \("x") || 'y'")
        #expect(try result.int(0, 0) == 42)
        #expect(try result.text(0, 1) == "xy")
    }

    @Test func throughThePool() async throws {
        let url = try PostgresServer.shared.freshDatabase()
        for (url, pooling) in [
            (url, PostgresConfig.Pooling.session), (try PostgresServer.shared.bouncerURL(url), .transaction),
        ] {
            let pool = PostgresPool(config: try PostgresConfig(url: url, pooling: pooling), size: 3, waitLimit: 2_000)
            try await pool.transaction { tx in
                tx.enqueue("CREATE TABLE a (id int8 PRIMARY KEY, t text)")
                try tx.commit("INSERT INTO a VALUES (\(Int64(1)), \("one"))")
            }
            let text = try await pool.transaction { tx in try tx.query("SELECT t FROM a").text(0, 0) }
            #expect(text == "one")
            await #expect(throws: PostgresError.self) {
                try await pool.transaction { tx in try tx.query("INSERT INTO a VALUES (1, 'two')") }
            }
            #expect(pool.metrics.idle == 1)
            _ = try await pool.query("DROP TABLE a")
            await pool.close()
        }
    }
}
