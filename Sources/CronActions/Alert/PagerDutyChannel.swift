import CronModel
import CronSchedule

/// A service of PagerDuty, by its Events API v2.
struct PagerDutyChannel: AlertChannel {
    static let type = "pagerduty"
    static let members: [Schema.Member] = [
        .field("routing_key", ChannelFields.token, "The integration key of its Events API v2 integration."),
        .field("source", ChannelFields.from, "What incidents are said to come from; absent: `cronpp`."),
        .field("url", ChannelFields.url, "Of another region: `https://events.eu.pagerduty.com`."),
    ]

    /// Of `summary` and of `dedup_key` (developer.pagerduty.com, "Send an Alert Event").
    private static let maxSummaryUnits = 1_024
    static let maxKeyUnits = 255
    /// Of the text, far below the 512 KB of an event.
    private static let maxTextUnits = 50_000
    private static let standardURL = "https://events.pagerduty.com"

    private let url: WebhookURL
    private let key: String
    private let source: String

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        let base = reader.base(Self.standardURL, addresses)
        let key = reader.requiredToken("routing_key")
        let source = reader.string("source", limit: ChannelFields.maxNameBytes)
        guard let base, let key else { return nil }
        guard let url = try? WebhookURL("\(base)/v2/enqueue") else {
            reader.refuse("url", "is too long")
            return nil
        }
        self.url = url
        self.key = key
        self.source = source.flatMap { $0.isEmpty ? nil : $0 } ?? "cronpp"
    }

    func parcel(_ message: AlertMessage, for person: String?) -> Parcel {
        var event: [String: JSONValue] = [
            "routing_key": .string(key),
            "event_action": .string(message.isResolved ? "resolve" : "trigger"),
            "dedup_key": .string(CutText.fitting(message.problem, Self.maxKeyUnits)),
        ]
        if !message.isResolved { event["payload"] = payload(of: message) }
        return .request(ChannelRequest(url, json: .object(event)))
    }

    private func payload(of message: AlertMessage) -> JSONValue {
        let firstLine = message.text.prefix { !$0.isNewline }
        let summary = firstLine.isEmpty ? message.title : "\(message.title): \(firstLine)"
        var details = message.facts
        details["message"] = .string(CutText.fitting(message.text, Self.maxTextUnits))
        return .object([
            "summary": .string(CutText.fitting(summary, Self.maxSummaryUnits)),
            "source": .string(source),
            "severity": .string(message.severity.rawValue),
            "timestamp": .string(message.sentAt.description),
            "custom_details": .object(details),
        ])
    }
}
