import CronEngine
import CronModel
import CronSchedule
import Testing

@testable import CronApp

/// Whose mail it is makes no difference.
@Suite struct MailMetricsTests {
    private struct Post: MailSender, MailCarrier {
        let outcome: MailOutcome

        func send(_ message: MailMessage) async -> MailOutcome { outcome }
        func send(
            _ message: MailMessage, by server: SMTPServer, at addresses: [IPAddress]?,
            hiding: @escaping @Sendable (String) -> String
        ) async -> MailOutcome {
            guard addresses == [.v4(0x7F00_0001)], case .failed(var failure) = outcome else { return outcome }
            failure.text = hiding(failure.text)
            return .failed(failure)
        }
    }

    @Test func mailsOfTheNodeAndOfUsersAreCounted() async throws {
        let metrics = EngineMetrics()
        let box = try Mailbox(text: "ann@example.com")
        let mail = try MailMessage(
            id: "1", from: box, to: box, subject: "s", date: Instant(seconds: 0), text: "t", html: nil, attachment: nil)
        let accepted = Post(outcome: .accepted(reply: "250"))
        #expect(await MeteredSender(sender: accepted, metrics: metrics).send(mail) == accepted.outcome)
        let server = try SMTPServer(host: "mail.example.com", security: .startTLS)
        for outcome in [accepted.outcome, .failed(MailFailure(.refused, status: 550, "no"))] {
            let carrier = MeteredCarrier(carrier: Post(outcome: outcome), metrics: metrics)
            #expect(await carrier.send(mail, by: server, at: [.v4(0x7F00_0001)]) == outcome)
        }
        #expect(metrics.text.contains("cronpp_mails_total{outcome=\"accepted\"} 2\n"))
        #expect(metrics.text.contains("cronpp_mails_total{outcome=\"refused\"} 1\n"))
    }
}
