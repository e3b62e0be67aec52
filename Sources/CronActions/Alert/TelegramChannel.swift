import CronModel
import CronSchedule

/// A chat that a Telegram bot writes to.
struct TelegramChannel: AlertChannel {
    static let type = "telegram"
    static let members: [Schema.Member] = [
        .field("token", ChannelFields.token, "The bot's."),
        .field("chat_id", .anyOf([.line(1...64), Schema(type: "integer")]), "Its number, or `@name` of a public one."),
        .field("url", ChannelFields.url, "Of another Bot API server."),
    ]

    /// Of `text` (core.telegram.org/bots/api, "sendMessage").
    private static let maxUnits = 4_096
    private static let standardURL = "https://api.telegram.org"

    private let url: WebhookURL
    private let chat: JSONValue

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        let base = reader.base(Self.standardURL, addresses)
        let token = reader.requiredToken("token")
        let chat = Self.readChat(&reader)
        guard let base, let token, let chat else { return nil }
        let isSound = token.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isSound, let url = try? WebhookURL("\(base)/bot\(token)/sendMessage") else {
            reader.refuse("token", "must be a bot's token such as 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")
            return nil
        }
        self.url = url
        self.chat = chat
    }

    private static func readChat(_ reader: inout FieldReader) -> JSONValue? {
        switch reader.value("chat_id") {
        case .integer(let number)?: return .integer(number)
        case .string(let text)? where !text.isEmpty && text.utf8.count <= 64 && text.isOneLine: return .string(text)
        case nil: reader.refuse("chat_id", "is required")
        case let other?: reader.refuse("chat_id", "must be a chat's number or \"@name\", not \(other.kindName)")
        }
        return nil
    }

    /// Without `parse_mode`: what stands in a text is text.
    func parcel(_ message: AlertMessage, for person: String?) -> Parcel {
        let text = CutText.fitting("\(message.heading)\n\(message.text)", Self.maxUnits)
        return .request(ChannelRequest(url, json: .object(["chat_id": chat, "text": .string(text)])))
    }

    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict {
        let json = answer.json
        let words = json?["description"]?.stringValue
        switch answer.verdictByStatus {
        case .accepted: return json?["ok"] == .bool(false) ? .refused(answer.reason(words)) : .accepted
        case .refused: return .refused(answer.reason(words))
        case .later(_, let wait):
            let asked = json?["parameters"]?["retry_after"]?.seconds
            return .later(answer.reason(words), wait: [wait, asked].compactMap(\.self).max())
        }
    }
}
