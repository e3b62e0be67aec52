import CronModel
import Foundation
import Testing

@testable import CronActions

/// What is told of statements and values without a database.
@Suite struct SQLTextTests {
    @Test(arguments: [
        "COMMIT", "commit and chain", "  ;COMMIT", "-- why\nCOMMIT", "/* why */ END", "ROLLBACK TO SAVEPOINT x", "BEGIN",
        "START TRANSACTION", "abort", "SAVEPOINT x", "RELEASE x", "PREPARE TRANSACTION 'x'", "/* a /* b */ COMMIT",
        "COPY t FROM STDIN", "/*\u{301} */ COMMIT", "--\u{301}\nCOMMIT", "\u{FEFF}COMMIT", "COMMIT/**/", "prepare\ttransaction 'x'", "", " -- nothing", "/* never closed", "SELECT '{{payload.x}}'", "SELECT {{ secrets.a }}",
    ])
    func refusesWhatWouldSplitLedgerAndEffect(text: String) {
        #expect(SQLText.problem(in: text) != nil, "\(text)")
    }

    @Test(arguments: [
        "SELECT 1", "-- COMMIT\nUPDATE t SET a = $1", "/* COMMIT */ DELETE FROM t", "WITH x AS (SELECT 1) SELECT * FROM x",
        "(SELECT 1) UNION (SELECT 2)", "PREPARE x AS SELECT 1", "INSERT INTO t VALUES ('{{1,2},{3,4}}')",
        "UPDATE t SET commit = 1", "VACUUM", "CALL renew()", "SELECT 1;",
    ])
    func takesTheRest(text: String) {
        #expect(SQLText.problem(in: text) == nil, "\(text): \(SQLText.problem(in: text) ?? "")")
    }

    @Test(arguments: [
        "SELECT 1; SELECT 2", "SELECT 1;\n-- then\nSELECT 2;", ";SELECT 1;;SELECT 2", "SELECT 'a'';' ; DROP TABLE t",
        "INSERT INTO t VALUES (';'); DELETE FROM t", "SELECT \"a;\" FROM t; SELECT 1", "SELECT a[1] FROM t; SELECT $1",
        "SELECT $$a$$; SELECT 2", "CREATE TABLE t (a int); SELECT 1", "SELECT 1 /* ; */; /* a */ SELECT 2", "SELECT 1; BEGIN",
    ])
    func refusesSeveralStatementsInOneText(text: String) {
        #expect(SQLText.problem(in: text) == "holds several statements; put each into `statements`", "\(text)")
    }

    /// One statement to one of the databases at least, or by settings of the server.
    @Test(arguments: [
        "SELECT 1; -- done", "SELECT 1;;", "; SELECT 1", "SELECT 1; /* done */ ;", "SELECT ';', ';'", "SELECT \";\" FROM t",
        "SELECT $$a; b$$", "SELECT $f$ $$; $$ a; b $f$", "SELECT E'\\'; x'", "SELECT '\\'; x'", "SELECT [a;b] FROM t",
        "SELECT `a;b` FROM t", "SELECT 1 -- ; SELECT 2", "SELECT 1 /* ; SELECT 2 */", "SELECT 1 /* /* */ ; SELECT 2 */",
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM a; DELETE FROM b; END",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)", "SELECT 'never closed; SELECT 2",
    ])
    func leavesToTheDatabaseWhatItAloneCanTell(text: String) {
        #expect(SQLText.problem(in: text) == nil, "\(text)")
    }

