import CronModel
import NIOHTTP1

/// A Microsoft Teams workflow that begins when a webhook request is received, or an incoming webhook: both take an Adaptive
/// Card in a message.
struct TeamsChannel: AlertChannel {
    static let type = "teams"
    static let members: [Schema.Member] = [.field("url", ChannelFields.url, "The workflow's URL.")]

    /// 28 KB for all of a request (learn.microsoft.com, "Create Incoming Webhooks"), of which the card itself takes less
    /// than 1 KB, and the heading at most 2.5 KB.
    private static let maxTextBytes = 24_000
    /// How an incoming webhook tells within a 200 that Teams has not taken a message (same page, "Rate limiting").
    private static let failureMark = "returned HTTP error "

    private let url: WebhookURL

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        guard let url = reader.requiredURL("url", addresses) else { return nil }
        self.url = url
    }

    func parcel(_ message: AlertMessage, for person: String?) -> Parcel {
        // A single line's end is a blank to its Markdown.
        let text = message.text.replacing("\n", with: "\n\n")
        let card = JSONValue.object([
            "$schema": .string("http://adaptivecards.io/schemas/adaptive-card.json"),
            "type": .string("AdaptiveCard"),
            "version": .string("1.4"),
            "body": .array([
                .object([
                    "type": .string("TextBlock"), "text": .string(message.heading), "size": .string("Medium"),
                    "weight": .string("Bolder"), "color": .string(Self.color(of: message)), "wrap": .bool(true),
                ]),
                .object([
                    "type": .string("TextBlock"), "wrap": .bool(true),
                    "text": .string(CutText.fitting(text, Self.maxTextBytes, size: Self.jsonBytes)),
                ]),
            ]),
        ])
        let attachment = JSONValue.object([
            "contentType": .string("application/vnd.microsoft.card.adaptive"), "contentUrl": .null, "content": card,
        ])
        return .request(
            ChannelRequest(
                url, json: .object(["type": .string("message"), "attachments": .array([attachment])])))
    }

    private static func color(of message: AlertMessage) -> String {
        if message.isResolved { return "Good" }
        return switch message.severity {
        case .info: "Default"
        case .warning: "Warning"
        case .error, .critical: "Attention"
        }
    }

    /// At most what it takes in JSON.
    private static func jsonBytes(_ character: Character) -> Int {
        character.utf8.reduce(0) { bytes, byte in
            bytes + (byte < 0x20 || byte == 0x7F ? 6 : byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? 2 : 1)
        }
    }

    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict {
        guard answer.status.code == 200, let mark = answer.text.firstRange(of: Self.failureMark),
            let code = Int(answer.text[mark.upperBound...].prefix { $0.isNumber })
        else { return answer.verdictByStatus }
        let inner = ChannelAnswer(status: .init(statusCode: code), text: answer.text, now: answer.now)
        return inner.verdictByStatus
    }
}
