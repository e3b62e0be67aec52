import CronModel
import CronSchedule

/// A Discord webhook.
struct DiscordChannel: AlertChannel {
    static let type = "discord"
    static let members: [Schema.Member] = [.field("url", ChannelFields.url, "The webhook's URL.")]

    /// Of `content` (discord.com/developers, "Execute Webhook").
    private static let maxUnits = 2_000

    private let url: WebhookURL

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        guard let url = reader.requiredURL("url", addresses) else { return nil }
        self.url = url
    }

    func parcel(_ message: AlertMessage, for person: String?) -> Parcel {
        .request(
            ChannelRequest(
                url,
                json: .object([
                    "content": .string(CutText.fitting("**\(message.heading)**\n\(message.text)", Self.maxUnits)),
                    // A value from a payload must not ring for everyone.
                    "allowed_mentions": .object(["parse": .array([])]),
                ])))
    }

    /// Its body tells the wait to the millisecond, in seconds.
    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict {
        let message = answer.json?["message"]?.stringValue
        switch answer.verdictByStatus {
        case .accepted: return .accepted
        case .refused: return .refused(answer.reason(message))
        case .later(_, let wait):
            let asked = answer.json?["retry_after"]?.seconds
            return .later(answer.reason(message), wait: [wait, asked].compactMap(\.self).max())
        }
    }
}

extension JSONValue {
    /// A number of seconds as a length of time; nil for what is none, or none that could be waited.
    var seconds: Span? {
        switch self {
        case .integer(let whole) where whole >= 0: .seconds(whole)
        case .number(let number) where number >= 0 && number < 1e9: .microseconds(Int64((number * 1e6).rounded(.up)))
        default: nil
        }
    }
}
