import CronModel
import CronSchedule
import Dispatch
import Foundation
import PostgresClient
import PostgresServer
import Testing

@testable import CronActions

extension NetworkTests {
    /// What a connection may reach, and what is said of one that cannot be used.
    @Suite(.timeLimit(.minutes(2))) struct SQLConnectionTests {
        private func problems(
            _ fields: [String: JSONValue], files: SQLFiles? = nil, allowed: [NetworkRange] = []
        ) -> [String] {
            SQLBed.bed(files: files, [:], allowed: allowed) { _ in "" }.setting.validate(fields).map(\.field).sorted()
        }

        private let server: [String: JSONValue] = [
            "driver": "postgres", "host": "db.example.com", "database": "shop", "user": "cronpp", "password": "s3cr3t",
        ]

        @Test func everythingThatIsWrongIsNamed() {
            #expect(problems(server).isEmpty)
            #expect(problems([:]) == ["driver"])
            #expect(problems(["driver": "postgres"]) == ["database", "host", "user"])
            #expect(problems(server.merging(["tls": "maybe", "port": .integer(0), "dsn": "x"]) { $1 }) == ["dsn", "port", "tls"])
            #expect(problems(server.merging(["tls": "require", "ca_certificate": "x"]) { $1 }) == ["ca_certificate", "ca_certificate"])
            #expect(problems(["driver": "sqlite", "file": "shop.db"]) == ["driver"])
        }

        /// A password that is kept while these change would be told to whoever is there.
        @Test func aPasswordIsKeptForOneServerOnly() {
            let setting = SQLBed.bed(files: nil, [:]) { _ in "" }.setting
            #expect(setting.placeFields.isSuperset(of: ["host", "port", "tls", "ca_certificate"]) && setting.secretFields == ["password"])
        }

        /// Hosts are judged as a webhook's are, in whatever form they are written.
        @Test(arguments: [
            "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0177.1", "[::1]", "::1", "[::ffff:7f00:1]", "10.0.0.1",
            "169.254.169.254", "192.168.0.1", "fd00:ec2::254", "[64:ff9b::a9fe:a9fe]", "/var/run/postgresql", "a b", "@/tmp/x",
            "db.example.com,127.0.0.1", "%2Fvar%2Frun", "[fe80::1%eth0]", "db.localhost", "0.0.0.0",
        ])
        func privateHostsAndPathsAreRefused(host: String) {
            #expect(problems(server.merging(["host": .string(host)]) { $1 }) == ["host"], "\(host)")
        }

        @Test func aNameThatLeadsToAPrivateAddressIsNotDialled() async throws {
            let port = try PostgresServer.shared.port
            let hosts = OutboundHosts(
                addresses: AddressGuard(allowed: []), now: { fixedNow }, resolve: { _ in [.v4(0x7F00_0001)] })
            let setting = ConnectionSetting(databases: Databases(hosts: hosts, files: nil))
            let test = await setting.tryOut(server.merging(["port": .integer(Int64(port)), "tls": "disable"]) { $1 })
            #expect(!test.isUsable && test.message.contains("127.0.0.1 is refused"), "\(test)")
        }

        @Test func aDatabaseOfCronPlusPlusIsRefused() async throws {
            let bed = try SQLBed.postgres()
            _ = try bed.ask("CREATE SCHEMA s; CREATE TABLE s.job_cursors (a int); CREATE TABLE s.live_runs (a int)")
            let outcome = await bed.run(["sql": "DELETE FROM s.live_runs"])
            #expect(outcome.verdict == .permanent && outcome.error?.contains("own tables") == true, "\(outcome)")
            #expect(await !bed.setting.tryOut(bed.connection).isUsable)
        }

        @Test func aServerThatIsAwayOrRefusesIsToldApart() async throws {
            let bed = try SQLBed.postgres()
            var attempt = bed.attempt(["sql": "SELECT 1"])
            attempt.settings[.connection, "shop"] = bed.connection.merging(["port": .integer(1)]) { $1 }
            let away = await bed.action.run(attempt)
            #expect(away.kind == .connectError && away.verdict == .transient && away.reach == .nothingSent, "\(away)")
            attempt.settings[.connection, "shop"] = bed.connection.merging(["database": "nowhere"]) { $1 }
            let refused = await bed.action.run(attempt)
            #expect(refused.kind == .connectError && refused.verdict == .permanent, "\(refused)")
            attempt.settings[.connection, "shop"] = bed.connection.merging(["tls": "verify-full"]) { $1 }
            #expect(await bed.action.run(attempt).kind == .connectError, "the server has no TLS")
            var unknown = bed.attempt(["connection": "other", "sql": "SELECT 1"])
            unknown.settings = AttemptSettings()
            #expect(await bed.action.run(unknown).error == "there is no connection \"other\"")
        }

        @Test func aUserWhoMayNotMakeTheLedgerIsToldHow() async throws {
            let bed = try SQLBed.postgres()
            _ = try bed.ask(
                """
                DO $$BEGIN CREATE ROLE poor LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$
                """)
            var attempt = bed.attempt(["sql": "SELECT 1"])
            attempt.settings[.connection, "shop"] = bed.connection.merging(["user": "poor"]) { $1 }
            let refused = await bed.action.run(attempt)
            #expect(refused.verdict == .permanent && refused.error?.contains(SQLLedger.createOnOneLine) == true, "\(refused)")
            _ = try bed.ask(SQLLedger.create)
            _ = try bed.ask("GRANT SELECT, INSERT, UPDATE ON cronpp_ledger TO poor")
            #expect(await bed.action.run(attempt).verdict == .success)
        }

        /// The first attempts of all jobs may meet at a ledger that is not there yet.
        @Test(arguments: 1...8) func manyAttemptsMakeTheLedgerAtOnce(round: Int) async throws {
            let bed = try SQLBed.postgres()
            let outcomes = await withTaskGroup(of: Outcome.self) { group in
                for index in 0..<10 {
                    group.addTask { await bed.run(["sql": "SELECT 1"], run: RunID(high: 3, low: UInt64(index))) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for outcome in outcomes { #expect(outcome.verdict == .success, "\(outcome)") }
        }

        /// As a node that was frozen within its transaction.
        @Test func anAttemptWaitsForOneThatMayStillCommitAndForNoLonger() async throws {
            let bed = try SQLBed.postgres()
            _ = await bed.run(["sql": "SELECT 1"], run: RunID(high: 1, low: 9))
            let database = try #require(bed.connection["database"]?.stringValue)
            let url = "postgres://postgres@127.0.0.1:\(try PostgresServer.shared.port)/\(database)"
            let zombie = try await PostgresConnection.connect(PostgresConfig(url: url, pooling: .session))
            let inserted = AsyncStream.makeStream(of: Void.self)
            let released = DispatchSemaphore(value: 0)
            async let committed: Void = zombie.transaction { transaction in
                _ = try transaction.query(
                    "INSERT INTO cronpp_ledger (run_id, kind, fence) VALUES (\(runID.description), 'applied', \(Int64(3)))")
                inserted.continuation.yield()
                released.wait()
            }
            _ = await inserted.stream.first { _ in true }
            let early = await bed.run(["sql": "SELECT 1", "lock_timeout": "200ms"])
            #expect(early.verdict == .transient && early.reach == .nothingSent && early.kind == .sqlError, "\(early)")
            released.signal()
            try await committed
            let late = await bed.run(["sql": "SELECT 1", "lock_timeout": "200ms"])
            #expect(late.verdict == .success && late.output?.contains("fence 3") == true, "\(late)")
        }

        @Test func noMoreThanItsConnectionsAreOpenAtOnce() async throws {
            let bed = try SQLBed.postgres()
            let narrow = bed.connection.merging(["max_connections": .integer(2)]) { $1 }
            let seen = await withTaskGroup(of: Outcome.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        var attempt = bed.attempt(
                            [
                                "sql": """
                                SELECT count(*), pg_sleep(0.05) FROM pg_stat_activity
                                WHERE application_name = 'cronpp job' AND state = 'active'
                                """
                            ], run: RunID(high: 2, low: UInt64(index)))
                        attempt.settings[.connection, "shop"] = narrow
                        return await bed.action.run(attempt)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for outcome in seen {
                let count = outcome.output?.split(separator: "\r\n").last?.prefix { $0 != "," }
                #expect(count == "1" || count == "2", "\(outcome)")
            }
        }

        /// Whatever is thought of their first words: SQLite itself says what a statement is.
        @Test(arguments: ["COMMIT", "ROLLBACK", "SAVEPOINT x"]) func sqliteEndsNoTransactionOfAnAttempt(sql: String) throws {
            let connection = try SQLKind.freshFile()
            try connection.run("BEGIN")
            #expect(throws: SQLiteError.self) { try connection.table(sql, [], limit: .own) }
            #expect(connection.isInTransaction)
            try connection.run("COMMIT")
            #expect(!connection.isInTransaction)
        }

        @Test func sqliteMakesNoValueThatFillsTheMemory() async throws {
            let bed = try SQLKind.sqlite.bed()
            let outcome = await bed.run(["sql": "SELECT length(zeroblob(500000000))"])
            #expect(outcome.verdict == .permanent && outcome.error?.contains("too big") == true, "\(outcome)")
        }

        /// SQLite forgets an interrupt that finds nothing running: of who waits for a thread, or is between two statements.
        @Test func sqliteIsInterruptedBeforeItBeginsToo() throws {
            let connection = try SQLKind.freshFile()
            try connection.run("BEGIN")
            _ = try connection.table("CREATE TABLE t (a int)", [], limit: .own)
            connection.interrupt()
            for sql in ["SELECT 1", "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"] {
                #expect { try connection.table(sql, [], limit: .own) } throws: { ($0 as? SQLiteError)?.isInterrupted == true }
            }
            #expect(throws: SQLiteError.self) { try connection.run("COMMIT") }
            connection.rollBack()
            #expect(!connection.isInTransaction)
        }

        /// A server that asks for a password is told the connection's own and none of this process's.
        @Test(arguments: [("", " "), ("s3cr3t", "s3cr3t")])
        func aServerHearsNoOtherPassword(own: String, told: String) async throws {
            let server = try await PasswordServer.start()
            let setting = SQLBed.bed(files: nil, [:]) { _ in "" }.setting
            let test = await setting.tryOut([
                "driver": "postgres", "host": "127.0.0.1", "port": .integer(Int64(server.port)), "database": "shop",
                "user": "cronpp", "password": .string(own), "tls": "disable",
            ])
            #expect(!test.isUsable)
            #expect(await server.passwords.first { _ in true } == told)
            try await server.stop()
        }

        @Test func sqliteFilesStayInTheirDirectoryAndBesideNoOther() async throws {
            let bed = try SQLKind.sqlite.bed()
            let outside = NSTemporaryDirectory() + "/cronpp-outside-\(UUID().uuidString).db"
            for sql in ["ATTACH '\(outside)' AS o", "VACUUM INTO '\(outside)'", "PRAGMA journal_mode = OFF"] {
                let outcome = await bed.run(["sql": .string(sql), "transaction": .bool(false)])
                #expect(outcome.verdict == .permanent, "\(sql): \(outcome)")
            }
            #expect(!FileManager.default.fileExists(atPath: outside))
            for name in ["shop.db-wal", "shop.db-journal", "SHOP.DB-SHM"] {
                let files = try #require(SQLFiles(directory: NSTemporaryDirectory()))
                #expect(files.problem(of: name)?.hasPrefix("must be a database") == true)
            }
            for file in ["../shop.db", "/etc/passwd", "missing.db", ".hidden", "a/b"] {
                #expect(bed.setting.validate(["driver": "sqlite", "file": .string(file)]).map(\.field) == ["file"], "\(file)")
            }
        }
    }
}
