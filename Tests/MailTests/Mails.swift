import CronModel
import CronSchedule
import Foundation

enum Mails {
    static let date = Instant(seconds: 1_796_029_200)

    /// - Parameter to: says to the test servers what becomes of it.
    static func plain(
        to: String = "ann", from: String = "cron@example.org", subject: String = "hello", text: String = "Hello.\n"
    ) throws -> MailMessage {
        try MailMessage(
            id: UUID().uuidString, from: Mailbox(address: from), to: Mailbox(address: "\(to)@example.com"),
            subject: subject, date: date, text: text)
    }
}
