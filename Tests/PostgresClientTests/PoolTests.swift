import PostgresClient
import PostgresServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct PoolTests {
    @Test(arguments: Mode.allCases) func manyCallersShareFewConnections(_ mode: Mode) async throws {
        let pool = PostgresPool(try mode.config(), size: 3)
        _ = try await pool.query("CREATE TABLE n (x int8 NOT NULL)")
        _ = try await pool.query("INSERT INTO n VALUES (0)")
        try await withThrowingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask { try await pool.transaction { _ = try $0.commit("UPDATE n SET x = x + 1") } }
            }
            try await group.waitForAll()
        }
        #expect(try await pool.query("SELECT x FROM n").int(0, 0) == 200)
        let metrics = pool.metrics
        #expect((1...3).contains(metrics.idle))
        #expect((metrics.borrowed, metrics.waiting, metrics.opening, metrics.size) == (0, 0, 0, 3))
        await pool.close()
    }

    @Test func exhaustionNamesSizeAndWait() async throws {
        let pool = PostgresPool(try Mode.session.config(), size: 2, waitLimit: 3_000)
        let gate = Gate()
        async let first: Void = pool.transaction { _ in gate.enter() }
        async let second: Void = pool.transaction { _ in gate.enter() }
        await gate.waitForEntries(2)
        let error = try await failure { _ = try await pool.query("SELECT 1") }
        #expect(error == .poolTimeout(waitedMs: 3_000, size: 2))
        #expect(error.description.contains("3000 ms") && error.description.contains("pool of 2"))
        #expect(pool.metrics.borrowed == 2)
        gate.open(for: 2)
        _ = try await (first, second)
        #expect(try await pool.query("SELECT 1").int(0, 0) == 1)
        await pool.close()
    }

    @Test func reservedConnectionsAreForTheUrgent() async throws {
        let pool = PostgresPool(try Mode.session.config(), size: 2, waitLimit: 3_000, reserved: 1)
        let gate = Gate()
        async let first: Void = pool.transaction { _ in gate.enter() }
        await gate.waitForEntries(1)
        #expect(
            try await failure { _ = try await pool.query("SELECT 1") } == .poolTimeout(waitedMs: 3_000, size: 2))
        #expect(try await pool.query("SELECT 1", urgent: true).int(0, 0) == 1)
        gate.open(for: 1)
        try await first
        #expect(try await pool.query("SELECT 1").int(0, 0) == 1)
        await pool.close()
    }

    @Test func aCancelledCallerStopsWaiting() async throws {
        let pool = PostgresPool(try Mode.session.config(), size: 1)
        let gate = Gate()
        async let first: Void = pool.transaction { _ in gate.enter() }
        await gate.waitForEntries(1)
        let waiting = Task { try await pool.query("SELECT 1") }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        #expect(pool.metrics.waiting == 0)
        gate.open(for: 1)
        try await first
        await pool.close()
    }

    @Test func closeWaitsForTheBorrowed() async throws {
        let pool = PostgresPool(try Mode.session.config(), size: 2)
        let gate = Gate()
        async let work = pool.transaction { tx in
            gate.enter()
            return try tx.query("SELECT 7").int(0, 0)
        }
        await gate.waitForEntries(1)
        async let closing: Void = pool.close()
        while try await failure({ _ = try await pool.query("SELECT 1") }) != .poolClosed {}
        #expect(pool.metrics.borrowed == 1)
        gate.open(for: 1)
        #expect(try await work == 7)
        await closing
        #expect((pool.metrics.borrowed, pool.metrics.idle) == (0, 0))
    }

    @Test func nobodyThere() async throws {
        try await ClosedPort.hold { port in
            let url = "postgres://postgres@127.0.0.1:\(port)/postgres"
            let pool = PostgresPool(try PostgresConfig(url: url, pooling: .session), size: 4)
            for _ in 0..<3 {
                let error = try await failure { _ = try await pool.query("SELECT 1") }
                guard case .cannotConnect(let reason) = error else { throw error }
                #expect(reason.contains("127.0.0.1") && reason.contains("refused"), "\(reason)")
            }
            await pool.close()
        }
    }

    @Test func severalStatementsOnOneConnection() async throws {
        let pool = PostgresPool(try Mode.session.config(), size: 1)
        let same = try await pool.withConnection { connection in
            let first = try await connection.query("SELECT pg_backend_pid()").int(0, 0)
            return try await connection.transaction { try $0.query("SELECT pg_backend_pid()").int(0, 0) == first }
        }
        #expect(same)
        await pool.close()
    }
}
