package import CronSchedule

/// Bounds of sending. Each server is given the same.
package struct MailLimits: Sendable {
    /// Mails on their way at once, each on a thread of its own.
    package var threads = 4
    /// Mails that wait for one of these; more are refused as `busy`.
    package var waiting = 100
    /// Name look-up, dial, TLS and sign-in.
    package var connect = Span.seconds(15)
    /// All of it. Servers take their time to judge a mail.
    package var total = Span.seconds(60)
    /// Bytes that are shown of a server's reply.
    package var reply = 1_024

    package init() {}

    /// Of mails to servers that users name, of which some are slow: with 4 at once of each space, seven spaces keep
    /// nobody waiting.
    package static let ofUsers: MailLimits = {
        var limits = MailLimits()
        limits.threads = 32
        return limits
    }()
}
