import CronModel

/// An alert's fields, read and checked. Its texts are templates, of `{{recipient.…}}` too where they are for people.
///
/// | member | default | meaning |
/// | --- | --- | --- |
/// | `channel` | | the name of a channel of the space |
/// | `channels` | | in its place, 1 to 10 of them |
/// | `title` | the job's name | one line: a mail's subject, the first line elsewhere |
/// | `message` | | |
/// | `html` | none | the same for mails, with values escaped |
/// | `severity` | `info` | or `warning`, `error`, `critical` |
/// | `recipients` | the channel's own | for mail and SMS: a list, or a text such as `{{payload.customers}}` that names one |
/// | `attach` | none | for mail: see `AlertAttachment` |
/// | `problem` | the run's id | what tells one problem from another (PagerDuty's `dedup_key`) |
/// | `resolve` | `false` | the problem is over |
/// | `timeout` | the job's | for the whole attempt |
struct AlertDefinition: Sendable {
    static let channelCounts = 1...10
    /// Of each text as it is defined.
    static let maxTextBytes = 65_536
    static let maxHTMLBytes = 262_144
    static let maxLineBytes = 1_024
    static let maxRecipients = 1_000
    static let maxRecipientBytes = 262_144
    static let standardTitle = "{{job_name}}"
    static let standardProblem = "{{run_id}}"

    /// Of a channel's name, as those who put it in place may choose it.
    static let nameBytes = 1...100

    let channels: [String]
    let title: Template
    let message: Template
    let html: Template?
    let severity: AlertSeverity
    let recipients: AlertRecipients?
    let attachment: AlertAttachment?
    let problem: Template
    let isResolved: Bool

    init(_ definition: ActionDefinition) throws(FieldProblems) {
        var reader = FieldReader(definition.fields, prefix: "action.")
        channels = Self.readChannels(&reader)
        attachment = AlertAttachment.read(&reader)
        let names = attachment?.query == nil ? Template.Names.ofMessage : .ofReport
        let title = reader.template("title", names, limit: Self.maxLineBytes, standard: Self.standardTitle)
        let message = reader.template("message", names, limit: Self.maxTextBytes)
        if message == nil, reader.value("message") == nil { reader.refuse("message", "is required") }
        html = reader.template("html", names, limit: Self.maxHTMLBytes)
        severity = reader.choice("severity", AlertSeverity.self) ?? .info
        recipients = AlertRecipients.read(&reader)
        let problem = reader.template("problem", names, limit: Self.maxLineBytes, standard: Self.standardProblem)
        isResolved = reader.bool("resolve") ?? false
        // Only checked: an attempt's timeout is already the smaller of the action's and the job's.
        _ = reader.span("timeout", in: JobLimit.timeout)
        reader.refuseUnknown()
        guard let title, let message, let problem, reader.problems.isEmpty else {
            throw FieldProblems(reader.problems)
        }
        self.title = title
        self.message = message
        self.problem = problem
    }

    private static func readChannels(_ reader: inout FieldReader) -> [String] {
        let one = reader.string("channel", limit: nameBytes.upperBound)
        if one?.isEmpty ?? false { reader.refuse("channel", "must not be empty") }
        guard let value = reader.value("channels") else {
            if one == nil, reader.value("channel") == nil { reader.refuse("channel", "is required, or channels") }
            return one.map { [$0] } ?? []
        }
        if one != nil { reader.refuse("channels", "stands beside channel; give one or the other") }
        let names = value.arrayValue?.compactMap(\.stringValue) ?? []
        guard names.count == value.arrayValue?.count, channelCounts.contains(names.count) else {
            reader.refuse("channels", "must be a list of 1 to \(channelCounts.upperBound) names")
            return []
        }
        for (index, name) in names.enumerated() where !nameBytes.contains(name.utf8.count) {
            reader.refuse("channels[\(index)]", "must have \(nameBytes.lowerBound) to \(nameBytes.upperBound) bytes")
        }
        if Set(names).count < names.count { reader.refuse("channels", "holds a name twice") }
        return names
    }
}

extension FieldReader {
    /// A text with names in it, the recipient's among them.
    mutating func template(
        _ field: String, _ names: Template.Names, limit: Int, standard: String? = nil
    ) -> Template? {
        guard let text = string(field, limit: limit) ?? (value(field) == nil ? standard : nil) else { return nil }
        do throws(Template.Problem) {
            return try Template(text, names: names)
        } catch {
            refuse(field, error.message, column: error.column)
            return nil
        }
    }
}

extension AlertDefinition {
    static let schema = Schema.object([
        .field("channel", .string(nameBytes), "The name of a channel of the space."),
        .field(
            "channels", .list(of: .string(nameBytes), channelCounts, isSet: true),
            "In its place: several, each of which gets the message."),
        .field(
            "title", .string(0...maxLineBytes), default: .string(standardTitle),
            "One line: a mail's subject, the first line elsewhere. A template, as are the next two."),
        .required("message", .string(0...maxTextBytes)),
        .field("html", .string(0...maxHTMLBytes), "The same for mails; values are escaped."),
        .field("severity", .choice(AlertSeverity.self), default: .string(AlertSeverity.info.rawValue)),
        .field("recipients", AlertRecipients.schema, AlertRecipients.about),
        .field(
            "attach", AlertAttachment.schema,
            "Goes with mails, and nowhere else: a text, or what a query answers (at most \(AlertQuery.maxRows) rows)."),
        .field(
            "problem", .string(0...maxLineBytes), default: .string(standardProblem),
            "Tells one problem from another: PagerDuty's `dedup_key`. A template."),
        .field("resolve", .bool, default: .bool(false), "The problem is over."),
        .field("timeout", .span(JobLimit.timeout), "For the whole attempt, within the job's own; absent: the job's. What is not sent by then is left to the next attempt."),
    ])
}
