import CronModel

/// A mail as it goes over the line (RFC 5322, RFC 2045–2047): lines of ASCII, at most 78 characters and never 998, each
/// ended by CR and LF. The same mail gives the same bytes. Dots at the beginnings of lines are doubled by libcurl.
enum MIMEWriter {
    static func bytes(of message: MailMessage) -> [UInt8] {
        var head = [
            "Date: \(MailDate.text(message.date))",
            HeaderText.mailbox("From", message.from),
            HeaderText.mailbox("To", message.to),
            HeaderText.whole("Message-ID", "<\(message.id)@\(message.from.domain)>"),
            HeaderText.unstructured("Subject", message.subject),
            // RFC 3834: nobody's holiday answer should come back.
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ]
        let body = body(of: message)
        head += body.fields
        return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body.bytes
    }

    private static func body(of message: MailMessage) -> Entity {
        var entity = Entity(text: message.text, subtype: "plain")
        if let html = message.html {
            entity = Entity("alternative", of: [entity, Entity(text: html, subtype: "html")])
        }
        if let attachment = message.attachment { entity = Entity("mixed", of: [entity, Entity(attachment)]) }
        return entity
    }
}

/// A part of a mail, or all of it: its own fields, and what they describe.
private struct Entity {
    var fields: [String]
    var bytes: [UInt8]

    init(text: String, subtype: String) {
        fields = ["Content-Type: text/\(subtype); charset=utf-8", "Content-Transfer-Encoding: quoted-printable"]
        bytes = QuotedPrintable.bytes(text)
    }

    init(_ attachment: MailAttachment) {
        fields = [
            "Content-Type: \(attachment.type)", "Content-Transfer-Encoding: base64",
            "Content-Disposition: attachment;\(HeaderText.fileName(attachment.name))",
        ]
        bytes = Base64Lines.bytes(attachment.bytes)
    }

    init(_ subtype: String, of parts: [Entity]) {
        // "=_" stands in no quoted-printable and in no base64 text (RFC 2045 §6.7), so no part can end itself.
        let boundary = "=_cronpp_\(subtype)"
        fields = ["Content-Type: multipart/\(subtype); boundary=\"\(boundary)\""]
        bytes = []
        for part in parts {
            bytes += Array("--\(boundary)\r\n\(part.fields.joined(separator: "\r\n"))\r\n\r\n".utf8)
            // The line's end before a boundary is the boundary's.
            bytes += part.bytes + [0x0D, 0x0A]
        }
        bytes += Array("--\(boundary)--\r\n".utf8)
    }
}
