import CronModel
import CronSchedule

/// What one attempt of an alert has to do.
struct AlertWork: Sendable {
    /// Bytes of a message's text, of its HTML and of its attachment, values in place.
    static let maxRenderedBytes = MailLimit.text
    static let maxAttachmentBytes = 1_048_576
    /// What the title of a test begins with, and its problem: it is to end no real one.
    static let testMark = "[TEST] "

    let attempt: AttemptContext
    let postings: [AlertPosting]
    /// By name. What is wrong with one is told of its own messages: the others go out.
    let channels: [String: Result<any AlertChannel, FieldProblems>]
    /// What is attached, where a database is to be asked for it and has been.
    var table: AlertTable?
    private let definition: AlertDefinition

    /// - Throws: `TemplateValues.Missing` when it is not known who the recipients are.
    init(
        _ definition: AlertDefinition, _ attempt: AttemptContext, addresses: AddressGuard
    ) throws(TemplateValues.Missing) {
        self.definition = definition
        self.attempt = attempt
        var channels: [String: Result<any AlertChannel, FieldProblems>] = [:]
        var people: [String: [String]] = [:]
        for name in definition.channels {
            guard let fields = attempt.settings[.channel, name] else { continue }
            do throws(FieldProblems) {
                let channel = try ChannelTypes.channel(fields, addresses)
                channels[name] = .success(channel)
                people[name] = channel.people
            } catch {
                channels[name] = .failure(error)
            }
        }
        self.channels = channels
        let recipients = try definition.recipients?.all(with: TemplateValues(attempt: attempt))
        postings = try AlertPosting.all(definition.channels, people: people, recipients: recipients)
    }

    var query: AlertQuery? { definition.attachment?.query }

    /// What one of them says.
    func message(for posting: AlertPosting, at now: Instant) throws(TemplateValues.Missing) -> AlertMessage {
        var values = TemplateValues(attempt: attempt)
        values.recipient = posting.recipient?.values
        values.attachedRows = table?.rows
        let title = try Self.text(definition.title, values)
        let mark = attempt.isTest ? Self.testMark : ""
        var message = AlertMessage(
            id: "\(attempt.runID)-\(posting.key)", title: mark + (title.isEmpty ? attempt.jobName : title),
            text: try Self.text(definition.message, values), problem: mark + (try Self.text(definition.problem, values)),
            sentAt: now)
        message.html = try definition.html.map { html throws(TemplateValues.Missing) in
            try Self.text(html, values, escape: { HTMLText.escaped($0) })
        }
        message.severity = definition.severity
        message.isResolved = definition.isResolved
        message.attachment = try attachment(values)
        message.facts = [
            "job_id": .string("\(attempt.jobID)"), "job_name": .string(attempt.jobName),
            "run_id": .string("\(attempt.runID)"), "scheduled_for": .string("\(attempt.scheduledFor)"),
        ].merging(attempt.about) { _, about in about }.filter { $0.value != .null }
        if attempt.isTest { message.facts["test"] = .bool(true) }
        return message
    }

    private func attachment(_ values: TemplateValues) throws(TemplateValues.Missing) -> MailAttachment? {
        guard let attachment = definition.attachment else { return nil }
        let name = try Self.text(attachment.name, values)
        let bytes: [UInt8]
        switch attachment.content {
        case .text(let template): bytes = Array(try Self.text(template, values, limit: Self.maxAttachmentBytes).utf8)
        case .query: bytes = table?.bytes ?? []
        }
        do throws(MailProblem) {
            return try MailAttachment(name: name, type: "text/csv", bytes: bytes)
        } catch {
            throw TemplateValues.Missing(message: error.message)
        }
    }

    private static func text(
        _ template: Template, _ values: TemplateValues, limit: Int = maxRenderedBytes,
        escape: (String) -> String = { $0 }
    ) throws(TemplateValues.Missing) -> String {
        var room = limit
        return try template.rendered(with: values, room: &room, escape: escape)
    }
}
