import CronModel

/// Vonage's SMS API (developer.vonage.com/messaging/sms).
struct VonageGateway: SMSGateway {
    static let standardURL = "https://rest.nexmo.com"
    /// Throttled, an internal error, too many binds (developer.vonage.com/api-errors/sms).
    private static let passing: Set<String> = ["1", "5", "10"]

    private let url: WebhookURL
    private let account: String
    private let token: String
    private let from: String

    init?(base: String, account: String, token: String, from: String) {
        guard let url = try? WebhookURL("\(base)/sms/json") else { return nil }
        self.url = url
        self.account = account
        self.token = token
        self.from = from
    }

    func request(_ text: String, to number: PhoneNumber) -> ChannelRequest {
        let isPlain = text.utf8.allSatisfy { $0 < 0x80 }
        return ChannelRequest(
            url,
            form: [
                ("api_key", account), ("api_secret", token), ("from", from), ("to", number.digits), ("text", text),
                ("type", isPlain ? "text" : "unicode"),
            ])
    }

    /// The status is 200 whatever became of the message; that is told of each part.
    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict {
        guard case .accepted = answer.verdictByStatus else { return answer.verdictByStatus }
        guard let parts = answer.json?["messages"]?.arrayValue, !parts.isEmpty else {
            return .later(answer.reason(), wait: nil)
        }
        let failed = parts.compactMap { part -> (status: String, words: String)? in
            let status = part["status"]?.stringValue ?? ""
            return status == "0" ? nil : (status, part["error-text"]?.stringValue ?? "")
        }
        guard let first = failed.first else { return .accepted }
        let reason = answer.reason("\(first.words) (\(first.status))")
        return failed.allSatisfy { Self.passing.contains($0.status) } ? .later(reason, wait: nil) : .refused(reason)
    }
}
