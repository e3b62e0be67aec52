import CronModel
import CronSchedule
import Foundation
import MailServer
import Testing

@testable import Mail

/// Mails as they are written, and as Python's reader reads what a real server took over.
@Suite(.timeLimit(.minutes(2))) struct MIMETests {
    /// Sends the mail and reads it at the server.
    private func received(_ message: MailMessage) async throws -> ReceivedMail {
        let servers = try MailServer.shared.get()
        let server = try SMTPServer(url: "smtp://127.0.0.1:\(servers.port("plain"))?tls=off")
        let client = SMTPClient()
        defer { client.close() }
        #expect(await client.send(message, by: server).failure == nil)
        let mail = try servers.mail(message.id)
        #expect(Array(mail.raw) == MIMEWriter.bytes(of: message), "another mail has arrived than was sent")
        #expect(mail.defects.isEmpty)
        for line in String(decoding: mail.raw, as: UTF8.self).components(separatedBy: "\r\n") {
            #expect(line.utf8.count <= 78 || line.hasPrefix(" <"), "\(line)")
            #expect(line.utf8.allSatisfy { $0 == 0x09 || (0x20...0x7E).contains($0) }, "\(line)")
        }
        return mail
    }

    @Test func aPlainMailIsThis() throws {
        let message = try MailMessage(
            id: "run.1", from: Mailbox(name: "Cron++", address: "cron@example.org"),
            to: Mailbox(address: "ann@example.com"), subject: "Job failed",
            date: Instant(rfc3339: "2026-11-03T09:05:07Z"),
            text: "One = 1\nzwölf ")
        #expect(
            String(decoding: MIMEWriter.bytes(of: message), as: UTF8.self)
                == [
                    "Date: Tue, 3 Nov 2026 09:05:07 +0000",
                    "From: \"Cron++\"",
                    " <cron@example.org>",
                    "To: ann@example.com",
                    "Message-ID: <run.1@example.org>",
                    "Subject: Job failed",
                    "Auto-Submitted: auto-generated",
                    "MIME-Version: 1.0",
                    "Content-Type: text/plain; charset=utf-8",
                    "Content-Transfer-Encoding: quoted-printable",
                    "",
                    "One =3D 1",
                    "zw=C3=B6lf=20",
                    "",
                ].joined(separator: "\r\n"))
    }

    @Test func allPartsArrive() async throws {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let message = try MailMessage(
            id: UUID().uuidString, from: Mailbox(name: "Größe „A“ \"q\" \\", address: "cron@example.org"),
            to: Mailbox(name: "O'Neil, \"Ann\" <x@y> =?UTF-8?Q?=41?=", address: "ann@example.com"),
            subject: "Prüfung 👩‍👩‍👧 " + String(repeating: "ß", count: 200), date: Mails.date,
            text: "Gruß\n.\n..\nFrom me\n",
            html: "<p>Gruß &amp; Kuß</p>\n",
            attachment: MailAttachment(name: "März 2026.csv", type: "text/csv", bytes: bytes))
        let mail = try await received(message)
        #expect(mail.type == "multipart/mixed")
        #expect(mail.parts.map(\.type) == ["text/plain", "text/html", "text/csv"])
        #expect(mail.parts[0].text == "Gruß\r\n.\r\n..\r\nFrom me\r\n")
        #expect(mail.parts[1].text == "<p>Gruß &amp; Kuß</p>\r\n")
        #expect(mail.parts[2].file == "März 2026.csv" && Array(mail.parts[2].content) == bytes)
        #expect(mail.headers["subject"] == message.subject)
        #expect(mail.headers["from"]?.contains("Größe „A“") == true)
        #expect(mail.headers["to"]?.contains("ann@example.com") == true)
        #expect(mail.headers["message-id"] == "<\(message.id)@example.org>")
        #expect(mail.headers["date"] == "Mon, 30 Nov 2026 09:00:00 +0000")
    }

    /// libcurl doubles dots at the beginnings of lines, wherever they fall into its buffers.
    @Test(arguments: [1, 2, 3, 5, 1_023, 16_384, 65_535, 65_536])
    func dotsArriveAsTheyWere(_ length: Int) async throws {
        let line = "." + String(repeating: "x", count: length % 70)
        let text = Array(repeating: "\(line)\n.\n..\n", count: 70_000 / (line.utf8.count + 6)).joined()
        let mail = try await received(Mails.plain(text: String(repeating: "y", count: length % 71) + "\n" + text + "."))
        #expect(mail.parts[0].text.replacing("\r\n", with: "\n").hasSuffix("\n.\n..\n.\n"))
    }

    @Test func randomTextsArrive() async throws {
        var random = RandomSource()
        let seed = random.next()
        random = RandomSource(seed: seed)
        let alphabet = Array("ab .\n\r\t=?_\"\\<>@,;:ß→👩‍👧\u{7F}\u{0}-")
        for _ in 1...40 {
            let text = String(
                (0..<Int.random(in: 0...400, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
            let line = text.filter { String($0).isOneLine }.prefix(60)
            let subject = line.trimmingCharacters(in: .whitespaces)
            let message = try Mails.plain(subject: subject, text: text)
            let mail = try await received(message)
            var expected = Self.lines(Array(text.utf8))
            if expected.last != [] || expected.count == 1 { expected.append([]) }
            #expect(Self.lines(Array(mail.parts[0].content)) == expected, "seed \(seed)")
            // Runs of blanks are one to Python's reader.
            #expect(mail.headers["subject"]?.filter { $0 != " " } == subject.filter { $0 != " " }, "seed \(seed)")
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var (lines, last): ([[UInt8]], UInt8) = ([[]], 0)
        for byte in bytes {
            if byte == 0x0D || byte == 0x0A && last != 0x0D { lines.append([]) }
            if byte != 0x0D, byte != 0x0A { lines[lines.count - 1].append(byte) }
            last = byte
        }
        return lines
    }

    @Test func whatCouldBeginAnotherHeaderIsNoMail() throws {
        let endings = ["\r\n", "\n", "\r", "\u{0}", "\u{85}", "\u{2028}", "\u{B}"]
        for end in endings {
            let bad = "x\(end)Bcc: eve@example.com"
            #expect(throws: MailProblem.self) { try Mails.plain(subject: bad) }
            #expect(throws: MailProblem.self) { try Mailbox(name: bad, address: "a@example.com") }
            #expect(throws: MailProblem.self) { try Mailbox(address: "a@example.com\(end)") }
            #expect(throws: MailProblem.self) { try Mailbox(address: "a\(end)b@example.com") }
            #expect(throws: MailProblem.self) { try MailAttachment(name: bad, type: "text/csv", bytes: []) }
            #expect(throws: MailProblem.self) { try MailAttachment(name: "a", type: "text/\(bad)", bytes: []) }
        }
        let some = try Mailbox(address: "a@example.com")
        for id in ["", "a b", "a@b", "a>", "a\r\n", ".a", String(repeating: "a", count: 129)] {
            #expect(throws: MailProblem.self, "\(id)") {
                try MailMessage(id: id, from: some, to: some, subject: "", date: Mails.date, text: "")
            }
        }
    }

    @Test(arguments: [
        "", "a", "@b.c", "a@", "a@b@c.d", "a b@c.d", "a,b@c.d", "<a@b.c>", "a@-b.c", "a@b..c", ".a@b.c", "a.@b.c",
        "a@[127.0.0.1]", "\"a b\"@c.d", "ä@b.c", "a@ü.c", String(repeating: "a", count: 65) + "@b.c",
        "a@" + String(repeating: "b", count: 64) + ".c", "a@" + String(repeating: "b.", count: 130) + "c",
        "a@b.c SIZE=1",
    ])
    func thisIsNoAddress(_ text: String) {
        #expect(throws: MailProblem.self) { try Mailbox(address: text) }
    }

    @Test func aMailboxIsRead() throws {
        #expect(try Mailbox(text: "a@b.c") == Mailbox(address: "a@b.c"))
        #expect(try Mailbox(text: " Cron++ <a@b.c> ") == Mailbox(name: "Cron++", address: "a@b.c"))
        #expect(try Mailbox(text: "\"Doe, J.\" <a@b.c>") == Mailbox(name: "Doe, J.", address: "a@b.c"))
        #expect(throws: MailProblem.self) { try Mailbox(text: "a@b.c, d@e.f") }
        #expect(throws: MailProblem.self) { try Mailbox(text: "a b.c <>") }
    }
}
