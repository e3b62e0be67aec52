import CronModel
import CronSchedule

/// A SQL action's fields, read and checked.
///
/// | member | default | meaning |
/// | --- | --- | --- |
/// | `connection` | | the name of a connection of the space |
/// | `sql` | | the statement; its values are `$1`, `$2`, … |
/// | `params` | `[]` | the values in order: constants, or texts with names such as `{{payload.customer}}` |
/// | `expect_rows` | any | how many rows it must select or change: `1`, `"1-10"` or `"1-"`; otherwise all is taken back |
/// | `statements` | | in place of these three, a list of objects that have them |
/// | `timeout` | the job's | for the whole attempt |
/// | `statement_timeout` | the attempt's | for one statement |
/// | `lock_timeout` | `5s` | how long one statement may wait for a lock |
/// | `max_rows` | `1000` | rows kept of a table that is selected |
/// | `ledger` | `true` | the effect happens exactly once: the target remembers the run in the same transaction |
/// | `transaction` | `true` | all statements are one transaction; without (VACUUM, …) there is no ledger either |
struct SQLDefinition: Sendable {
    /// Of a connection's name, as those who put it in place may choose it.
    static let nameBytes = 1...100
    static let statementCounts = 1...50
    static let maxStatementBytes = 65_536
    static let maxParameters = 100
    static let rowLimits = 0...10_000
    static let standardMaxRows = 1_000
    static let lockTimeouts = Span.milliseconds(1)...Span.minutes(10)
    static let standardLockTimeout = Span.seconds(5)

    let connection: String
    let statements: [Statement]
    let statementTimeout: Span?
    let lockTimeout: Span
    let maxRows: Int
    let usesTransaction: Bool
    let keepsLedger: Bool

    struct Statement: Sendable {
        let text: String
        let values: [SQLValue]
        let expected: SQLRowCount?
    }

    init(_ definition: ActionDefinition) throws(FieldProblems) {
        var reader = FieldReader(definition.fields, prefix: "action.")
        let connection = reader.string("connection", limit: Self.nameBytes.upperBound)
        if connection?.isEmpty ?? false { reader.refuse("connection", "must not be empty") }
        if connection == nil, reader.value("connection") == nil { reader.refuse("connection", "is required") }
        statements = Self.readStatements(&reader)
        _ = reader.span("timeout", in: JobLimit.timeout)
        statementTimeout = reader.span("statement_timeout", in: JobLimit.timeout)
        lockTimeout = reader.span("lock_timeout", in: Self.lockTimeouts) ?? Self.standardLockTimeout
        maxRows = reader.integer("max_rows", in: Self.rowLimits) ?? Self.standardMaxRows
        usesTransaction = reader.bool("transaction") ?? true
        let ledger = reader.bool("ledger")
        if ledger == true, !usesTransaction {
            reader.refuse("ledger", "needs the transaction: without one it could not be written together with the effect")
        }
        keepsLedger = usesTransaction && ledger ?? true
        reader.refuseUnknown()
        guard let connection, reader.problems.isEmpty else { throw FieldProblems(reader.problems) }
        self.connection = connection
    }

    private static func readStatements(_ reader: inout FieldReader) -> [Statement] {
        guard let list = reader.value("statements") else {
            guard let statement = readStatement(&reader) else { return [] }
            return [statement]
        }
        for field in ["sql", "params", "expect_rows"] where reader.value(field) != nil {
            reader.refuse(field, "stands beside `statements`; give one or the other")
        }
        guard let items = list.arrayValue, statementCounts.contains(items.count) else {
            let counts = "\(statementCounts.lowerBound) to \(statementCounts.upperBound)"
            reader.refuse("statements", "must be a list of \(counts) statements")
            return []
        }
        return items.enumerated().compactMap { index, item in
            let path = "statements[\(index)]"
            guard let members = item.objectValue else {
                reader.refuse(path, "must be an object, not \(item.kindName)")
                return nil
            }
            var inner = FieldReader(members, prefix: "action.\(path).")
            let statement = readStatement(&inner)
            inner.refuseUnknown()
            inner.problems.forEach { reader.adopt($0) }
            return statement
        }
    }

