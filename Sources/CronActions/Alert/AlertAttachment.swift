import CronModel

/// What goes with an alert's mails, as it is defined: a text, or what a database answers.
///
/// | member | default | meaning |
/// | --- | --- | --- |
/// | `name` | | the file's; a template |
/// | `csv` | | what it holds: a template |
/// | `connection` | | in its place: the name of a connection of the space, |
/// | `sql` | | one query, which may change nothing; its values are `$1`, `$2`, … |
/// | `params` | `[]` | the values, as in a SQL action |
/// | `expect_rows` | any | how many rows it must answer, or nothing is sent and the run fails |
/// | `skip_empty` | `false` | without a row nothing is sent, and the run succeeds, unless it has sent something already |
struct AlertAttachment: Sendable {
    let name: Template
    let content: Content

    enum Content: Sendable {
        case text(Template)
        case query(AlertQuery)
    }

    var query: AlertQuery? { if case .query(let query) = content { query } else { nil } }

    private static let queryFields = ["connection", "sql", "params", "expect_rows", "skip_empty"]

    static func read(_ reader: inout FieldReader) -> AlertAttachment? {
        guard let value = reader.value("attach") else { return nil }
        guard let members = value.objectValue else {
            reader.refuse("attach", "must be an object, not \(value.kindName)")
            return nil
        }
        var inner = FieldReader(members, prefix: "action.attach.")
        let content = readContent(&inner)
        let name = readName(&inner)
        inner.refuseUnknown()
        inner.problems.forEach { reader.adopt($0) }
        guard let name, let content else { return nil }
        return AlertAttachment(name: name, content: content)
    }

    /// What its values make of it is judged when they are known.
    private static func readName(_ reader: inout FieldReader) -> Template? {
        guard let value = reader.value("name") else {
            reader.refuse("name", "is required")
            return nil
        }
        let name = reader.template("name", .ofMessage, limit: MailLimit.fileName)
        if value == .string("") { reader.refuse("name", "must not be empty") }
        if name?.fixedTexts.allSatisfy(MailAttachment.isFileName) == false {
            reader.refuse("name", "must be one of a file, without a path")
        }
        return name
    }

    private static func readContent(_ reader: inout FieldReader) -> Content? {
        let given = queryFields.filter { reader.value($0) != nil }
        if reader.value("csv") != nil {
            let text = reader.template("csv", .ofMessage, limit: AlertDefinition.maxTextBytes)
            if let field = given.first { reader.refuse(field, "stands beside csv; give one or the other") }
            return text.map { .text($0) }
        }
        guard !given.isEmpty else {
            reader.refuse("csv", "is required, or connection and sql")
            return nil
        }
        return AlertQuery.read(&reader).map { .query($0) }
    }
}

extension AlertQuery {
    fileprivate static func read(_ reader: inout FieldReader) -> AlertQuery? {
        let connection = reader.string("connection", limit: SQLDefinition.nameBytes.upperBound)
        if connection?.isEmpty ?? false { reader.refuse("connection", "must not be empty") }
        if reader.value("connection") == nil { reader.refuse("connection", "is required") }
        let statement = SQLDefinition.readStatement(&reader)
        let skipsEmpty = reader.bool("skip_empty") ?? false
        guard let connection, let statement else { return nil }
        return AlertQuery(connection: connection, statement: statement, skipsEmpty: skipsEmpty)
    }
}

extension AlertAttachment {
    /// Without a path and control characters, but in the names of values.
    private static let namePattern = #"^((?!\{\{)[^\x00-\x1F\x7F-\x9F\u2028\u2029/\\]|\{\{[^\x00}]*\}\})*$"#

    static let schema = Schema.object(
        [
            .required("name", .string(1...MailLimit.fileName, pattern: namePattern), "Of the file; a template."),
            .field("csv", .string(0...AlertDefinition.maxTextBytes), "What it holds: a template."),
            .field(
                "connection", .string(SQLDefinition.nameBytes),
                "In place of `csv`: the name of a connection of the space. Each attempt asks it once, before the first message, "
                    + "and `{{attachment.rows}}` in the texts is how many rows it answered."),
        ] + SQLDefinition.statementMembers.map(SQLDefinition.optional) + [
            .field(
                "skip_empty", .bool, default: .bool(false),
                "Without a row nothing is sent, and the run succeeds. Once a message is decided, the rest get the empty table."
            )
        ])
}
