package import CronSchedule

/// A mail to one person: what the server says of it is then said of that person.
package struct MailMessage: Hashable, Sendable {
    /// The part of Message-ID before the `@`; the domain is that of `from`. The same for the same mail, however often it is
    /// sent, so that a receiver may know it again.
    package let id: String
    package let from: Mailbox
    package let to: Mailbox
    package let subject: String
    package let date: Instant
    /// Any text; lines end with a line feed.
    package let text: String
    /// The same for programs that show HTML.
    package let html: String?
    package let attachment: MailAttachment?

    /// - Throws: `MailProblem` for what would be no mail: see `MailLimit`.
    package init(
        id: String, from: Mailbox, to: Mailbox, subject: String, date: Instant, text: String, html: String? = nil,
        attachment: MailAttachment? = nil
    ) throws(MailProblem) {
        guard (1...MailLimit.id).contains(id.utf8.count), EmailAddress.isDotAtom(id) else {
            throw MailProblem("the id must be words joined by dots, at most \(MailLimit.id) bytes")
        }
        guard subject.isOneLine else { throw MailProblem("the subject holds a control character") }
        try MailLimit.check("subject", subject.utf8.count, MailLimit.subject)
        try MailLimit.check("text", text.utf8.count, MailLimit.text)
        try MailLimit.check("HTML", html?.utf8.count ?? 0, MailLimit.text)
        self.id = id
        self.from = from
        self.to = to
        self.subject = subject
        self.date = date
        self.text = text
        self.html = html
        self.attachment = attachment
    }
}

package struct MailAttachment: Hashable, Sendable {
    package let name: String
    /// Such as `text/csv`.
    package let type: String
    package let bytes: [UInt8]

    /// - Throws: `MailProblem`.
    package init(name: String, type: String, bytes: [UInt8]) throws(MailProblem) {
        try MailLimit.check("name of the attachment", name.utf8.count, MailLimit.fileName)
        guard !name.isEmpty, Self.isFileName(name) else {
            throw MailProblem("the name of the attachment must be one of a file, without a path")
        }
        let words = type.split(separator: "/", omittingEmptySubsequences: false)
        guard words.count == 2,
            words.allSatisfy({ (1...64).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isToken) })
        else { throw MailProblem("the type of the attachment must be a media type such as text/csv") }
        try MailLimit.check("attachment", bytes.count, MailLimit.attachment)
        self.name = name
        self.type = type
        self.bytes = bytes
    }

    /// Whether a text may be part of a name.
    package static func isFileName(_ text: String) -> Bool {
        text.isOneLine && !text.unicodeScalars.contains { $0 == "/" || $0 == "\\" }
    }

    /// RFC 6838 §4.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$&-^_.+".utf8.contains(byte)
        }
    }
}

/// Most bytes of the parts of a mail.
package enum MailLimit {
    package static let id = 128
    package static let subject = 500
    /// Of the text, and of the HTML.
    package static let text = 256 << 10
    package static let fileName = 200
    package static let attachment = 5 << 20

    static func check(_ what: String, _ count: Int, _ limit: Int) throws(MailProblem) {
        guard count <= limit else { throw MailProblem("the \(what) is \(count) bytes long; the limit is \(limit)") }
    }
}
