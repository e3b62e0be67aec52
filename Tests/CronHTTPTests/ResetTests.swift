import CronModel
import CronSchedule
import CronTesting
import Crypto
import Foundation
import HTTPTypes
import ServiceLifecycle
import Synchronization
import Testing

@testable import CronHTTP

/// New passwords by mail.
@Suite(.timeLimit(.minutes(1))) struct ResetTests {
    private static let password: JSONValue = "another horse battery"
    private static let ask = "/auth/password-reset"

    /// A server that mails, and what it mails.
    private func mailing(
        _ test: @escaping @Sendable (TestBed, TestClient, MailDrop) async throws -> Void
    ) async throws {
        let drop = MailDrop()
        let bed = try await TestBed(mail: drop)
        let mails = try #require(bed.server.mails)
        let running = Task { try await mails.run() }
        try await bed.run { client in try await test(bed, client, drop) }
        running.cancel()
        _ = try? await running.value
    }

    @Test func aMailedTokenChoosesAPasswordAndEndsAllSessions() async throws {
        try await mailing { bed, client, drop in
            let ann = try await client.user("ann")
            let session = try await client.call(.post, "/auth/login", TestClient.credentials("ann"))
            let asked = try await client.call(
                .post, Self.ask, ["email": "Ann@example.org"], headers: [.requestID: "r1"])
            #expect(asked.status == 202 && asked.json == ["expires_in": 1_800], "\(asked)")
            let mail = try await drop.next()
            #expect(mail.to.address == "ann@example.org" && mail.from.address == "cron@example.org")
            let token = try #require(mail.token)
            #expect(mail.text.contains("https://cron.example.org/password-reset#token=\(token)"))

            #expect(try await client.choosePassword(.string(token), Self.password).status == 204)
            #expect(try await ann.call(.get, "/me").status == 401)
            let refresh: JSONValue = ["refresh_token": session.json["refresh_token"] ?? nil]
            #expect(try await client.call(.post, "/auth/refresh", refresh).status == 401)
            #expect(try await client.call(.post, "/auth/login", TestClient.credentials("ann")).status == 401)
            let login: JSONValue = ["email": "ann@example.org", "password": Self.password]
            var again = client
            again.token = try await client.call(.post, "/auth/login", login).json["access_token"]?.stringValue
            let lines = try await again.call(.get, "/audit").items
            let acts = lines.map { $0["act"]?.stringValue ?? "" }
            #expect(
                acts.filter { !$0.hasPrefix("session.") } == [
                    "account.register", "account.password_reset", "account.password_chosen",
                ])
            let line = try #require(lines.first { $0["act"] == "account.password_reset" })
            #expect(line["request_id"] == "r1" && line["user_id"] == .null && line["target"] == lines[0]["target"])
            #expect(!lines.contains { "\($0)".contains(token) })
            #expect(try await client.choosePassword(.string(token), Self.password).status == 401, "used")
        }
    }

    @Test func anUnknownAccountHearsTheSame() async throws {
        try await mailing { bed, client, drop in
            let admin = try await client.user("ann")
            let bob = try await admin.call(.post, "/users", ["email": "bob@example.org", "role": "viewer"]).json["id"]
            _ = try await admin.call(.patch, "/users/\(bob?.stringValue ?? "")", ["disabled": true])
            let known = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
            for email: JSONValue in ["bob@example.org", "eve@example.org"] {
                let unknown = try await client.call(.post, Self.ask, ["email": email])
                #expect(unknown.status == known.status && unknown.text == known.text)
            }
            // Requests are looked after in turn: the last mail is for the one who is there.
            _ = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
            #expect(try await drop.next().to.address == "ann@example.org")
            #expect(try await drop.next().to.address == "ann@example.org")
            let bad = try await client.call(.post, Self.ask, ["email": "ann@example.org\r\nBcc: eve@example.org"])
            #expect(bad.status == 422 && bad.message("email") == "is not an email address")
        }
    }

    @Test func onlyTheNewestTokenIsGoodAndForHalfAnHour() async throws {
        try await mailing { bed, client, drop in
            _ = try await client.user("ann")
            func token() async throws -> JSONValue {
                _ = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
                return .string(try #require(try await drop.next().token))
            }
            let first = try await token()
            let second = try await token()
            #expect(try await client.choosePassword(first, Self.password).status == 401)
            bed.clock.advance(by: ResetMails.life)
            #expect(try await client.choosePassword(second, Self.password).status == 401)
            // Whoever changes a password otherwise wants no old mail to undo it.
            let third = try await token()
            let fresh = try await client.signedIn("ann")
            let change: JSONValue = ["current_password": "correct horse battery", "new_password": Self.password]
            #expect(try await fresh.call(.post, "/me/password", change).status == 204)
            #expect(try await client.choosePassword(third, "a third horse battery").status == 401)
        }
    }

    @Test func twoAtOnceUseATokenOnce() async throws {
        try await mailing { bed, client, drop in
            _ = try await client.user("ann")
            _ = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
            let token = JSONValue.string(try #require(try await drop.next().token))
            async let one = client.choosePassword(token, Self.password)
            async let other = client.choosePassword(token, Self.password)
            #expect(try await [one.status, other.status].sorted() == [204, 401])
        }
    }

    @Test func accountsAndAddressesAreThrottled() async throws {
        try await mailing { bed, client, drop in
            _ = try await client.user("ann")
            for email: JSONValue in ["ann@example.org", "nobody@example.org"] {
                for _ in 1...ResetThrottle.perAccount {
                    #expect(try await client.call(.post, Self.ask, ["email": email]).status == 202)
                }
                let refused = try await client.call(.post, Self.ask, ["email": email])
                #expect(refused.status == 429 && refused.headers[.retryAfter] == "1800", "\(refused)")
            }
            for number in 1...(ResetThrottle.perAddress - 2 * ResetThrottle.perAccount - 2) {
                let email = JSONValue.string("n\(number)@example.org")
                #expect(try await client.call(.post, Self.ask, ["email": email]).status == 202)
            }
            #expect(try await client.call(.post, Self.ask, ["email": "last@example.org"]).status == 429)
            bed.clock.advance(by: ResetThrottle.window)
            #expect(try await client.call(.post, Self.ask, ["email": "ann@example.org"]).status == 202)
        }
    }

    @Test func whatMayPassIsTriedAgainWithTheSameMail() async throws {
        try await mailing { bed, client, drop in
            _ = try await client.user("ann")
            drop.fail([MailFailure(.refused, status: 451, "later"), MailFailure(.unknown, "lost")])
            _ = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
            let first = try await drop.next()
            for pause in ResetMails.pauses.prefix(2) {
                await drop.waiting(for: bed.clock)
                bed.clock.advance(by: pause)
                #expect(try await drop.next() == first)
            }
            #expect(try await client.choosePassword(.string(try #require(first.token)), Self.password).status == 204)
        }
    }

    @Test func whatIsRefusedForGoodIsNotTriedAgain() async throws {
        try await mailing { bed, client, drop in
            _ = try await client.user("ann")
            _ = try await client.user("bob")
            drop.fail([MailFailure(.refused, status: 550, "never")])
            _ = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
            #expect(try await drop.next().to.address == "ann@example.org")
            _ = try await client.call(.post, Self.ask, ["email": "bob@example.org"])
            #expect(try await drop.next().to.address == "bob@example.org")
            #expect(bed.clock.waiterCount == 0)
        }
    }

    /// A mail that waits for its next try does not keep a node from ending.
    @Test func aNodeThatEndsDoesNotWaitForTheNextTry() async throws {
        let drop = MailDrop()
        let bed = try await TestBed(mail: drop)
        let mails = try #require(bed.server.mails)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: mails, successTerminationBehavior: .ignore)], logger: TestBed.silence))
        let running = Task { try await group.run() }
        try await bed.run { client in
            _ = try await client.user("ann")
            drop.fail([MailFailure(.timeout, "late")])
            _ = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
        }
        _ = try await drop.next()
        await drop.waiting(for: bed.clock)
        await group.triggerGracefulShutdown()
        try await running.value
    }

    /// Nobody looks after requests here.
    @Test func moreThanCanWaitAreToldToComeAgain() async throws {
        let bed = try await TestBed(mail: MailDrop())
        let mails = try #require(bed.server.mails)
        for number in 0..<ResetMails.most {
            try mails.ask("n\(number)@example.org", from: Caller(address: "a", requestID: "r"))
        }
        try await bed.run { client in
            let refused = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
            #expect(refused.status == 503 && refused.headers[.retryAfter] != nil, "\(refused)")
        }
    }

    @Test func withoutMailItIsSaidAndAnAdminHelps() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let refused = try await client.call(.post, Self.ask, ["email": "ann@example.org"])
            #expect(refused.status == 403 && refused.problem == "mail-not-set-up", "\(refused)")
            let admin = try await client.user("ann")
            let invited = try await admin.call(.post, "/users", ["email": "bob@example.org", "role": "viewer"])
            let id = try #require(invited.json["id"]?.stringValue)
            let token = try #require(try await admin.call(.post, "/users/\(id)/password-reset").json["token"])
            let older = try #require(invited.json["password_reset"]?["token"])
            #expect(try await client.choosePassword(older, Self.password).status == 401)
            #expect(try await client.choosePassword(token, Self.password).status == 204)
        }
    }

    @Test func thePageAllowsNothingButItself() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let reply = try await client.call(.get, "/password-reset")
            #expect(reply.status == 200 && reply.headers[.contentType] == "text/html; charset=utf-8")
            let policy = try #require(reply.headers[.contentSecurityPolicy])
            #expect(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"))
            #expect(reply.headers[.referrerPolicy] == "no-referrer")
            for (tag, name) in [("script", "script-src"), ("style", "style-src")] {
                let text = try #require(
                    reply.text.split(separator: "<\(tag)>").last?.split(separator: "</\(tag)>").first)
                let digest = Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
                #expect(policy.contains("\(name) 'sha256-\(digest)'"), "\(tag)")
            }
            #expect(reply.text.matches(of: /<script/).count == 1 && !reply.text.contains(" style="))
            #expect(!reply.text.contains("src=") && !reply.text.contains("http"))
        }
    }
}

/// Takes mails, or refuses them as it is told.
final class MailDrop: MailSender {
    private let failures = Mutex<[MailFailure]>([])
    private let mails: AsyncStream<MailMessage>
    private let queue: AsyncStream<MailMessage>.Continuation

    init() {
        (mails, queue) = AsyncStream.makeStream()
    }

    /// The outcomes of the next mails.
    func fail(_ failures: [MailFailure]) { self.failures.withLock { $0 = failures } }

    func send(_ message: MailMessage) async -> MailOutcome {
        let failure = failures.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        queue.yield(message)
        return failure.map { .failed($0) } ?? .accepted(reply: "250 OK")
    }

    /// The next mail that was given to send.
    func next() async throws -> MailMessage {
        var iterator = mails.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    /// Returns when somebody waits for the clock.
    func waiting(for clock: TestClock) async {
        while clock.waiterCount == 0 { await Task.yield() }
    }
}

extension MailMessage {
    var token: String? { text.firstMatch(of: /#token=([A-Za-z0-9_-]{43})\n/).map { String($0.1) } }
}
