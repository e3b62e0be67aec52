import PostgresClient
import PostgresServer
import Testing

/// What the server refuses or breaks off: the connection stays good.
@Suite(.timeLimit(.minutes(1))) struct RefusalTests {
    @Test(arguments: Mode.allCases) func aStatementThatTakesTooLong(_ mode: Mode) async throws {
        let connection = try await mode.connect { $0.statementTimeout = 50 }
        let error = try await failure { try await connection.transaction { _ = try $0.query("SELECT pg_sleep(60)") } }
        #expect(error.isStatementTimeout)
        #expect(!connection.isBroken)
        #expect(try await connection.query("SELECT 1").int(0, 0) == 1)
    }

    @Test(arguments: Mode.allCases) func aLockThatIsHeld(_ mode: Mode) async throws {
        let pool = PostgresPool(try mode.config { $0.lockTimeout = 50 })
        try await pool.transaction { try $0.script("CREATE TABLE a (id int8); INSERT INTO a VALUES (1)") }
        let gate = Gate()
        async let holder: Void = pool.transaction { tx in
            _ = try tx.query("SELECT * FROM a FOR UPDATE")
            gate.enter()
        }
        await gate.waitForEntries(1)
        let error = try await failure { _ = try await pool.query("UPDATE a SET id = 2") }
        #expect(error.isLockTimeout)
        gate.open(for: 1)
        try await holder
        #expect(try await pool.query("UPDATE a SET id = 2").affected == 1)
        await pool.close()
    }

    @Test(arguments: Mode.allCases) func aDeadlock(_ mode: Mode) async throws {
        let pool = PostgresPool(try mode.config { $0.settings = ["deadlock_timeout": "50ms"] })
        try await pool.transaction { try $0.script("CREATE TABLE a (id int8); INSERT INTO a VALUES (1), (2)") }
        let gate = Gate()
        func cross(_ first: Int64, _ second: Int64) async throws {
            try await pool.transaction { tx in
                _ = try tx.query("UPDATE a SET id = id WHERE id = \(first)")
                gate.enter()
                _ = try tx.query("UPDATE a SET id = id WHERE id = \(second)")
            }
        }
        let (one, two) = (Task { try await cross(1, 2) }, Task { try await cross(2, 1) })
        await gate.waitForEntries(2)
        gate.open(for: 2)
        let failures = [await one.result, await two.result].compactMap { result in
            if case .failure(let error) = result { error as? PostgresError } else { nil }
        }
        #expect(failures.count == 1)
        #expect(failures.first?.isDeadlock == true)
        await pool.close()
    }

    @Test(arguments: Mode.allCases) func aCancelledStatement(_ mode: Mode) async throws {
        let url = try PostgresServer.shared.freshDatabase()
        let connection = try await PostgresConnection.connect(mode.config(url: url))
        let waiting = Task { try await connection.query("SELECT pg_sleep(60)") }
        let watcher = try await PostgresConnection.connect(Mode.session.config(url: url))
        let running: PostgresQuery =
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        while try await watcher.query(running).rowCount == 0 {}
        connection.cancelStatement()
        let error = try await failure { _ = try await waiting.value }
        #expect(error.isCancelled)
        #expect(try await connection.query("SELECT 1").int(0, 0) == 1)
    }

    @Test func aReadOnlyServerIsLeft() async throws {
        let pool = PostgresPool(
            try Mode.session.config { $0.settings = ["default_transaction_read_only": "on"] }, size: 1)
        let error = try await failure { _ = try await pool.query("CREATE TABLE a (id int8)") }
        #expect(error.isReadOnly)
        #expect(pool.metrics.idle == 0)
        await pool.close()
    }

    @Test func kindsOfErrors() {
        func refused(_ code: String) -> PostgresError {
            .sqlState(code: code, message: "", constraint: nil, statement: nil)
        }
        #expect(refused("40001").isSerializationFailure)
        #expect(refused("57P03").isShuttingDown)
        #expect(refused("23503").isForeignKeyViolation)
        #expect(!PostgresError.poolClosed.isUniqueViolation)
    }
}
