import CronModel
import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Twilio's Messages resource (twilio.com/docs/messaging/api/message-resource).
struct TwilioGateway: SMSGateway {
    static let standardURL = "https://api.twilio.com"
    /// How the name of a messaging service begins.
    private static let servicePrefix = "MG"
    private static let serviceLength = 34

    private let url: WebhookURL
    private let authorization: String
    private let from: (name: String, value: String)

    init?(base: String, account: String, token: String, from: String) {
        let path = "\(base)/2010-04-01/Accounts/\(PercentCoding.encoded(account))/Messages.json"
        guard let url = try? WebhookURL(path) else { return nil }
        self.url = url
        authorization = "Basic \(Data("\(account):\(token)".utf8).base64EncodedString())"
        let isService = from.hasPrefix(Self.servicePrefix) && from.utf8.count == Self.serviceLength
        self.from = (isService ? "MessagingServiceSid" : "From", from)
    }

    func request(_ text: String, to number: PhoneNumber) -> ChannelRequest {
        ChannelRequest(
            url, form: [("To", number.international), from, ("Body", text)],
            headers: HTTPHeaders([("Authorization", authorization)]))
    }

    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict {
        let json = answer.json
        guard let message = json?["message"]?.stringValue, let code = json?["code"]?.integerValue else {
            return answer.verdictByStatus
        }
        return switch answer.verdictByStatus {
        case .accepted: .accepted
        case .refused: .refused(answer.reason("\(message) (\(code))"))
        case .later(_, let wait): .later(answer.reason("\(message) (\(code))"), wait: wait)
        }
    }
}
