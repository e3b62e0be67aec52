import CronModel
import CronSchedule
import Dispatch
import PostgresClient
import Testing

@testable import CronActions

extension NetworkTests {
    /// Servers that users name may be anything that answers: none holds an attempt for longer than its time, or fills the
    /// memory.
    @Suite(.timeLimit(.minutes(2))) struct HostileDatabaseTests {
        private static let space = UserID(high: 1, low: 1)
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

        @Test func aTestEndsWithItsTimeHoweverManyRowsCome() async throws {
            let server = try await HostileDatabase.start(.slowRows)
            let databases = bed(server).databases
            let driver = databases.driver(for: try databases.definition(fields(server)), of: Self.space)
            let limits = SQLLimits(total: .milliseconds(300), statement: .seconds(60), lock: .seconds(60))
            await #expect { try await driver.test(limits: limits) } throws: { ($0 as? SQLFailure)?.cause == .outOfTime }
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

        @Test func connectingBelongsToTheAttemptsTime() async throws {
            let server = try await HostileDatabase.start(.silence)
            let late = await bed(server).run(["sql": "SELECT 1"], timeout: .milliseconds(200))
            #expect(late.kind == .timeout && late.reach == .nothingSent && late.verdict == .transient, "\(late)")
            // As a statement that commits itself, and as one whose COMMIT could be lost.
            let plain = await bed(server).run(["sql": "VACUUM", "transaction": .bool(false)], timeout: .milliseconds(200))
            #expect(plain.kind == .timeout && plain.reach == .nothingSent, "\(plain)")
            try await server.stop()
        }

        @Test func connectingEndsWithItsTask() async throws {
            let server = try await HostileDatabase.start(.silence)
            let bed = bed(server)
            let task = Task { await bed.run(["sql": "SELECT 1"], timeout: .minutes(10)) }
            _ = await server.connections.first { _ in true }
            task.cancel()
            let outcome = await task.value
            #expect(outcome.kind == .cancelled && outcome.reach == .nothingSent, "\(outcome)")
            try await server.stop()
        }

        @Test func aLookUpWithoutAnEndBelongsToTheAttemptsTime() async throws {
            let end = DispatchSemaphore(value: 0)
            defer { end.signal() }
            let hosts = OutboundHosts(addresses: AddressGuard(allowed: loopback), now: { fixedNow }) { _ in
                end.wait()
                return []
            }
            let databases = Databases(hosts: hosts, files: nil)
            let fields: [String: JSONValue] = [
                "driver": "postgres", "host": "db.example.com", "database": "shop", "user": "cronpp",
            ]
            let driver = databases.driver(for: try databases.definition(fields), of: Self.space)
            let limits = SQLLimits(total: .milliseconds(200), statement: .seconds(5), lock: .seconds(5))
            await #expect { try await driver.test(limits: limits) } throws: {
                ($0 as? SQLFailure)?.cause == .outOfTime && ($0 as? SQLFailure)?.reach == .nothingSent
            }
        }

        /// The next one is asked within the attempt's time.
        @Test func anAddressThatIsSilentLeavesTimeForTheNext() async throws {
            let server = try await HostileDatabase.start(.silence)
            let hosts = OutboundHosts(
                addresses: AddressGuard(allowed: loopback), now: { fixedNow },
                resolve: { _ in [.v4(0x7F00_0001), .v4(0x7F00_0001)] })
            let databases = Databases(hosts: hosts, files: nil)
            let definition = try databases.definition(fields(server, host: "db.example.com"))
            let limits = SQLLimits(total: .seconds(1), statement: .seconds(5), lock: .seconds(5))
            await #expect(throws: SQLFailure.self) {
                try await databases.driver(for: definition, of: Self.space).test(limits: limits)
            }
            var connections = server.connections.makeAsyncIterator()
            for _ in 0..<2 { #expect(await connections.next() != nil) }
            try await server.stop()
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
