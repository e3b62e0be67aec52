import CronModel
import CronSchedule
import Foundation
import NIOHTTP1
import Synchronization
import Testing

@testable import CronActions

/// Channels and what they say, for tests.
enum Channels {
    static let guardian = AddressGuard(allowed: loopback)

    static func channel(_ fields: [String: JSONValue]) throws -> any AlertChannel {
        try ChannelTypes.channel(fields, guardian)
    }

    static func problems(_ fields: [String: JSONValue]) -> [FieldProblem] {
        do {
            _ = try ChannelTypes.channel(fields, guardian)
            return []
        } catch {
            return error.all
        }
    }

    static func message(
        _ title: String = "Backup", _ text: String = "3 files missing", _ severity: AlertSeverity = .error
    ) -> AlertMessage {
        var message = AlertMessage(
            id: "\(runID)-abcdefgh", title: title, text: text, problem: "backup", sentAt: fixedNow)
        message.severity = severity
        message.facts = ["job_name": .string("nightly")]
        return message
    }

    static func request(
        _ fields: [String: JSONValue], _ message: AlertMessage = message(), for person: String? = nil
    ) throws -> ChannelRequest {
        guard case .request(let request) = try channel(fields).parcel(message, for: person) else {
            throw ChannelProblem(message: "no request")
        }
        return request
    }

    static func answer(_ status: Int, _ text: String = "", headers: HTTPHeaders = [:]) -> ChannelAnswer {
        ChannelAnswer(status: .init(statusCode: status), headers: headers, text: text, now: fixedNow)
    }

    /// One of each type, all of which lead to a receiver.
    static func all(_ base: String) -> [String: [String: JSONValue]] {
        let fields: [[String: JSONValue]] = [
            ["type": .string("slack"), "url": .string("\(base)/services/T0/B0/canary-slack-url")],
            ["type": .string("discord"), "url": .string("\(base)/api/webhooks/1/canary-discord-url")],
            ["type": .string("teams"), "url": .string("\(base)/workflows/canary-teams-url")],
            ["type": .string("telegram"), "url": .string(base), "token": .string("42:canary-telegram"), "chat_id": .integer(7)],
            ["type": .string("pagerduty"), "url": .string(base), "routing_key": .string("canary-routing-key")],
            ["type": .string("ntfy"), "url": .string("\(base)/topic"), "token": .string("tk_canary-ntfy")],
            ["type": .string("webhook"), "url": .string("\(base)/hook"), "token": .string("canary-bearer")],
            sms("twilio", base), sms("vonage", base),
        ]
        return Dictionary(uniqueKeysWithValues: fields.map { ($0["gateway"]?.stringValue ?? $0["type"]?.stringValue ?? "", $0) })
    }

    static func sms(_ gateway: String, _ base: String? = nil) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [
            "type": .string("sms"), "gateway": .string(gateway), "account": .string("AC1"),
            "token": .string("canary-sms-token"), "from": .string("+14155550100"),
            "recipients": .array([.string("+1 (415) 555-0199")]),
        ]
        fields["url"] = base.map { .string($0) }
        return fields
    }
}

extension ChannelRequest {
    var json: JSONValue { JSONValue(text: text) ?? .null }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// A form's fields.
    var form: [String: String] {
        let pairs = text.split(separator: "&").map { $0.split(separator: "=", omittingEmptySubsequences: false) }
        return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1]).removingPercentEncoding ?? "") })
    }
}

/// Takes mails over that nobody gets.
final class MailPost: MailCarrier {
    struct Sent: Sendable {
        let mail: MailMessage
        let server: SMTPServer
        let addresses: [IPAddress]?
    }

    private let kept = Mutex<[Sent]>([])
    private let answer: @Sendable (MailMessage) -> MailOutcome

    init(_ answer: @escaping @Sendable (MailMessage) -> MailOutcome = { _ in .accepted(reply: "250 taken over") }) {
        self.answer = answer
    }

    var sent: [Sent] { kept.withLock { $0 } }

    func send(
        _ message: MailMessage, by server: SMTPServer, at addresses: [IPAddress]?,
        hiding: @escaping @Sendable (String) -> String
    ) async -> MailOutcome {
        kept.withLock { $0.append(Sent(mail: message, server: server, addresses: addresses)) }
        guard case .failed(var failure) = answer(message) else { return answer(message) }
        failure.text = hiding(failure.text)
        return .failed(failure)
    }
}
