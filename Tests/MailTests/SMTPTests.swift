import CronModel
import CronSchedule
import Foundation
import MailServer
import Testing

@testable import Mail

/// The client against real servers.
@Suite(.timeLimit(.minutes(2))) struct SMTPTests {
    let servers: MailServer
    let client = SMTPClient()
    /// For servers that say nothing.
    let impatient: SMTPClient

    init() throws {
        servers = try MailServer.shared.get()
        var limits = MailLimits()
        limits.connect = .seconds(2)
        limits.total = .seconds(3)
        impatient = SMTPClient(limits: limits)
    }

    /// - Parameter query: in place of the test's own authority.
    private func server(_ name: String, user: String? = MailServer.user, query: String? = nil) throws -> SMTPServer {
        let scheme = name.hasPrefix("tls") ? "smtps" : "smtp"
        let password = MailServer.password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let signIn = user.map { "\($0):\(password)@" } ?? ""
        let query = query ?? "ca_file=\(servers.authorities)"
        return try SMTPServer(url: "\(scheme)://\(signIn)\(MailServer.name):\(servers.port(name))?\(query)")
    }

    private func clear(_ name: String) throws -> SMTPServer {
        try SMTPServer(url: "smtp://127.0.0.1:\(servers.port(name))?tls=off")
    }

    private static let here = ["127.0.0.1"].compactMap { IPAddress($0) }

    private func send(_ message: MailMessage, _ server: SMTPServer) async -> MailOutcome {
        await client.send(message, by: server, at: Self.here)
    }

    @Test(arguments: ["starttls", "login", "tls"])
    func signsInOverTLSAndHandsTheMailOver(_ name: String) async throws {
        let message = try Mails.plain()
        #expect(try await send(message, server(name)) == .accepted(reply: "250 2.0.0 taken over"))
        let mail = try servers.mail(message.id)
        #expect(mail.user == MailServer.user && mail.tls)
        #expect(mail.sender == "cron@example.org" && mail.recipients == ["ann@example.com"])
        #expect(mail.greeted == "example.org")
        #expect(Array(mail.raw) == MIMEWriter.bytes(of: message))
    }

    // MARK: - What the server says

    @Test(arguments: [
        ("later", MailFailure.Verdict.transient, 451, "451 4.7.1 come again"),
        ("nobody", .permanent, 550, "550 5.1.1 there is"), ("spam", .permanent, 554, "554 5.7.1 not wanted"),
        ("full", .transient, 452, "452 4.2.2 no room"),
    ])
    func aRefusalIsToldWithItsStatus(
        _ name: String, _ verdict: MailFailure.Verdict, _ status: Int, _ words: String
    ) async throws {
        let failure = try #require(await send(Mails.plain(to: name), server("starttls")).failure)
        #expect(failure.kind == .refused && failure.verdict == verdict && failure.status == status)
        #expect(failure.text.contains(words) && failure.text.isOneLine, "\(failure.text)")
    }

    /// Whatever it says before it is asked for the recipient, and whenever it ends the conversation.
    @Test(arguments: [
        ("busy", MailFailure.Verdict.transient, 421, "too busy"), ("closed", .permanent, 554, "no service here"),
        ("nameless", .permanent, 550, "not you"), ("senderless", .permanent, 550, "not from you"),
        ("senderless-later", .transient, 451, "not from you now"), ("ending", .transient, 421, "too many errors"),
        ("ending-late", .transient, 421, "going down"),
    ])
    func whatIsSaidToEverybodyIsNoRefusalOfTheRecipient(
        _ name: String, _ verdict: MailFailure.Verdict, _ status: Int, _ words: String
    ) async throws {
        let failure = try #require(await client.send(Mails.plain(), by: clear(name)).failure)
        #expect(failure.kind == .unavailable && failure.verdict == verdict && failure.status == status, "\(failure)")
        #expect(failure.text.contains(words), "\(failure)")
    }

    @Test(arguments: [("recipientless", 550), ("dataless", 554)])
    func whatIsSaidOfTheMailIsARefusal(_ name: String, _ status: Int) async throws {
        let failure = try #require(await client.send(Mails.plain(), by: clear(name)).failure)
        #expect(failure.kind == .refused && failure.status == status, "\(failure)")
    }

    @Test func aPasswordIsTakenOutOfReplies() async throws {
        let failure = try #require(await send(Mails.plain(to: "secret"), server("starttls")).failure)
        #expect(failure.status == 554 && !failure.text.contains("word/"), "\(failure.text)")
    }

    /// What a cut leaves of a secret could be too short to be found.
    @Test(arguments: [("echoing", " *"), ("echoing-long", "127.0.0.1")])
    func secretsAreTakenOutBeforeAReplyIsCut(_ name: String, _ start: String) async throws {
        let secret = "canary-4711-quokka"
        let outcome = try await client.send(Mails.plain(), by: clear(name), at: nil) { $0.replacing(secret, with: "*") }
        let failure = try #require(outcome.failure)
        #expect(failure.status == 550 && failure.text.contains(start) && failure.text.utf8.count < 1_100, "\(failure)")
        #expect(!failure.text.contains("c"), "\(failure)")
    }

    // MARK: - Signing in

    @Test(arguments: [("stranger", MailFailure.Verdict.permanent, 535), ("later", .transient, 454)])
    func aWrongPasswordIsNotTriedAgain(_ user: String, _ verdict: MailFailure.Verdict, _ status: Int) async throws {
        let failure = try #require(await send(Mails.plain(), server("starttls", user: user)).failure)
        #expect(failure.kind == .authentication && failure.verdict == verdict && failure.status == status)
    }

    @Test func nothingIsSentUnderNoNameWhereOneWasGiven() async throws {
        let message = try Mails.plain(to: "unsigned")
        let server = try SMTPServer(
            url: "smtp://a:b@127.0.0.1:\(servers.port("unauthenticated"))?tls=off")
        let failure = try #require(await client.send(message, by: server).failure)
        #expect(failure.kind == .authentication && failure.verdict == .permanent && failure.status == nil)
    }

    // MARK: - TLS

    @Test(arguments: ["plain", "refusing"])
    func withoutSTARTTLSNothingIsSent(_ name: String) async throws {
        let failure = try #require(await send(Mails.plain(), server(name)).failure)
        #expect(failure.kind == .tls && failure.verdict == .transient, "\(failure)")
    }

    @Test func anUnknownAuthorityIsNoServer() async throws {
        for name in ["starttls", "tls"] {
            let failure = try #require(await send(Mails.plain(), server(name, query: "tls=required")).failure)
            #expect(failure.kind == .tls, "\(failure)")
        }
    }

    @Test func aCertificateForAnotherNameIsNoServer() async throws {
        let server = try SMTPServer(
            url: "smtp://other.test:\(servers.port("starttls"))?ca_file=\(servers.authorities)")
        let failure = try #require(await send(Mails.plain(), server).failure)
        #expect(failure.kind == .tls, "\(failure)")
    }

    @Test func repliesFromBeforeTLSAreNotBelieved() async throws {
        let outcome = try await send(Mails.plain(), server("injecting", user: nil))
        #expect(outcome.failure?.verdict == .transient, "\(outcome)")
    }

    @Test func withTLSOffItIsClear() async throws {
        let message = try Mails.plain()
        let server = try SMTPServer(url: "smtp://127.0.0.1:\(servers.port("plain"))?tls=off")
        #expect(await client.send(message, by: server).failure == nil)
        #expect(try !servers.mail(message.id).tls)
    }

    // MARK: - Lines that fail

    @Test func nobodyListening() async throws {
        let server = try SMTPServer(url: "smtp://127.0.0.1:1?tls=off")
        let failure = try #require(await client.send(Mails.plain(), by: server).failure)
        #expect(failure.kind == .connect && failure.verdict == .transient)
    }

    @Test func aNameWithoutAnAddress() async throws {
        let server = try SMTPServer(url: "smtp://nowhere.invalid?tls=off")
        let failure = try #require(await client.send(Mails.plain(), by: server).failure)
        #expect(failure.kind == .connect, "\(failure)")
        let none = try #require(await client.send(Mails.plain(), by: server, at: []).failure)
        #expect(none.kind == .connect, "\(none)")
    }

    @Test(arguments: [("silent", MailFailure.Kind.timeout), ("endless", .timeout), ("ended", .connect)])
    func aServerThatDoesNotGreet(_ name: String, _ kind: MailFailure.Kind) async throws {
        let server = try server(name, user: nil)
        let failure = try #require(await impatient.send(Mails.plain(), by: server, at: Self.here).failure)
        #expect(failure.kind == kind && failure.verdict == .transient, "\(failure)")
        #expect(failure.text.utf8.count < 2_000)
    }

    @Test(arguments: ["cutting", "tls-cutting"])
    func aLineThatIsCutInsideTheMailHasHandedNothingOver(_ name: String) async throws {
        let server =
            name == "cutting"
            ? try SMTPServer(url: "smtp://127.0.0.1:\(servers.port(name))?tls=off") : try server(name, user: nil)
        // More than the buffers of both ends take: the line is cut while it is being sent.
        let message = try MailMessage(
            id: "long", from: Mailbox(address: "a@example.org"), to: Mailbox(address: "b@example.com"), subject: "",
            date: Mails.date, text: "",
            attachment: MailAttachment(name: "a", type: "text/plain", bytes: [UInt8](repeating: 65, count: 5 << 20)))
        let failure = try #require(await client.send(message, by: server, at: Self.here).failure)
        #expect(failure.kind == .connect && failure.verdict == .transient, "\(failure)")
    }

    @Test(arguments: ["cut", "hang"])
    func anAnswerThatIsLostLeavesTheOutcomeUnknown(_ name: String) async throws {
        let message = try Mails.plain(to: name)
        let server = try server("starttls")
        // Long enough to hand the mail over on a busy machine: what was not handed over would be waited for in vain.
        var limits = MailLimits()
        limits.total = .seconds(10)
        let sent = await SMTPClient(limits: limits).send(message, by: server, at: Self.here)
        let failure = try #require(sent.failure)
        try #require(failure.kind == .unknown && failure.verdict == .unknown, "\(failure)")
        #expect(try servers.mail(message.id).recipients == ["\(name)@example.com"])
    }

    /// Its answer to QUIT would be waited for 2 minutes.
    @Test func aServerThatIsSlowAtTheEndKeepsNobody() async throws {
        let message = try Mails.plain(from: "slow@example.org")
        var limits = MailLimits()
        limits.threads = 1
        let narrow = SMTPClient(limits: limits)
        let server = try server("starttls")
        for _ in 1...3 {
            #expect(await narrow.send(message, by: server, at: Self.here).failure == nil)
        }
    }

    /// As little as after a refusal, when libcurl says QUIT before it answers.
    @Test func aServerThatIsSilentAfterARefusalKeepsNobody() async throws {
        let begin = ContinuousClock.now
        let failure = try #require(await client.send(Mails.plain(), by: clear("recipientless-silent")).failure)
        #expect(failure.kind == .refused && failure.status == 550, "\(failure)")
        #expect(ContinuousClock.now - begin < .seconds(30))
    }

    // MARK: - Bounds

    @Test func whatIsTooMuchIsRefused() async throws {
        var limits = MailLimits()
        (limits.threads, limits.waiting) = (2, 3)
        let narrow = SMTPClient(limits: limits)
        let server = try server("silent", user: nil)
        let message = try Mails.plain()
        let outcomes = await withTaskGroup(of: MailFailure?.self) { group in
            for _ in 1...9 { group.addTask { await narrow.send(message, by: server, at: Self.here).failure } }
            var outcomes: [MailFailure.Kind?] = []
            for await outcome in group {
                outcomes.append(outcome?.kind)
                // Five hold all places; none of them ends before this.
                if outcomes.count == 4 { narrow.close() }
            }
            return outcomes
        }
        #expect(outcomes == Array(repeating: .busy, count: 4) + Array(repeating: .closed, count: 5))
    }

    @Test func aCancelledTaskGivesUp() async throws {
        let server = try server("silent", user: nil)
        let message = try Mails.plain()
        let client = SMTPClient()
        let task = Task { await client.send(message, by: server, at: Self.here) }
        task.cancel()
        #expect(await task.value.failure?.kind == .closed)
    }
}

extension MailOutcome {
    var failure: MailFailure? { if case .failed(let failure) = self { failure } else { nil } }
}
