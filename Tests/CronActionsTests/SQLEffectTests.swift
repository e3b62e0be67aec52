import CronModel
import CronSchedule
import Foundation
import PostgresServer
import Testing

@testable import CronActions

/// The same promises in a PostgreSQL and in a SQLite file.
enum SQLKind: CaseIterable, Sendable {
    case postgres
    case sqlite

    func bed() throws -> SQLBed {
        switch self {
        case .postgres: return try .postgres()
        case .sqlite:
            let directory = try Self.freshDirectory()
            let connection = try SQLiteConnection(path: directory + "/shop.db", lockTimeout: .seconds(5))
            return .bed(
                files: try #require(SQLFiles(directory: directory)), ["driver": "sqlite", "file": "shop.db"]
            ) { sql in
                let table = try connection.table(sql, [], limit: SQLTableLimit(rows: 100, bytes: 10_000))
                return table.rows.map { $0.map { $0 ?? "" }.joined(separator: "|") }.joined(separator: "\n")
            }
        }
    }

    static func freshFile() throws -> SQLiteConnection {
        try SQLiteConnection(path: freshDirectory() + "/shop.db", lockTimeout: .seconds(5))
    }

    static func freshDirectory() throws -> String {
        let directory = NSTemporaryDirectory() + "/cronpp-sql-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // An empty file is a database without tables.
        FileManager.default.createFile(atPath: directory + "/shop.db", contents: nil)
        return directory
    }
}

