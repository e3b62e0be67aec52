import CronModel

/// Mails by a server of the space's own.
struct EmailChannel: AlertChannel {
    static let type = "email"
    static let members: [Schema.Member] = [
        .field("host", .string(1...253), "The SMTP server: a name or an address."),
        .field("port", .integer(1...65_535), "Absent: 587, or 465 with `\"tls\": \"tls\"`."),
        .field(
            "tls", .choice(Security.self),
            "`starttls` (absent), `tls` from the first byte, or `off`, which takes no password over a network."),
        .field("user", .string(0...SMTPServer.signInLimit), "Absent: nobody signs in."),
        .field("password", .string(0...SMTPServer.signInLimit), "The user's."),
        .field("from", ChannelFields.from, "`ops@example.com`, or `Cron++ <ops@example.com>`."),
        .field("ca_certificate", .string(0...TLSFields.maxRootBytes), "PEM; whom to believe in place of the system's roots."),
        .field("recipients", ChannelFields.people, "Addresses, unless an alert has its own."),
    ]

    enum Security: String, CaseIterable, Sendable {
        case starttls, tls, off

        var ofServer: SMTPServer.Security {
            switch self {
            case .starttls: .startTLS
            case .tls: .tls
            case .off: .none
            }
        }
    }

    let people: [String]?
    private let server: SMTPServer
    private let host: HostLiteral
    private let from: Mailbox

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        let host = reader.requiredHost("host", addresses)
        let port = reader.integer("port", in: 1...65_535)
        let security = reader.choice("tls", Security.self) ?? .starttls
        let user = reader.string("user", limit: SMTPServer.signInLimit)
        let password = reader.string("password", limit: SMTPServer.signInLimit)
        let from = Self.readFrom(&reader)
        let authorities = Self.readAuthorities(&reader, security)
        let people = reader.people { (text: String) in Self.problem(of: text) }
        guard let host, let from, reader.problems.isEmpty else { return nil }
        do throws(MailProblem) {
            server = try SMTPServer(
                host: host.bare, port: port, security: security.ofServer, user: user, password: password,
                authorities: authorities)
        } catch {
            reader.refuse(user == nil && password == nil ? "host" : "password", error.message)
            return nil
        }
        self.host = host
        self.from = from
        self.people = people
    }

    private static func readFrom(_ reader: inout FieldReader) -> Mailbox? {
        guard let text = reader.string("from", limit: ChannelFields.maxNameBytes) else {
            if reader.value("from") == nil { reader.refuse("from", "is required") }
            return nil
        }
        do throws(MailProblem) {
            return try Mailbox(text: text)
        } catch {
            reader.refuse("from", error.message)
            return nil
        }
    }

    private static func readAuthorities(_ reader: inout FieldReader, _ security: Security) -> String? {
        guard let roots = reader.string("ca_certificate", limit: TLSFields.maxRootBytes), !roots.isEmpty else {
            return nil
        }
        if security == .off { reader.refuse("ca_certificate", "is of no use with \"tls\": \"off\"") }
        _ = TLSFields.certificates(roots, "ca_certificate", limit: TLSFields.maxRootCertificates, &reader)
        return roots
    }

    private static func problem(of person: String) -> String? {
        do throws(MailProblem) {
            _ = try Mailbox(text: person)
            return nil
        } catch {
            return error.message
        }
    }

    func parcel(_ message: AlertMessage, for person: String?) throws(ChannelProblem) -> Parcel {
        do throws(MailProblem) {
            let mail = try MailMessage(
                id: message.id, from: from, to: try Mailbox(text: person ?? ""), subject: message.heading,
                date: message.sentAt, text: message.text, html: message.html, attachment: message.attachment)
            return .mail(mail, by: server, host: host)
        } catch {
            throw ChannelProblem(message: error.message)
        }
    }
}
