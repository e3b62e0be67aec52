import CronModel
import CronSchedule
import PostgresClient
import Testing

@testable import CronActions

extension NetworkTests {
    /// Servers that users name may be anything that answers: none holds an attempt for longer than its time, or fills the
    /// memory.
    @Suite(.timeLimit(.minutes(2))) struct HostileDatabaseTests {
        /// What is read at most, and what two kernels buffer.
        private static let mostTakenBytes = 64 << 20

        private func bed(_ server: HostileDatabase, host: JSONValue = "127.0.0.1") -> SQLBed {
            SQLBed.bed(files: nil, fields(server, host: host)) { _ in "" }
        }

        private func fields(_ server: HostileDatabase, host: JSONValue = "127.0.0.1") -> [String: JSONValue] {
            [
                "driver": "postgres", "host": host, "port": .integer(Int64(server.port)), "database": "shop",
                "user": "cronpp", "password": .string(String(repeating: "p", count: 1_000)), "tls": "disable",
            ]
        }

        private func connect(_ server: HostileDatabase) async throws -> PostgresConnection {
            let target = PostgresTarget(
                host: "127.0.0.1", addresses: ["127.0.0.1"], port: server.port, database: "shop", user: "cronpp",
                password: "", tls: .disable)
            return try await PostgresConnection.connect(PostgresConfig(target, pooling: .transaction))
        }

        @Test(arguments: [HostileDatabase.Harm.parameters, .questions])
        func aSignInHasAnEnd(harm: HostileDatabase.Harm) async throws {
            let server = try await HostileDatabase.start(harm)
            let outcome = await bed(server).run(["sql": "SELECT 1"])
            #expect(outcome.kind == .connectError && outcome.reach == .nothingSent, "\(outcome)")
            #expect(await !bed(server).setting.tryOut(fields(server)).isUsable)
            #expect(server.bytes < Self.mostTakenBytes)
            try await server.stop()
        }

        @Test(arguments: [HostileDatabase.Harm.rowsForBegin, .parametersBetweenRows])
        func whatFillsTheMemoryIsNotReadForEver(harm: HostileDatabase.Harm) async throws {
            let server = try await HostileDatabase.start(harm)
            let outcome = await bed(server).run(["sql": "SELECT 1"])
            #expect(outcome.error?.contains("besides rows that are done") == true, "\(outcome)")
            #expect(outcome.kind == .connectError && outcome.reach == .nothingSent)
            #expect(server.bytes < Self.mostTakenBytes)
            try await server.stop()
        }

        /// libpq says again and again, without waiting, that a COPY goes on.
        @Test func aCopyThatNobodyAskedForEndsTheConnection() async throws {
            let atSync = try await HostileDatabase.start(.copyForSync)
            let first = try await connect(atSync)
            await #expect(throws: PostgresError.self) {
                try await first.transaction { _ = try $0.table("SELECT 1", limit: TableLimit(rows: 1, bytes: 1)) }
            }
            let atScript = try await HostileDatabase.start(.copyForScript)
            let second = try await connect(atScript)
            await #expect(throws: PostgresError.self) { try await second.transaction { try $0.script("SELECT 1") } }
            try await atSync.stop()
            try await atScript.stop()
        }

        /// A row goes through memory whole.
        @Test func aRowHasALimitAndAnAnswerHasNone() async throws {
            let bed = try SQLBed.postgres()
            let long = await bed.run(["sql": "SELECT repeat('x', 100000000)", "ledger": .bool(false)])
            #expect(long.kind == .connectError && long.error?.contains("besides rows that are done") == true, "\(long)")
            let many = await bed.run(["sql": "SELECT repeat('x', 1000) FROM generate_series(1, 70000)", "ledger": .bool(false)])
            #expect(many.verdict == .success && many.rows == 70_000, "\(many.error ?? "")")
        }
    }
}