extension NetworkTests {
    @Suite(.timeLimit(.minutes(2))) struct SQLEffectTests {
        private static let charge: [String: JSONValue] = [
            "statements": .array([
                .object(["sql": "INSERT INTO charges (who, n) VALUES ($1, $2)", "params": .array(["{{payload.who}}", .integer(1)])]),
                .object(["sql": "SELECT who, n FROM charges ORDER BY who"]),
            ])
        ]
        private static let ann: JSONValue = .object(["who": "ann"])

        private func shop(_ kind: SQLKind) throws -> SQLBed {
            let bed = try kind.bed()
            _ = try bed.ask("CREATE TABLE charges (who varchar(20), n integer CHECK (n > 0))")
            return bed
        }

        @Test(arguments: SQLKind.allCases)
        func theEffectHappensOnceHoweverOftenTheRunIsTried(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let first = await bed.run(Self.charge, fence: 7, payload: Self.ann)
            #expect(first.verdict == .success && first.rows == 1, "\(first)")
            #expect(first.output == "who,n\r\nann,1\r\n" && first.isTable)
            let second = await bed.run(Self.charge, fence: 9, payload: Self.ann)
            #expect(second.verdict == .success && second.rows == nil && second.output?.contains("7") == true, "\(second)")
            let other = await bed.run(Self.charge, run: RunID(high: 5, low: 5), payload: Self.ann)
            #expect(other.verdict == .success)
            #expect(try bed.ask("SELECT count(*) FROM charges") == "2")
        }

        @Test(arguments: SQLKind.allCases)
        func aTombstoneKeepsLateAttemptsFromIt(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let verified = await bed.verify(fence: 9)
            #expect(verified.verdict == .permanent && verified.hasTombstone && verified.reach == .nothingSent, "\(verified)")
            let zombie = await bed.run(Self.charge, fence: 7, payload: Self.ann)
            #expect(zombie.verdict == .permanent && zombie.error?.contains("later decision") == true, "\(zombie)")
            #expect(try bed.ask("SELECT count(*) FROM charges") == "0")
            let redriven = await bed.run(Self.charge, fence: 12, payload: Self.ann)
            #expect(redriven.verdict == .success)
            #expect(try bed.ask("SELECT kind, fence FROM cronpp_ledger").hasPrefix("applied|12"))
            let again = await bed.verify(fence: 14)
            #expect(again.verdict == .success && !again.hasTombstone)
        }

        @Test(arguments: SQLKind.allCases)
        func whatFailsIsTakenBackWhole(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let insert: JSONValue = .object(["sql": "INSERT INTO charges VALUES ('ann', 1)"])
            let broken = await bed.run(["statements": .array([insert, .object(["sql": "INSERT INTO charges VALUES ('bob', 0)"])])])
            #expect(broken.kind == .sqlError && broken.verdict == .permanent && broken.reach == .nothingSent, "\(broken)")
            let wrongCount = await bed.run([
                "sql": "UPDATE charges SET n = 2 WHERE who = $1", "params": .array(["nobody"]), "expect_rows": .integer(1),
            ])
            #expect(wrongCount.error == "statement 1: 1 row expected, 0 found; everything was taken back")
            let syntax = await bed.run(["sql": "SELEKT 1"])
            #expect(syntax.verdict == .permanent && syntax.kind == .sqlError)
            let two = await bed.run(["sql": "INSERT INTO charges VALUES ('a', 1); INSERT INTO charges VALUES ('b', 1)"])
            #expect(two.verdict == .permanent, "one statement at a time: \(two)")
            let missing = await bed.run(["sql": "SELECT $1", "params": .array(["{{payload.nobody}}"])])
            #expect(missing.error?.contains("payload has no \"nobody\"") == true, "\(missing)")
            #expect(try bed.ask("SELECT count(*) FROM charges") == "0")
            #expect(try bed.ask("SELECT count(*) FROM cronpp_ledger") == "0")
        }

        @Test(arguments: SQLKind.allCases)
        func aDryRunShowsWhatWouldBeAndTakesItBack(kind: SQLKind) async throws {
            let bed = try shop(kind)
            var attempt = bed.attempt(Self.charge, payload: Self.ann)
            attempt.isDryRun = true
            let outcome = await bed.action.run(attempt)
            #expect(outcome.verdict == .success && outcome.rows == 1 && outcome.output == "who,n\r\nann,1\r\n", "\(outcome)")
            #expect(try bed.ask("SELECT count(*) FROM charges") == "0")
            #expect(await bed.setting.tryOut(bed.connection).facts["ledger"] == "made by the first attempt")
        }

        @Test(arguments: SQLKind.allCases)
        func largeAnswersAreCountedAndCut(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let numbers = """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
                SELECT i, 'xxxxxxxxxxxxxxxxxxxx' FROM n
                """
            let outcome = await bed.run(["sql": .string(numbers), "max_rows": .integer(10_000)])
            #expect(outcome.verdict == .success && outcome.rows == 200_000 && outcome.outputTruncated, "\(outcome.error ?? "")")
            #expect((60_000...Outcome.outputLimitBytes).contains(outcome.output?.utf8.count ?? 0))
            let few = await bed.run(["sql": .string(numbers), "max_rows": .integer(2)], run: RunID(high: 6, low: 6))
            #expect(few.output?.split(separator: "\r\n").count == 3)
        }

        @Test(arguments: SQLKind.allCases)
        func aLongStatementEndsWithItsTime(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            let outcome = await bed.run(["sql": .string(endless)], timeout: .milliseconds(300))
            #expect(outcome.kind == .timeout && outcome.verdict == .transient && outcome.reach == .nothingSent, "\(outcome)")
            let task = Task { await bed.run(["sql": .string(endless)]) }
            task.cancel()
            #expect(await task.value.kind == .cancelled)
        }

        @Test(arguments: SQLKind.allCases)
        func aStatementEndsWithItsOwnTime(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            let ended = await bed.run(["sql": .string(long), "statement_timeout": "200ms"])
            #expect(ended.kind == .timeout && ended.verdict == .transient, "\(ended)")
        }

        @Test(arguments: SQLKind.allCases)
        func withoutTransactionStatementsCommitThemselves(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let vacuum = await bed.run(["sql": "VACUUM", "transaction": .bool(false)])
            #expect(vacuum.verdict == .success, "\(vacuum)")
            let half = await bed.run([
                "transaction": .bool(false),
                "statements": .array([
                    .object(["sql": "INSERT INTO charges VALUES ('ann', 1)"]), .object(["sql": "SELEKT 1"]),
                ]),
            ])
            #expect(half.verdict == .permanent && half.reach == .answered, "\(half)")
            #expect(try bed.ask("SELECT count(*) FROM charges") == "1")
        }

        @Test(arguments: SQLKind.allCases)
        func connectionsAreTriedOut(kind: SQLKind) async throws {
            let bed = try shop(kind)
            let test = await bed.setting.tryOut(bed.connection)
            #expect(test.isUsable && test.facts["ledger"] == "made by the first attempt", "\(test)")
            _ = await bed.run(Self.charge, payload: Self.ann)
            #expect(await bed.setting.tryOut(bed.connection).facts["ledger"] == "there")
        }
    }
}
