package import CronModel
import CronSchedule
import Synchronization

/// Hands mails over to servers, one connection a mail, on threads of its own.
package final class SMTPClient: MailCarrier {
    private let limits: MailLimits
    private let threads: MailThreads
    private let isClosed = Atomic(false)

    package init(limits: MailLimits = MailLimits()) {
        self.limits = limits
        threads = MailThreads(most: limits.threads, waiting: limits.waiting)
    }

    deinit { threads.close() }

    package func send(
        _ message: MailMessage, by server: SMTPServer, at addresses: [IPAddress]?,
        hiding: @escaping @Sendable (String) -> String
    ) async -> MailOutcome {
        let transfer = SMTPTransfer(message, server, addresses, limits, hiding: hiding)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isLetIn = threads.run { [self] in
                    continuation.resume(
                        returning: transfer.run { self.isClosed.load(ordering: .acquiring) })
                }
                guard !isLetIn else { return }
                continuation.resume(
                    returning: isClosed.load(ordering: .acquiring)
                        ? SMTPTransfer.closed : .failed(MailFailure(.busy, "\(limits.waiting) mails wait already")))
            }
        } onCancel: {
            transfer.cancel()
        }
    }

    /// Ends what is under way, within about a second.
    package func close() {
        isClosed.store(true, ordering: .releasing)
        threads.close()
    }
}

/// A client with the one server that mails go to.
package struct SMTPSender: MailSender {
    private let client: SMTPClient
    private let server: SMTPServer

    package init(client: SMTPClient, server: SMTPServer) {
        self.client = client
        self.server = server
    }

    package func send(_ message: MailMessage) async -> MailOutcome { await client.send(message, by: server) }
}
