package import CronModel
import CronSchedule
package import Logging
package import ServiceLifecycle
import Synchronization

/// How this server sends mail.
package struct MailSettings: Sendable {
    package var sender: any MailSender
    package var from: Mailbox
    /// What people's links begin with, without a slash at the end. Never taken from a request: whoever asks could choose it.
    package var publicURL: String

    package init(sender: any MailSender, from: Mailbox, publicURL: String) {
        self.sender = sender
        self.from = from
        self.publicURL = publicURL
    }
}

/// Mails tokens for new passwords, outside of the requests that ask for them: whether there is such an account shows neither
/// in an answer nor in its time. What waits here is lost with the process; whoever gets no mail asks again.
package final class ResetMails: Service {
    static let life = Span.minutes(30)
    /// Requests that are looked after at once; more are told to come again.
    static let most = 100
    /// Before each further try. Servers that know nobody yet often take a mail minutes later.
    static let pauses: [Span] = [.seconds(30), .minutes(2), .minutes(8)]
    /// How long a node that ends gives to what is being sent, before its engine drains.
    static let farewell = Span.seconds(5)

    private struct Request: Sendable {
        let email: String
        let caller: Caller
    }

    private let settings: MailSettings
    private let tokens: ResetTokens
    private let logger: Logger
    private let requests: AsyncStream<Request>
    private let queue: AsyncStream<Request>.Continuation
    private let count = Mutex(0)
    private var clock: any EngineClock { tokens.store.clock }

    init(settings: MailSettings, tokens: ResetTokens, logger: Logger) {
        self.settings = settings
        self.tokens = tokens
        self.logger = logger
        (requests, queue) = AsyncStream.makeStream()
    }

    /// Returns at once.
    /// - Throws: a problem when too many ask.
    func ask(_ email: String, from caller: Caller) throws(Problem) {
        let isLetIn = count.withLock { count in
            guard count < Self.most else { return false }
            count += 1
            return true
        }
        guard isLetIn else { throw .retryLater("too many ask for new passwords at once; nothing was done") }
        queue.yield(Request(email: email, caller: caller))
    }

    /// Until the node shuts down.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.serve() }
            group.addTask { await self.endWithTheNode() }
            await group.next()
            group.cancelAll()
        }
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            for await request in requests {
                group.addTask {
                    await self.answer(request)
                    self.count.withLock { $0 -= 1 }
                }
            }
        }
    }

    private func endWithTheNode() async {
        guard (try? await gracefulShutdown()) != nil else { return }
        queue.finish()
        await clock.wait(until: clock.now + Self.farewell)
    }
}

// MARK: - One request

extension ResetMails {
    private func answer(_ request: Request) async {
        var message: MailMessage?
        for pause in Self.pauses + [.zero] {
            do {
                if message == nil { message = try await self.message(for: request) }
                // There is no such account.
                guard let message else { return }
                guard let failure = await settings.sender.send(message).failure else { return }
                logger.warning("a mail with a password token was not sent", metadata: ["reason": .string(failure.text)])
                // The same mail again is the same token: twice does no harm.
                guard failure.verdict != .permanent else { return }
            } catch {
                logger.warning("no token for a new password", metadata: ["reason": .string("\(error)")])
            }
            guard pause > .zero, await !isOver(after: pause) else { return }
        }
    }

    private func isOver(after pause: Span) async -> Bool {
        let end = clock.now + pause
        await cancelWhenGracefulShutdown { await self.clock.wait(until: end) }
        return Task.isCancelled || Task.isShuttingDownGracefully
    }

    /// Nil when there is nobody to write to. Makes the token that the mail holds.
    private func message(for request: Request) async throws -> MailMessage? {
        guard let user = try await tokens.store.user(email: request.email), user.disabledAt == nil else { return nil }
        let actor = Actor(space: user.space, address: request.caller.address, requestID: request.caller.requestID)
        let reset = try await tokens.make(
            for: user, life: Self.life, audit: actor.entry("account.password_reset", target: user.id.description))
        return try MailMessage(
            id: "password-reset.\(reset.id)", from: settings.from, to: Mailbox(address: user.email),
            subject: "Choose a new password for Cron++", date: clock.now,
            text: text(user, link: PasswordPage.link(settings.publicURL, token: reset.token), from: request.caller))
    }

    private func text(_ user: User, link: String, from caller: Caller) -> String {
        """
        Somebody, most likely you, asked for a new password for \(user.email) at \(settings.publicURL).

        To choose one, open this page within \(Self.life.microseconds / 60_000_000) minutes:

        \(link)

        The link works once, and only the newest one works. Whoever has it can choose the password: do not pass it on.

        If it was not you, you need not do anything: your password stays as it is. The request came from \(caller.address).

        """
    }
}

extension MailOutcome {
    fileprivate var failure: MailFailure? { if case .failed(let failure) = self { failure } else { nil } }
}
