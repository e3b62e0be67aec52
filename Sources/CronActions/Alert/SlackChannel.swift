import CronModel

/// A Slack incoming webhook, or one that reads the same, such as Mattermost's.
struct SlackChannel: AlertChannel {
    static let type = "slack"
    static let members: [Schema.Member] = [.field("url", ChannelFields.url, "The incoming webhook's URL.")]

    /// Of `text` (docs.slack.dev, "chat.postMessage", truncating content).
    private static let maxUnits = 40_000
    /// What it says when the webhook or its channel is gone (docs.slack.dev, "Sending messages using incoming webhooks").
    private static let gone: Set<String> = [
        "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_token", "no_active_hooks", "no_service",
        "no_service_id", "no_team", "team_disabled", "user_not_found",
    ]
    private static let later: Set<String> = ["rate_limited", "rollup_error"]

    private let url: WebhookURL

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        guard let url = reader.requiredURL("url", addresses) else { return nil }
        self.url = url
    }

    func parcel(_ message: AlertMessage, for person: String?) -> Parcel {
        let text = CutText.fitting("*\(message.heading)*\n\(message.text)", Self.maxUnits) { character in
            Self.escaped(character).utf16.count
        }
        return .request(ChannelRequest(url, json: .object(["text": .string(text.map(Self.escaped).joined())])))
    }

    /// What would otherwise begin a link or a mention.
    private static func escaped(_ character: Character) -> String {
        switch character {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        default: String(character)
        }
    }

    /// Its words tell more than the status, which has been 200 and 500 beside the same of them.
    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict {
        let word = answer.text.filter { !$0.isWhitespace }
        if Self.gone.contains(word) { return .refused(answer.reason()) }
        if Self.later.contains(word) { return .later(answer.reason(), wait: answer.wait) }
        return answer.verdictByStatus
    }
}
