import CronModel
import CronSchedule
import Foundation
import NIOHTTP1
import Testing

@testable import CronActions

/// What each type of channel sends, byte for byte where a service is particular.
@Suite struct ChannelPayloadTests {
    private static let url = JSONValue.string("https://example.com/a/b")

    @Test func slackGetsATextWithoutLinksAndMentionsOfOthers() throws {
        let request = try Channels.request(
            ["type": .string("slack"), "url": Self.url], Channels.message("A<B", "<!channel> & co"))
        #expect(request.url.text == "https://example.com/a/b")
        #expect(request.headers["content-type"] == ["application/json"])
        #expect(request.text == #"{"text":"*[ERROR] A&lt;B*\n&lt;!channel&gt; &amp; co"}"#)
    }

    @Test func discordRingsForNobody() throws {
        let request = try Channels.request(["type": .string("discord"), "url": Self.url])
        #expect(request.text == #"{"allowed_mentions":{"parse":[]},"content":"**[ERROR] Backup**\n3 files missing"}"#)
    }

    @Test func teamsGetsAnAdaptiveCard() throws {
        let message = Channels.message("Backup", "one\ntwo", .warning)
        let json = try Channels.request(["type": .string("teams"), "url": Self.url], message).json
        let attachment = json["attachments"]?.arrayValue?.first
        #expect(json["type"] == .string("message"))
        #expect(attachment?["contentType"] == .string("application/vnd.microsoft.card.adaptive"))
        #expect(attachment?["content"]?["type"] == .string("AdaptiveCard"))
        let blocks = attachment?["content"]?["body"]?.arrayValue ?? []
        #expect(blocks.map { $0["text"] } == [.string("[WARNING] Backup"), .string("one\n\ntwo")])
        #expect(blocks.first?["color"] == .string("Warning"))
        #expect(blocks.allSatisfy { $0["type"] == .string("TextBlock") && $0["wrap"] == .bool(true) })
    }

    @Test func telegramGetsPlainTextForItsChat() throws {
        let request = try Channels.request([
            "type": .string("telegram"), "token": .string("42:abc_DEF-1"), "chat_id": .string("@ops"),
        ])
        #expect(request.url.text == "https://api.telegram.org/bot42:abc_DEF-1/sendMessage")
        #expect(request.text == #"{"chat_id":"@ops","text":"[ERROR] Backup\n3 files missing"}"#)
    }

