import PostgresClient
import PostgresServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct TransactionTests {
    private func table(_ mode: Mode) async throws -> PostgresConnection {
        let connection = try await PostgresConnection.connect(mode.config())
        _ = try await connection.query("CREATE TABLE a (id int8 CONSTRAINT a_key PRIMARY KEY, t text)")
        return connection
    }

    private func count(_ connection: PostgresConnection) async throws -> Int64 {
        try await connection.query("SELECT count(*) FROM a").int(0, 0)
    }

    @Test(arguments: Mode.allCases) func roundTrips(_ mode: Mode) async throws {
        let connection = try await table(mode)
        func trips(_ body: @Sendable (PostgresTransaction) throws -> Void) async throws -> Int {
            let before = await connection.roundTrips
            try await connection.transaction(body)
            return await connection.roundTrips - before
        }
        #expect(try await trips { _ in } == 0)
        #expect(try await trips { _ = try $0.commit() } == 0)
        #expect(try await trips { _ = try $0.commit("INSERT INTO a VALUES (1, 'x')", "SELECT 1") } == 1)
        #expect(try await trips { $0.enqueue("INSERT INTO a VALUES (2, 'x')") } == 1)
        #expect(try await trips { _ = try $0.query("SELECT 1") } == 2)
        #expect(try await trips { _ = try $0.pipeline(["SELECT 1", "SELECT 2", "SELECT 3"]) } == 2)
        let mixed = try await trips { tx in
            tx.enqueue("UPDATE a SET t = 'y' WHERE id = 1")
            let text = try tx.query("SELECT t FROM a WHERE id = 1").text(0, 0)
            #expect(text == "y")
            tx.enqueue("UPDATE a SET t = 'z' WHERE id = 1")
        }
        #expect(mixed == 2)
        let before = await connection.roundTrips
        _ = try await connection.query("SELECT 1")
        _ = try await connection.pipeline(["SELECT 1", "SELECT 2"])
        #expect(await connection.roundTrips - before == 2)
    }

    @Test(arguments: Mode.allCases) func commitGivesResults(_ mode: Mode) async throws {
        let connection = try await table(mode)
        let found = try await connection.transaction { tx in
            tx.enqueue("INSERT INTO a VALUES (1, 'one')")
            let results = try tx.commit(
                "UPDATE a SET t = 'two' WHERE id < \(Int64(5))", "SELECT t FROM a", "DELETE FROM a WHERE id = 9")
            return (results.count, results[0].affected, try results[1].text(0, 0), results[2].affected)
        }
        #expect(found == (3, 1, "two", 0))
        #expect(try await count(connection) == 1)
    }

    @Test(arguments: Mode.allCases) func aThrowRollsBack(_ mode: Mode) async throws {
        struct Own: Error {}
        let connection = try await table(mode)
        await #expect(throws: Own.self) {
            try await connection.transaction { tx in
                _ = try tx.query("INSERT INTO a VALUES (1, 'x')")
                throw Own()
            }
        }
        #expect(try await count(connection) == 0)
    }

    @Test(arguments: Mode.allCases) func anErrorInAPipelineIsThatStatements(_ mode: Mode) async throws {
        let connection = try await table(mode)
        let error = try await failure {
            try await connection.transaction { tx in
                _ = try tx.pipeline([
                    "INSERT INTO a VALUES (1, 'x')", "INSERT INTO a VALUES (1, 'again')",
                    "INSERT INTO nowhere VALUES (1)",
                ])
            }
        }
        #expect(error.isUniqueViolation)
        #expect(error.constraint == "a_key")
        guard case .sqlState(_, _, _, let statement) = error else { return }
        #expect(statement == "INSERT INTO a VALUES (1, 'again')")
        #expect(try await count(connection) == 0)
        #expect(!connection.isBroken)
    }

    @Test(arguments: Mode.allCases) func anErrorBesideCommitRollsBack(_ mode: Mode) async throws {
        let connection = try await table(mode)
        let error = try await failure {
            try await connection.transaction { tx in
                _ = try tx.commit("INSERT INTO a VALUES (1, 'x')", "SELECT 1 / 0", "INSERT INTO a VALUES (2, 'x')")
            }
        }
        #expect(error.sqlStateCode == "22012")
        #expect(try await count(connection) == 0)
    }

    @Test(arguments: Mode.allCases) func aQueuedErrorSurfacesWithTheNext(_ mode: Mode) async throws {
        let connection = try await table(mode)
        let error = try await failure {
            try await connection.transaction { tx in
                tx.enqueue("INSERT INTO nowhere VALUES (1)")
                _ = try tx.query("SELECT 1")
            }
        }
        #expect(error.isUndefinedTable)
        let late = try await failure {
            try await connection.transaction { $0.enqueue("SELECT nothing FROM a") }
        }
        #expect(late.isUndefinedColumn)
    }

    @Test(arguments: Mode.allCases) func anErrorThatTheBodyHidesIsStillOne(_ mode: Mode) async throws {
        let connection = try await table(mode)
        let error = try await failure {
            try await connection.transaction { tx in
                _ = try tx.query("INSERT INTO a VALUES (1, 'x')")
                _ = try? tx.query("INSERT INTO a VALUES (1, 'x')")
            }
        }
        #expect(error.isUniqueViolation)
        #expect(try await count(connection) == 0)
    }

    @Test(arguments: Mode.allCases) func savepointsLimitAnError(_ mode: Mode) async throws {
        let connection = try await table(mode)
        try await connection.transaction { tx in
            tx.enqueue("INSERT INTO a VALUES (1, 'x')")
            tx.enqueue("SAVEPOINT s")
            let error = try refusal { _ = try tx.query("INSERT INTO a VALUES (1, 'x')") }
            #expect(error.isUniqueViolation)
            _ = try tx.commit("ROLLBACK TO SAVEPOINT s", "INSERT INTO a VALUES (2, 'x')")
        }
        #expect(try await count(connection) == 2)
    }

    @Test(arguments: Mode.allCases) func aDeferredConstraintFailsAtCommit(_ mode: Mode) async throws {
        let connection = try await table(mode)
        _ = try await connection.query("ALTER TABLE a ADD CONSTRAINT late UNIQUE (t) DEFERRABLE INITIALLY DEFERRED")
        let error = try await failure {
            try await connection.transaction { tx in
                _ = try tx.commit("INSERT INTO a VALUES (1, 'x')", "INSERT INTO a VALUES (2, 'x')")
            }
        }
        #expect(error.isUniqueViolation && error.constraint == "late")
        #expect(try await count(connection) == 0)
    }

    @Test(arguments: Mode.allCases) func nothingFollowsCommit(_ mode: Mode) async throws {
        let connection = try await table(mode)
        let error = try await failure {
            try await connection.transaction { tx in
                _ = try tx.commit("INSERT INTO a VALUES (1, 'x')")
                _ = try tx.query("SELECT 1")
            }
        }
        guard case .misuse = error else { throw error }
        #expect(try await count(connection) == 1)
    }

    @Test(arguments: Mode.allCases) func settingsAreInEffect(_ mode: Mode) async throws {
        let connection = try await mode.connect {
            $0.statementTimeout = 12_345
            $0.lockTimeout = 678
            $0.idleInTransactionTimeout = 9_000
            $0.settings = ["plan_cache_mode": "force_generic_plan", "search_path": "\"a b\", public"]
            $0.applicationName = "the tests"
        }
        let row = try await connection.query(
            """
            SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
                current_setting('idle_in_transaction_session_timeout'), current_setting('synchronous_commit'),
                current_setting('plan_cache_mode'), current_setting('search_path'), current_setting('application_name'),
                current_setting('transaction_isolation')
            """)
        let found = try (0..<8).map { try row.text(0, $0) }
        #expect(
            found == [
                "12345ms", "678ms", "9s", "on", "force_generic_plan", "\"a b\", public", "the tests", "read committed",
            ])
    }

    @Test func settingsDoNotStayBehindInAPooledSession() async throws {
        let server = PostgresServer.shared
        let url = try server.freshDatabase()
        let config = try Mode.transaction.config(url: url) { $0.statementTimeout = 54_321 }
        #expect(try await PostgresConnection.connect(config).query("SHOW statement_timeout").text(0, 0) == "54321ms")
        // The same session of the server, since pgbouncer has no reason for another.
        #expect(try server.psql("SHOW statement_timeout", database: server.bouncerURL(url)) == "0")
    }

    @Test func equalTextIsPreparedOnce() async throws {
        let connection = try await Mode.session.connect()
        for number in 0..<5 { #expect(try await connection.query("SELECT \(number)").int(0, 0) == Int64(number)) }
        _ = try await connection.query("SELECT \("text")")
        let names = try await connection.query("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time, 1")
        #expect(try names.rows.map { try $0.text(0) }.count { $0 == "SELECT $1" } == 2)
    }

    @Test func preparedStatementsAreLimited() async throws {
        let connection = try await Mode.session.connect()
        for batch in 0..<6 {
            let queries = (0..<100).map { PostgresQuery("SELECT \(unescaped: "\(batch * 100 + $0)")") }
            _ = try await connection.pipeline(queries)
        }
        let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements").int(0, 0)
        #expect(count <= 512)
        #expect(try await connection.query("SELECT 0").int(0, 0) == 0)
    }

    @Test func aStatementWhoseTableChangedIsPreparedAnew() async throws {
        let pool = PostgresPool(try Mode.session.config())
        try await pool.transaction { try $0.script("CREATE TABLE b (x int8); INSERT INTO b VALUES (1)") }
        let all: PostgresQuery = "SELECT * FROM b"
        #expect(try await pool.query(all).columnCount == 1)
        try await pool.transaction { try $0.script("ALTER TABLE b ADD COLUMN y int8") }
        // The server refuses the old plan once; the connection is replaced.
        if let error = try? await failure({ _ = try await pool.query(all) }) { #expect(error.sqlStateCode == "0A000") }
        #expect(try await pool.query(all).columnCount == 2)
        await pool.close()
    }

    @Test(arguments: Mode.allCases) func aScriptIsPartOfItsTransaction(_ mode: Mode) async throws {
        let connection = try await table(mode)
        let error = try await failure {
            try await connection.transaction { tx in
                try tx.script("CREATE TABLE c (x int8); INSERT INTO c VALUES (1); SELECT 1")
                try tx.script("INSERT INTO c VALUES (2); SELECT broken")
            }
        }
        #expect(error.isUndefinedColumn)
        #expect(try await failure { _ = try await connection.query("SELECT * FROM c") }.isUndefinedTable)
        try await connection.transaction { tx in
            try tx.script("CREATE TABLE c (x int8); INSERT INTO c VALUES (1)")
            _ = try tx.commit("INSERT INTO c VALUES (\(Int64(2)))")
        }
        #expect(try await connection.query("SELECT * FROM c").rowCount == 2)
    }

    /// Far more than both sides' socket buffers hold: a client that only sends would stop here for ever.
    @Test(arguments: Mode.allCases) func aLongPipelineOfLongAnswers(_ mode: Mode) async throws {
        let connection = try await mode.connect()
        let text = String(repeating: "x", count: 100_000)
        let results = try await connection.transaction { tx in
            try tx.pipeline((0..<300).map { "SELECT \(text), \($0)" })
        }
        #expect(results.count == 300)
        #expect(try results[299].int(0, 1) == 299)
        #expect(try results[299].text(0, 0).utf8.count == 100_000)
    }
}
