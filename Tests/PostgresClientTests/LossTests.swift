import PostgresClient
import PostgresServer
import Testing

/// The connection breaks or falls silent. What matters is whether a commit may have happened.
@Suite(.timeLimit(.minutes(1))) struct LossTests {
    /// A pool behind a line that can be disturbed, and a connection beside it.
    private func line(_ mode: Mode) async throws -> (pool: PostgresPool, proxy: TCPProxy, beside: PostgresConnection) {
        let direct = try mode.config()
        let end = try #require(direct.description.split(separator: ":").last?.split(separator: "/").first)
        let proxy = try TCPProxy(to: try #require(Int(end)))
        var config = try PostgresConfig(url: proxy.url(direct.description), pooling: direct.pooling)
        config.statementTimeout = 1_500
        config.answerGrace = 500
        let beside = try await PostgresConnection.connect(direct)
        _ = try await beside.query("CREATE TABLE a (id int8)")
        return (PostgresPool(config, size: 2), proxy, beside)
    }

    private func rows(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT * FROM a").rowCount
    }

    @Test(arguments: Mode.allCases, [TCPProxy.Behaviour.swallowAnswers, .cutAtAnswer])
    func theAnswerToCommitIsLost(_ mode: Mode, _ behaviour: TCPProxy.Behaviour) async throws {
        let (pool, proxy, beside) = try await line(mode)
        let error = try await failure {
            try await pool.transaction { tx in
                _ = try tx.query("INSERT INTO a VALUES (1)")
                proxy.behaviour = behaviour
                _ = try tx.commit("INSERT INTO a VALUES (2)")
            }
        }
        guard case .commitUnknown = error else { throw error }
        proxy.waitForLostAnswer()
        #expect(try await rows(beside) == 2)
        #expect(pool.metrics.idle == 0)
        proxy.behaviour = .forward
        _ = try await pool.query("INSERT INTO a VALUES (3)")
        await pool.close()
    }

    @Test(arguments: Mode.allCases) func theCommitItselfIsLost(_ mode: Mode) async throws {
        let (pool, proxy, beside) = try await line(mode)
        let error = try await failure {
            try await pool.transaction { tx in
                _ = try tx.query("INSERT INTO a VALUES (1)")
                proxy.behaviour = .stall
            }
        }
        // It was sent: nobody on this side can know.
        guard case .commitUnknown(let reason) = error else { throw error }
        #expect(reason == "no answer within 2000 ms")
        #expect(try await rows(beside) == 0)
    }

    @Test(arguments: Mode.allCases, [TCPProxy.Behaviour.stall, .swallowAnswers, .cutAtAnswer])
    func theLineFailsBeforeCommit(_ mode: Mode, _ behaviour: TCPProxy.Behaviour) async throws {
        let (pool, proxy, beside) = try await line(mode)
        let clock = ContinuousClock()
        let start = clock.now
        let error = try await failure {
            try await pool.transaction { tx in
                tx.enqueue("INSERT INTO a VALUES (1)")
                proxy.behaviour = behaviour
                _ = try tx.query("INSERT INTO a VALUES (2)")
            }
        }
        guard case .connectionLost = error else { throw error }
        #expect(clock.now - start < .seconds(10))
        #expect(try await rows(beside) == 0)
        #expect(pool.metrics.idle == 0)
    }

    @Test func aServerThatAcceptsAndSaysNothing() async throws {
        let proxy = try TCPProxy(to: PostgresServer.shared.port)
        proxy.behaviour = .stall
        var config = try PostgresConfig(url: "postgres://u@127.0.0.1:\(proxy.port)/d", pooling: .session)
        config.connectTimeout = 300
        let pool = PostgresPool(config)
        let error = try await failure { _ = try await pool.query("SELECT 1") }
        guard case .cannotConnect(let reason) = error else { throw error }
        #expect(reason.contains("no answer within 300 ms"))
        await pool.close()
    }

    @Test func aKilledSessionLosesItsTransaction() async throws {
        let pool = PostgresPool(try Mode.session.config())
        _ = try await pool.query("CREATE TABLE a (id int8)")
        let error = try await failure {
            try await pool.transaction { tx in
                let pid = try tx.query("SELECT pg_backend_pid()").int(0, 0)
                _ = try tx.query("INSERT INTO a VALUES (1)")
                try PostgresServer.shared.psql("SELECT pg_terminate_backend(\(pid), 5000)")
                _ = try tx.query("INSERT INTO a VALUES (2)")
            }
        }
        guard case .connectionLost(let reason) = error else { throw error }
        #expect(reason.contains("terminating connection"))
        #expect(try await pool.query("SELECT * FROM a").rowCount == 0)
        await pool.close()
    }

    @Test func sessionsKilledWhileIdleAreNotNoticed() async throws {
        let url = try PostgresServer.shared.freshDatabase()
        let pool = PostgresPool(try Mode.session.config(url: url), size: 3)
        let gate = Gate()
        async let all: Void = withThrowingTaskGroup { group in
            for _ in 0..<3 { group.addTask { try await pool.transaction { _ in gate.enter() } } }
            try await group.waitForAll()
        }
        await gate.waitForEntries(3)
        gate.open(for: 3)
        try await all
        #expect(pool.metrics.idle == 3)
        try PostgresServer.shared.psql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '\(url.split(separator: "/").last ?? "")'"
        )
        #expect(try await pool.query("SELECT 1").int(0, 0) == 1)
        #expect(try await pool.transaction { try $0.query("SELECT 2").int(0, 0) } == 2)
        await pool.close()
    }

    @Test func idleTooLongInsideATransaction() async throws {
        let pool = PostgresPool(try Mode.session.config { $0.idleInTransactionTimeout = 50 })
        _ = try await pool.query("CREATE TABLE a (id int8)")
        let error = try await failure {
            try await pool.transaction { tx in
                let pid = try tx.query("INSERT INTO a VALUES (1) RETURNING pg_backend_pid()").int(0, 0)
                let gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid)"
                while try PostgresServer.shared.psql(gone) != "0" {}
            }
        }
        // COMMIT was sent, but the server had ended the session before.
        guard case .connectionLost = error else { throw error }
        #expect(try await pool.query("SELECT * FROM a").rowCount == 0)
        await pool.close()
    }

    @Test func aServerThatComesBack() async throws {
        let server = PostgresServer()
        let pool = PostgresPool(try PostgresConfig(url: server.freshDatabase(), pooling: .session))
        _ = try await pool.query("CREATE TABLE a (id int8)")
        let error = try await failure {
            try await pool.transaction { tx in
                _ = try tx.query("INSERT INTO a VALUES (1)")
                try server.restart()
                _ = try tx.query("INSERT INTO a VALUES (2)")
            }
        }
        guard case .connectionLost = error else { throw error }
        #expect(try await pool.query("SELECT * FROM a").rowCount == 0)
        await pool.close()
    }

    /// pgbouncer ends its clients when the server goes; those are lost connections too.
    @Test func aKilledSessionBehindPgbouncer() async throws {
        let pool = PostgresPool(try Mode.transaction.config())
        let error = try await failure {
            try await pool.transaction { tx in
                let pid = try tx.query("SELECT pg_backend_pid()").int(0, 0)
                try PostgresServer.shared.psql("SELECT pg_terminate_backend(\(pid), 5000)")
                _ = try tx.query("SELECT 1")
            }
        }
        guard case .connectionLost = error else { throw error }
        #expect(try await pool.query("SELECT 1").int(0, 0) == 1)
        await pool.close()
    }
}
