import CronModel
import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A topic of an ntfy server.
struct NtfyChannel: AlertChannel {
    static let type = "ntfy"
    static let members: [Schema.Member] = [
        .field("url", ChannelFields.url, "The topic's: `https://ntfy.sh/TOPIC`."),
        .field("token", ChannelFields.token, "An access token, where the server asks for one."),
    ]

    /// Of a message; longer ones become files (docs.ntfy.sh, "Limitations").
    private static let maxBytes = 4_096
    /// Bytes of text in an encoded word, which may have 75 characters (RFC 2047 §2).
    private static let maxWordBytes = 45

    private let url: WebhookURL
    private let token: String?

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        let url = reader.requiredURL("url", addresses)
        token = reader.token("token")
        guard let url else { return nil }
        self.url = url
    }

    func parcel(_ message: AlertMessage, for person: String?) -> Parcel {
        var headers = HTTPHeaders()
        headers.add(name: "Title", value: Self.header(message.title))
        headers.add(name: "Priority", value: Self.priority(of: message))
        headers.add(name: "Tags", value: Self.tag(of: message))
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
        let text = CutText.fitting(message.text, Self.maxBytes, size: CutText.bytes)
        return .request(ChannelRequest(url, headers: headers, body: Array(text.utf8)))
    }

    /// From 1 to 5; 3 is the usual one.
    private static func priority(of message: AlertMessage) -> String {
        if message.isResolved { return "3" }
        return switch message.severity {
        case .info: "3"
        case .warning, .error: "4"
        case .critical: "5"
        }
    }

    /// Names of emoji, which the apps show before the title.
    private static func tag(of message: AlertMessage) -> String {
        if message.isResolved { return "white_check_mark" }
        return switch message.severity {
        case .info: "information_source"
        case .warning: "warning"
        case .error: "x"
        case .critical: "rotating_light"
        }
    }

    /// Text that ASCII cannot hold as encoded words, which ntfy reads.
    private static func header(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) || text.contains("=?") else { return text }
        var words: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            var room = maxWordBytes
            let word = rest.prefix { character in
                room -= character.utf8.count
                return room >= 0
            }
            // One character may be longer than any word should be.
            let taken = word.isEmpty ? rest.prefix(1) : word
            words.append("=?UTF-8?B?\(Data(taken.utf8).base64EncodedString())?=")
            rest = rest.dropFirst(taken.count)
        }
        return words.joined(separator: " ")
    }
}