    static func readStatement(_ reader: inout FieldReader) -> Statement? {
        let text = reader.string("sql", limit: maxStatementBytes)
        if text == nil, reader.value("sql") == nil { reader.refuse("sql", "is required") }
        if let text, let problem = SQLText.problem(in: text) { reader.refuse("sql", problem) }
        let values = readValues(&reader)
        var expected: SQLRowCount?
        if let value = reader.value("expect_rows") {
            expected = SQLRowCount(value)
            if expected == nil { reader.refuse("expect_rows", "must be a count, or a range such as \"1-10\" or \"1-\"") }
        }
        return text.map { Statement(text: $0, values: values, expected: expected) }
    }

    private static func readValues(_ reader: inout FieldReader) -> [SQLValue] {
        guard let value = reader.value("params") else { return [] }
        guard let items = value.arrayValue, items.count <= maxParameters else {
            reader.refuse("params", "must be a list of at most \(maxParameters) values")
            return []
        }
        var values: [SQLValue] = []
        for (index, item) in items.enumerated() {
            do throws(Template.Problem) {
                values.append(try SQLValue(item))
            } catch {
                reader.refuse("params[\(index)]", error.message, column: error.column)
            }
        }
        return values
    }
}

extension SQLDefinition {
    /// Bytes that the values of one attempt may have together.
    static let maxValueBytes = 1_048_576

    /// The statements with their values in place.
    func bound(for attempt: AttemptContext) throws(TemplateValues.Missing) -> [BoundStatement] {
        let values = TemplateValues(attempt: attempt)
        var room = Self.maxValueBytes
        var bound: [BoundStatement] = []
        for statement in statements { bound.append(try statement.bound(with: values, room: &room)) }
        return bound
    }

    static let schema = Schema.object(
        [.required("connection", .string(nameBytes), "The name of a connection of the space.")] + statementMembers.map(optional) + [
            .field(
                "statements", .list(of: .object(statementMembers), statementCounts),
                "In place of `sql`, `params` and `expect_rows`: several statements, in order."),
            .field("timeout", .span(JobLimit.timeout), "For the whole attempt, within the job's own; absent: the job's."),
            .field("statement_timeout", .span(JobLimit.timeout), "For one statement; absent: the attempt's."),
            .field(
                "lock_timeout", .span(lockTimeouts), default: .string(standardLockTimeout.description),
                "How long one statement may wait for a lock."),
            .field(
                "max_rows", .integer(rowLimits), default: .integer(Int64(standardMaxRows)),
                "Rows kept of a table that is selected."),
            .field(
                "ledger", .bool, default: .bool(true),
                "The effect happens exactly once: the target remembers the run in the same transaction, in "
                    + "`cronpp_ledger`."),
            .field(
                "transaction", .bool, default: .bool(true),
                "All statements are one transaction. Without, for VACUUM and the like, there is no ledger either."),
        ])

    static let statementMembers: [Schema.Member] = [
        .required("sql", .string(1...maxStatementBytes), "One statement; its values are `$1`, `$2`, …"),
        .field(
            "params", .list(of: .json, 0...maxParameters), default: .array([]),
            "The values in order. Texts are templates; one that is a single name takes its value as it is."),
        .field(
            "expect_rows", SQLRowCount.schema,
            "Rows that it must select or change, or all is taken back: `1`, `\"1-10\"` or `\"1-\"`; the second number is not less."),
    ]

    static func optional(_ member: Schema.Member) -> Schema.Member {
        member.isRequired ? .field(member.name, member.schema, member.about) : member
    }
}

extension SQLDefinition.Statement {
    /// - Parameter room: bytes that the values of an attempt may have at most; what these take is taken off.
    func bound(with values: TemplateValues, room: inout Int) throws(TemplateValues.Missing) -> BoundStatement {
        var row: [JSONValue] = []
        for value in self.values { row.append(try value.bound(with: values, room: &room)) }
        return BoundStatement(text: text, values: row, expected: expected)
    }
}