    @Test func pagerDutyGetsAnEventAndItsEnd() throws {
        let fields: [String: JSONValue] = ["type": .string("pagerduty"), "routing_key": .string("R0")]
        let request = try Channels.request(fields, Channels.message("Backup", "3 files missing\nmore"))
        #expect(request.url.text == "https://events.pagerduty.com/v2/enqueue")
        #expect(
            request.json
                == .object([
                    "routing_key": .string("R0"), "event_action": .string("trigger"), "dedup_key": .string("backup"),
                    "payload": .object([
                        "summary": .string("Backup: 3 files missing"), "source": .string("cronpp"),
                        "severity": .string("error"), "timestamp": .string("2026-02-02T02:40:00.000000Z"),
                        "custom_details": .object([
                            "job_name": .string("nightly"), "message": .string("3 files missing\nmore"),
                        ]),
                    ]),
                ]))
        var over = Channels.message()
        over.isResolved = true
        #expect(
            try Channels.request(fields, over).text
                == #"{"dedup_key":"backup","event_action":"resolve","routing_key":"R0"}"#)
    }

    @Test func ntfyGetsItsHeadersInASCII() throws {
        let fields: [String: JSONValue] = ["type": .string("ntfy"), "url": Self.url, "token": .string("tk_1")]
        let plain = try Channels.request(fields, Channels.message("Backup", "fehlt: ü", .critical))
        #expect(plain.headers["title"] == ["Backup"] && plain.headers["priority"] == ["5"])
        #expect(plain.headers["tags"] == ["rotating_light"] && plain.headers["authorization"] == ["Bearer tk_1"])
        #expect(plain.text == "fehlt: ü")
        let title = String(repeating: "Sicherung über Nacht ", count: 5)
        let encoded = try Channels.request(fields, Channels.message(title)).headers["title"].first ?? ""
        let words = encoded.split(separator: " ")
        #expect(words.count > 1 && words.allSatisfy { $0.utf8.count <= 75 && $0.hasPrefix("=?UTF-8?B?") && $0.hasSuffix("?=") })
        let decoded = words.map { word in
            Data(base64Encoded: String(word.dropFirst(10).dropLast(2))).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        #expect(decoded.joined() == title)
    }

    @Test func aWebhookGetsAllOfItAndASignature() throws {
        let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
        let request = try Channels.request([
            "type": .string("webhook"), "url": Self.url, "token": .string("t"), "signing_secret": .string(secret),
        ])
        #expect(
            request.json
                == .object([
                    "id": .string("\(runID)-abcdefgh"), "event": .string("trigger"), "title": .string("Backup"),
                    "message": .string("3 files missing"), "severity": .string("error"), "problem": .string("backup"),
                    "sent_at": .string("2026-02-02T02:40:00.000000Z"), "facts": .object(["job_name": .string("nightly")]),
                ]))
        let id = request.headers["webhook-id"].first ?? ""
        #expect(!id.contains(".") && request.headers["authorization"] == ["Bearer t"])
        let expected = WebhookSecret(secret)?.signature(id: id, timestamp: fixedNow.wholeSeconds, body: request.body)
        #expect(request.headers["webhook-signature"].first == expected && expected != nil)
        #expect(request.headers["webhook-timestamp"] == ["\(fixedNow.wholeSeconds)"])
    }

    @Test func twilioGetsAForm() throws {
        let request = try Channels.request(Channels.sms("twilio"), for: "+1 415 555 0101")
        #expect(request.url.text == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json")
        #expect(request.headers["content-type"] == ["application/x-www-form-urlencoded"])
        let signIn = Data("AC1:canary-sms-token".utf8).base64EncodedString()
        #expect(request.headers["authorization"] == ["Basic \(signIn)"])
        #expect(
            request.form == [
                "To": "+14155550101", "From": "+14155550100", "Body": "[ERROR] Backup\n3 files missing",
            ])
        #expect(request.text.hasPrefix("To=%2B14155550101&"))
        let service = "MG" + String(repeating: "a", count: 32)
        let byService = Channels.sms("twilio").merging(["from": .string(service)]) { $1 }
        #expect(try Channels.request(byService, for: "+14155550101").form["MessagingServiceSid"] == service)
    }

    @Test func vonageGetsAForm() throws {
        let message = Channels.message("Sicherung", "ü", .info)
        let request = try Channels.request(Channels.sms("vonage"), message, for: "+14155550101")
        #expect(request.url.text == "https://rest.nexmo.com/sms/json")
        #expect(
            request.form == [
                "api_key": "AC1", "api_secret": "canary-sms-token", "from": "+14155550100", "to": "14155550101",
                "text": "Sicherung\nü", "type": "unicode",
            ])
    }

    @Test func aMailHasAllItsParts() throws {
        let channel = try Channels.channel([
            "type": .string("email"), "host": .string("mail.example.com"), "from": .string("Cron++ <ops@example.com>"),
            "user": .string("u"), "password": .string("p"),
        ])
        var message = Channels.message()
        message.html = "<b>3</b>"
        message.attachment = try MailAttachment(name: "a.csv", type: "text/csv", bytes: [0x61])
        guard case .mail(let mail, let server, let host) = try channel.parcel(message, for: "Ann <ann@example.com>") else {
            Issue.record("no mail")
            return
        }
        #expect(mail.id == "\(runID)-abcdefgh" && mail.subject == "[ERROR] Backup" && mail.text == "3 files missing")
        #expect(mail.to.address == "ann@example.com" && mail.to.name == "Ann" && mail.from.name == "Cron++")
        #expect(mail.html == "<b>3</b>" && mail.attachment?.name == "a.csv" && mail.date == fixedNow)
        #expect(server.port == 587 && server.security == .startTLS && host == .name("mail.example.com"))
        #expect(throws: ChannelProblem.self) { try channel.parcel(message, for: "nobody") }
    }

    /// Cut with a note rather than refused by the service.
    @Test(arguments: [
        ("slack", 40_000, "text"), ("discord", 2_000, "content"), ("telegram", 4_096, "text"),
    ])
    func whatIsTooLongIsCut(_ type: String, _ limit: Int, _ field: String) throws {
        var fields = Channels.all("https://example.com")[type] ?? [:]
        if type == "telegram" { fields["url"] = nil }
        let long = try Channels.request(fields, Channels.message("T", String(repeating: "ü<&", count: 30_000)))
        let text = long.json[field]?.stringValue ?? ""
        #expect(text.utf16.count <= limit && text.utf16.count > limit - 10, "\(text.utf16.count)")
        #expect(text.hasSuffix(CutText.note))
    }

    @Test func whatIsTooLongIsCutElsewhereToo() throws {
        let long = Channels.message("T", String(repeating: "\"🎉ü\n", count: 40_000))
        let all = Channels.all("https://example.com")
        #expect(try Channels.request(all["teams"] ?? [:], long).body.count <= 28_000)
        #expect(try Channels.request(all["ntfy"] ?? [:], long).body.count <= 4_096)
        #expect(try Channels.request(all["pagerduty"] ?? [:], long).body.count < 512_000)
        let summary = try Channels.request(all["pagerduty"] ?? [:], Channels.message("T", String(repeating: "a", count: 2_000)))
            .json["payload"]?["summary"]?.stringValue
        #expect(summary?.count == 1_024 && summary?.hasSuffix(CutText.note) == true)
        for gateway in ["twilio", "vonage"] {
            let form = try Channels.request(all[gateway] ?? [:], long, for: "+14155550101").form
            #expect((form["Body"] ?? form["text"])?.utf16.count ?? 0 <= 1_600)
        }
    }

    @Test func aTitleIsOneLineAndTellsWhatMatters() {
        let message = Channels.message("a\r\nBcc: b\u{2028}c", "", .info)
        #expect(message.title == "a Bcc: b c" && message.heading == message.title)
        #expect(Channels.message(String(repeating: "ü", count: 500)).title.utf8.count <= AlertMessage.titleLimitBytes)
        var over = Channels.message()
        over.isResolved = true
        #expect(over.heading == "[RESOLVED] Backup")
    }
}
