import CronModel
import CronSchedule
import Foundation
import Logging
import Testing

@testable import CronActions

extension NetworkTests {
    /// Attachments that a database is asked for, in PostgreSQL and in a SQLite file.
    @Suite(.timeLimit(.minutes(2))) struct AlertQueryTests {
        private static let orders = "SELECT id, cents FROM orders WHERE cents > $1 ORDER BY id"

        private static let mail: [String: JSONValue] = [
            "type": "email", "host": "127.0.0.1", "from": "ops@example.com",
            "recipients": .array(["ann@example.com", "bob@example.com"]),
        ]

        /// Alerts beside a shop with three orders.
        private func withShop(
            _ kind: SQLKind, _ post: MailPost, _ body: (SQLBed, AlertAction) async throws -> Void
        ) async throws {
            let bed = try kind.bed()
            _ = try bed.ask("CREATE TABLE orders (id integer, cents integer, note varchar(40))")
            _ = try bed.ask("INSERT INTO orders VALUES (1, 100, 'a'), (2, 250, NULL), (3, 990, 'a, \"b\"')")
            let hosts = OutboundHosts(addresses: Channels.guardian, now: { fixedNow })
            let client = WebhookClient(hosts: hosts, logger: Logger(label: "test"))
            let sender = ChannelSender(
                hosts: hosts, client: client, carrier: post, userAgent: "cronpp/1.2.3", now: { fixedNow })
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(bed, AlertAction(sender: sender, databases: bed.databases)))
            } catch {
                result = .failure(error)
            }
            await client.shutdown()
            try result.get()
        }

        private func alert(
            _ bed: SQLBed, _ sql: String, params: [JSONValue] = [], _ attach: [String: JSONValue] = [:],
            progress: String? = nil
        ) -> AttemptContext {
            var attempt = bed.attempt([:], payload: .object(["least": .integer(200)]))
            let query: [String: JSONValue] = [
                "name": "orders.csv", "connection": "shop", "sql": .string(sql), "params": .array(params),
            ]
            attempt.action = ActionDefinition(
                type: "alert",
                fields: [
                    "channel": "finance", "message": "{{attachment.rows}} orders for {{recipient.to}}",
                    "attach": .object(query.merging(attach) { $1 }),
                ])
            attempt.settings[.channel, "finance"] = Self.mail
            attempt.progress = progress
            return attempt
        }

        @Test(arguments: SQLKind.allCases)
        func everybodyGetsWhatTheDatabaseAnswers(kind: SQLKind) async throws {
            let post = MailPost()
            try await withShop(kind, post) { bed, action in
                let sql = "SELECT id, cents, note FROM orders WHERE cents > $1 ORDER BY id"
                let outcome = await action.run(alert(bed, sql, params: ["{{payload.least}}"]))
                #expect(outcome.kind == .success, "\(outcome)")
                #expect(Set(post.sent.map(\.mail.to.address)) == ["ann@example.com", "bob@example.com"])
                for mail in post.sent.map(\.mail) {
                    #expect(mail.text == "2 orders for \(mail.to.address)")
                    #expect(mail.attachment?.name == "orders.csv" && mail.attachment?.type == "text/csv")
                    #expect(mail.attachment.map { $0.bytes } == Array("id,cents,note\r\n2,250,\r\n3,990,\"a, \"\"b\"\"\"\r\n".utf8))
                }
            }
        }

        @Test(
            arguments: [
                (SQLKind.postgres, "DELETE FROM orders RETURNING id"), (.sqlite, "DELETE FROM orders RETURNING id"),
                (.postgres, "WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone"),
                (.postgres, "SELECT nextval('numbers')"), (.sqlite, "CREATE TABLE a (b int)"),
                (.postgres, "CREATE TABLE a (b int)"), (.postgres, "SET TRANSACTION READ WRITE"),
            ])
        func aQueryChangesNothing(kind: SQLKind, sql: String) async throws {
            let post = MailPost()
            try await withShop(kind, post) { bed, action in
                if kind == .postgres { _ = try bed.ask("CREATE SEQUENCE numbers") }
                let outcome = await action.run(alert(bed, sql))
                #expect(outcome.verdict == .permanent && outcome.reach == .nothingSent, "\(outcome)")
                #expect(outcome.error?.hasPrefix("attach: ") == true, "\(outcome)")
                #expect(post.sent.isEmpty)
                #expect(try bed.ask("SELECT count(*) FROM orders") == "3")
            }
        }

        @Test(arguments: SQLKind.allCases)
        func aTableThatIsTooLongIsNotSentInPart(kind: SQLKind) async throws {
            let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i FROM n"
            let wide = "SELECT id, CAST($1 AS varchar) AS a FROM orders"
            let post = MailPost()
            try await withShop(kind, post) { bed, action in
                let most = JSONValue.integer(Int64(AlertQuery.maxRows))
                #expect(await action.run(alert(bed, numbers, params: [most])).kind == .success)
                let sent = post.sent.count
                let over = await action.run(alert(bed, numbers, params: [.integer(Int64(AlertQuery.maxRows) + 1)]))
                #expect(over.verdict == .permanent && over.error?.contains("20001 rows; 20000 rows") == true, "\(over)")
                let text = JSONValue.string(String(repeating: "x", count: AlertWork.maxAttachmentBytes / 3))
                let long = await action.run(alert(bed, wide, params: [text]))
                #expect(long.verdict == .permanent && long.error?.contains("the table has 3 rows") == true, "\(long)")
                #expect(post.sent.count == sent && sent == 2)
            }
        }

        @Test(arguments: SQLKind.allCases)
        func whatAnEmptyAnswerMeansIsSaid(kind: SQLKind) async throws {
            let post = MailPost()
            try await withShop(kind, post) { bed, action in
                let none: [JSONValue] = [.integer(5_000)]
                let skipped = await action.run(alert(bed, Self.orders, params: none, ["skip_empty": .bool(true)]))
                #expect(skipped.kind == .success && skipped.output == "the query answered no row; nothing was sent")
                let refused = await action.run(alert(bed, Self.orders, params: none, ["expect_rows": "1-"]))
                #expect(refused.verdict == .permanent && refused.error?.contains("at least 1 row expected, 0 found") == true)
                #expect(post.sent.isEmpty)
                #expect(await action.run(alert(bed, Self.orders, params: none)).kind == .success)
                #expect(post.sent.map { $0.mail.attachment?.bytes } == [Array("id,cents\r\n".utf8), Array("id,cents\r\n".utf8)])
            }
        }

        /// A run that has told somebody something does not succeed with others untold.
        @Test(arguments: SQLKind.allCases)
        func whatHasBegunIsNotSkipped(kind: SQLKind) async throws {
            let post = MailPost { mail in
                switch mail.to.address {
                case "ann@example.com": .accepted(reply: "250")
                case "bob@example.com": .failed(MailFailure(.refused, status: 451, "later"))
                default: .failed(MailFailure(.refused, status: 550, "never"))
                }
            }
            try await withShop(kind, post) { bed, action in
                let skip: [String: JSONValue] = ["skip_empty": .bool(true)]
                var attempt = alert(bed, Self.orders, params: [.integer(1)], skip)
                attempt.action.fields["recipients"] = ["ann@example.com", "bob@example.com", "carl@example.com"]
                let first = await action.run(attempt)
                #expect(first.verdict == .transient && post.sent.count == 3, "\(first)")
                _ = try bed.ask("DELETE FROM orders")
                for progress in [first.progress, String(first.progress?.drop { $0 != "." } ?? "")] {
                    let sent = post.sent.count
                    attempt.progress = progress
                    let second = await action.run(attempt)
                    #expect(second.verdict == .transient, "\(second)")
                    let mails = post.sent.dropFirst(sent).map(\.mail)
                    #expect(mails.contains { $0.to.address == "bob@example.com" })
                    #expect(mails.allSatisfy { $0.text.hasPrefix("0 orders") && $0.to.address != "carl@example.com" })
                }
                attempt.progress = nil
                #expect(await action.run(attempt).kind == .success)
            }
        }

        /// What was accepted stays so, and when all is accepted nobody is asked.
        @Test func aDatabaseThatIsAwayIsAskedAgainByTheNextAttempt() async throws {
            let post = MailPost()
            try await withShop(.postgres, post) { bed, action in
                let key = AlertProgress.key(channel: "finance", person: "ann@example.com", turn: 0)
                var away = alert(bed, Self.orders, params: [.integer(1)], progress: key)
                away.settings[.connection, "shop"] = bed.connection.merging(["port": .integer(1)]) { $1 }
                let outcome = await action.run(away)
                #expect(outcome.kind == .connectError && outcome.verdict == .transient, "\(outcome)")
                #expect(outcome.reach == .nothingSent && outcome.progress == nil && post.sent.isEmpty)
                #expect(await action.run(alert(bed, Self.orders, params: [.integer(1)], progress: key)).kind == .success)
                #expect(post.sent.map(\.mail.to.address) == ["bob@example.com"])
                away.progress = key + AlertProgress.key(channel: "finance", person: "bob@example.com", turn: 0)
                #expect(await action.run(away).kind == .success && post.sent.count == 1)
            }
        }
    }
}
