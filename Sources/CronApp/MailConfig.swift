import CronEngine
package import CronModel
import Foundation
package import Mail

/// How mail is sent, and what its links begin with.
package struct MailConfig: Sendable {
    package var server: SMTPServer
    package var from: Mailbox
    /// Without a slash at the end.
    package var publicURL: String
}

extension ConfigReader {
    /// Nil when no server is set. What is set besides is checked all the same.
    func mail() throws(ConfigError) -> MailConfig? {
        let server = try read(.mailURL) { text throws(MailProblem) in try SMTPServer(url: text) }
        let from = try read(.mailFrom) { text throws(MailProblem) in try Mailbox(text: text) }
        let publicURL = try publicURL()
        guard let server else { return nil }
        guard let from else { throw refuse(.mailFrom, "must be given with MAIL_URL: whom mail is from") }
        guard let publicURL else {
            throw refuse(.publicURL, "must be given with MAIL_URL: what links in mails begin with")
        }
        return MailConfig(server: server, from: from, publicURL: publicURL)
    }

    func publicURL() throws(ConfigError) -> String? {
        try read(.publicURL) { text throws(MailProblem) in try Self.base(text) }
    }

    private func read<Value>(
        _ key: ConfigKey, _ read: (String) throws(MailProblem) -> Value
    ) throws(ConfigError) -> Value? {
        let text = try text(key)
        guard !text.isEmpty else { return nil }
        do throws(MailProblem) {
            return try read(text)
        } catch {
            throw refuse(key, error.message)
        }
    }

    private static func base(_ text: String) throws(MailProblem) -> String {
        guard let parts = URLComponents(string: text), ["http", "https"].contains(parts.scheme?.lowercased()),
            let host = parts.host, !host.isEmpty
        else { throw MailProblem("must be a URL such as https://cron.example.com") }
        guard parts.query == nil, parts.fragment == nil, parts.user == nil, parts.password == nil else {
            throw MailProblem("must hold nothing but scheme, host, port and path")
        }
        // In what the reader's characters allow, nothing ends a line of a mail.
        let url = parts.string ?? text
        return String(url.reversed().drop { $0 == "/" }.reversed())
    }
}

/// Counts what becomes of the node's own mails.
struct MeteredSender: MailSender {
    let sender: any MailSender
    let metrics: EngineMetrics

    func send(_ message: MailMessage) async -> MailOutcome {
        let outcome = await sender.send(message)
        metrics.mailed(outcome)
        return outcome
    }
}

/// Counts what becomes of users' mails.
struct MeteredCarrier: MailCarrier {
    let carrier: any MailCarrier
    let metrics: EngineMetrics

    func send(
        _ message: MailMessage, by server: SMTPServer, at addresses: [IPAddress]?,
        hiding: @escaping @Sendable (String) -> String
    ) async -> MailOutcome {
        let outcome = await carrier.send(message, by: server, at: addresses, hiding: hiding)
        metrics.mailed(outcome)
        return outcome
    }
}
