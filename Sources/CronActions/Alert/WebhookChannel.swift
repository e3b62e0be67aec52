import CronModel
import CronSchedule
import NIOHTTP1

/// Any URL that takes a message as JSON: `id`, `event`, `title`, `message`, `severity`, `problem`, `sent_at` and `facts`.
struct WebhookChannel: AlertChannel {
    static let type = "webhook"
    static let members: [Schema.Member] = [
        .field("url", ChannelFields.url, "Any that takes a message as JSON."),
        .field("token", ChannelFields.token, "Sent as `Authorization: Bearer`."),
        .field(
            "signing_secret", .string(format: "cronpp-signing-secret"),
            "Key of the Standard Webhooks signature: `whsec_` and base64 of 24 to 64 bytes. Absent: unsigned."),
    ]

    private let url: WebhookURL
    private let token: String?
    private let secret: WebhookSecret?

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        let url = reader.requiredURL("url", addresses)
        token = reader.token("token")
        secret = reader.string("signing_secret").flatMap { text in
            let secret = WebhookSecret(text)
            if secret == nil { reader.refuse("signing_secret", "must be \"whsec_\" and base64 of 24 to 64 bytes") }
            return secret
        }
        guard let url else { return nil }
        self.url = url
    }

    func parcel(_ message: AlertMessage, for person: String?) -> Parcel {
        let body = JSONWriter.bytes(
            .object([
                "id": .string(message.id), "event": .string(message.isResolved ? "resolve" : "trigger"),
                "title": .string(message.title), "message": .string(message.text),
                "severity": .string(message.severity.rawValue), "problem": .string(message.problem),
                "sent_at": .string(message.sentAt.description), "facts": .object(message.facts),
            ]))
        let timestamp = message.sentAt.wholeSeconds
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "application/json")
        if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
        headers.add(name: "webhook-id", value: message.id)
        headers.add(name: "webhook-timestamp", value: "\(timestamp)")
        if let secret {
            headers.add(
                name: "webhook-signature", value: secret.signature(id: message.id, timestamp: timestamp, body: body))
        }
        return .request(ChannelRequest(url, headers: headers, body: body))
    }
}
