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
    /// Bytes that are kept of a server's reply.
    package var reply = 1_024

    package init() {}
}