    @Test func definitionsNameEverythingThatIsWrong() {
        func problems(_ fields: [String: JSONValue]) -> [String] {
            do throws(FieldProblems) {
                _ = try SQLDefinition(ActionDefinition(type: "sql", fields: fields))
                return []
            } catch {
                return error.all.map(\.field).sorted()
            }
        }
        #expect(problems([:]) == ["action.connection", "action.sql"])
        #expect(problems(["connection": "c", "sql": "SELECT 1"]).isEmpty)
        #expect(
            problems(["connection": "c", "sql": "SELECT 1", "statements": .array([.object(["sql": "SELECT 2"])])])
                == ["action.sql"])
        #expect(
            problems([
                "connection": "c",
                "statements": .array([.object(["sql": "COMMIT"]), .object(["sq": "x"]), "SELECT 1"]),
            ]) == [
                "action.statements[0].sql", "action.statements[1].sq", "action.statements[1].sql", "action.statements[2]",
            ])
        #expect(
            problems([
                "connection": "c",
                "statements": .array([.object(["sql": "SELECT 1"]), .object(["sql": "SELECT 1; SELECT 2"])]),
            ]) == ["action.statements[1].sql"])
        #expect(
            problems([
                "connection": "c", "sql": "SELECT $1", "params": .array(["{{nothing}}"]), "expect_rows": "3-1",
                "max_rows": .integer(-1), "ledger": .bool(true), "transaction": .bool(false),
            ]) == ["action.expect_rows", "action.ledger", "action.max_rows", "action.params[0]"])
    }

    @Test(arguments: [
        (.integer(1), 1...1), ("1-10", 1...10), ("2-", 2...Int.max), ("5", 5...5), (.integer(-1), nil), ("", nil), ("-", nil),
        ("1-2-3", nil), ("+1", nil), ("1-+2", nil), ("-5", nil), (.bool(true), nil),
    ] as [(JSONValue, ClosedRange<Int>?)])
    func rowCounts(value: JSONValue, range: ClosedRange<Int>?) {
        #expect(SQLRowCount(value)?.range == range)
    }

    @Test func valuesKeepTheirKindsAndAreBounded() throws {
        let attempt = attempt("https://example.com", payload: .object(["n": .integer(7), "none": .null, "t": "x"]))
        let values = TemplateValues(attempt: attempt)
        func bound(_ value: JSONValue) throws -> JSONValue {
            var room = 1_000
            return try SQLValue(value).bound(with: values, room: &room)
        }
        #expect(try bound("{{payload.n}}") == .integer(7))
        #expect(try bound("{{payload.none}}") == .null)
        #expect(try bound("{{payload.n}} of {{payload.t}}") == "7 of x")
        #expect(try bound("{{scheduled_for}}") == .string("2026-02-02T02:39:00.000000Z"))
        #expect(try bound(.bool(true)) == .bool(true))
        #expect(throws: TemplateValues.Missing.self) { try bound("{{payload.missing}}") }
        #expect(throws: TemplateValues.Missing.self) { try bound("a\u{0}b") }
        #expect(throws: TemplateValues.Missing.self) { try bound(.string(String(repeating: "x", count: 1_001))) }
    }

    @Test func tablesAreWrittenAsRFC4180SaysAndCutBetweenLines() {
        var table = SQLTable()
        table.columns = ["a", "b,c"]
        table.rows = [["1", nil], ["", "say \"hi\"\nthere"], ["x", "y"]]
        #expect(CSV.text(table, limitBytes: 1_000).text == "a,\"b,c\"\r\n1,\r\n\"\",\"say \"\"hi\"\"\nthere\"\r\nx,y\r\n")
        #expect(CSV.text(columns: ["a"], rows: [["x\"\u{301},y"]], limitBytes: 1_000).text == "a\r\n\"x\"\"\u{301},y\"\r\n")
        let cut = CSV.text(table, limitBytes: 20)
        #expect(cut.text == "a,\"b,c\"\r\n1,\r\n" && cut.isCut)
    }

    /// A server's text is cut, and a part of a secret would be left.
    @Test func secretsAreHiddenBeforeTextIsCut() {
        let secret = "s3cr3t-s3cr3t"
        let failure = SQLFailure(
            cause: .lost, message: String(repeating: "x", count: Outcome.errorLimitBytes - 5) + secret, reach: .nothingSent)
        let outcome = Outcome(failure) { $0.replacingOccurrences(of: secret, with: "********") }
        #expect(outcome.error?.hasSuffix("x*****") == true)
    }
}
