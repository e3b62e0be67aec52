import CronActions
import CronEngine
import CronModel
import CronSchedule
import CronTesting
import Foundation
import Logging
import MailServer
import Testing

@testable import CronApp

/// Alerts of a whole node, to real mail servers.
@Suite(.timeLimit(.minutes(2))) struct AlertTests {
    private static let actor = Actor(space: UserID(high: 4, low: 2))
    private static let key = [UInt8](repeating: 7, count: 32)

    /// A node on an embedded store, at work as long as the body.
    private struct Place: Sendable {
        let node: RunningNode
        let channels: SettingControl
        let jobs: JobControl

        /// Creates the job and waits for its first run's end.
        func run(_ job: JSONValue, until status: RunStatus) async throws -> Run {
            let watch = node.coordination.events.watch(EventInterest(owner: actor.space), after: nil)
            defer { watch.end() }
            _ = try await jobs.create(job, by: actor)
            while let events = await watch.next() {
                for case let event? in events.map(\.event) {
                    if case .run(let id, status) = event.subject {
                        return try #require(try await node.store.run(id, owner: actor.space))
                    }
                }
            }
            throw CancellationError()
        }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-alert-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let config = try AppConfig(
            flags: [
                .dataDir: directory, .allowNetworks: "127.0.0.0/8", .poll: "10ms",
                .encryptionKey: Data(Self.key).base64EncodedString(),
            ], environment: [:], file: nil)
        let silence = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let node = try await App.start(config, logger: silence)
        let engine = try #require(node.engine)
        let running = Task { try await engine.run() }
        let vault = Vault(store: node.store, ring: KeyRing(current: Self.key))
        let signal = ClusterSignal(engine: engine, wakeups: node.wakeups, events: node.coordination.events)
        let place = Place(
            node: node, channels: SettingControl(node.actions.channels, store: node.store, vault: vault),
            jobs: JobControl(store: node.store, actions: node.actions.registry, signal: signal, vault: vault))
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(place))
        } catch {
            result = .failure(error)
        }
        engine.post(.drain)
        try await running.value
        await node.close()
        try result.get()
    }

    private func channel(_ servers: MailServer, _ more: [String: JSONValue] = [:]) throws -> JSONValue {
        let fields: [String: JSONValue] = [
            "type": .string("email"), "host": .string("127.0.0.1"), "port": .integer(Int64(try servers.port("plain"))),
            "tls": .string("off"), "from": .string("Cron++ <cron@example.org>"),
        ]
        return .object(fields.merging(more) { $1 })
    }

    /// 50 customers, ten of whom are told to come again: the retry writes to those ten, and everybody gets one mail.
    @Test func aBatchOfMailsReachesEverybodyOnce() async throws {
        let servers = try MailServer.shared.get()
        try await withPlace { place in
            _ = try await place.channels.put("mail", try channel(servers), if: .none, by: Self.actor)
            let domain = "\(UUID().uuidString.lowercased()).example"
            let customers = (0..<50).map { number in
                JSONValue.object([
                    "to": .string("\(number % 5 == 3 ? "grey" : "ann")\(number)@\(domain)"),
                    "name": .string("Ännchen <\(number)>"),
                ])
            }
            let run = try await place.run(
                .object([
                    "name": .string("renewals"), "schedule": .string("in 1s"), "base_delay": .string("10ms"),
                    "payload": .object(["customers": .array(customers), "report": .string("a,b\r\n1,2\r\n")]),
                    "action": .object([
                        "type": .string("alert"), "channel": .string("mail"), "title": .string("Für {{recipient.name}}"),
                        "message": .string("Dear {{recipient.name}}"), "html": .string("<p>{{recipient.name}}</p>"),
                        "recipients": .string("{{payload.customers}}"),
                        "attach": .object(["name": .string("report.csv"), "csv": .string("{{payload.report}}")]),
                    ]),
                ]), until: .success)
            #expect(run.attempt == 2)
            let mails = try servers.mails(to: domain)
            #expect(mails.count == 50 && Set(mails.flatMap(\.recipients)).count == 50)
            let ids = Set(mails.compactMap { $0.headers["message-id"] })
            #expect(ids.count == 50 && ids.allSatisfy { $0.hasPrefix("<\(run.id)-") && $0.hasSuffix("@example.org>") })
            let third = try #require(mails.first { $0.recipients == ["grey3@\(domain)"] })
            #expect(third.headers["subject"] == "Für Ännchen <3>" && third.defects.isEmpty)
            #expect(third.parts.map(\.type) == ["text/plain", "text/html", "text/csv"])
            #expect(third.parts[0].text.contains("Dear Ännchen <3>"))
            #expect(third.parts[1].text.contains("<p>Ännchen &lt;3&gt;</p>"))
            #expect(third.parts[2].file == "report.csv" && third.parts[2].text == "a,b\r\n1,2\r\n")
            let attempts = try #require(try await place.node.store.attempts(of: run.id, owner: Self.actor.space))
            #expect(attempts.map(\.outcome?.kind) == [.smtpError, .success])
            #expect(attempts[0].outcome?.error?.hasPrefix("10 of 50 messages were not accepted; the first, grey3@") == true)
        }
    }

    @Test func anUnknownRecipientIsADeadLetterThatTellsWho() async throws {
        let servers = try MailServer.shared.get()
        try await withPlace { place in
            _ = try await place.channels.put("mail", try channel(servers), if: .none, by: Self.actor)
            let domain = "\(UUID().uuidString.lowercased()).example"
            let run = try await place.run(
                .object([
                    "name": .string("one"), "schedule": .string("in 1s"),
                    "action": .object([
                        "type": .string("alert"), "channel": .string("mail"), "message": .string("hello"),
                        "recipients": .array([.string("nobody@\(domain)"), .string("ann@\(domain)")]),
                    ]),
                ]), until: .dead)
            let outcome = try #require(run.current?.outcome)
            #expect(run.attempt == 1 && outcome.kind == .smtpError && outcome.verdict == .permanent)
            #expect(outcome.error?.contains("the first, nobody@\(domain) by mail") == true)
            #expect(outcome.output?.contains("mail,nobody@\(domain),refused,") == true)
            #expect(outcome.output?.contains("mail,ann@\(domain),accepted,") == true)
            #expect(try servers.mails(to: domain).count == 1)
            // The address is mended by another payload; who has the mail gets no other.
            #expect(outcome.progress?.utf8.count == 8)
        }
    }

    @Test func tryingAChannelOutSendsAMail() async throws {
        let servers = try MailServer.shared.get()
        try await withPlace { place in
            let domain = "\(UUID().uuidString.lowercased()).example"
            let own = try channel(servers, ["recipients": .array([.string("ann@\(domain)")])])
            let test = try await place.channels.test("mail", own, by: Self.actor)
            #expect(test.isUsable && test.message == "a message to ann@\(domain) was accepted")
            #expect(try servers.mails(to: domain).map(\.recipients) == [["ann@\(domain)"]])
        }
    }
}
