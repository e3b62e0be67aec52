import CronModel
import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The key of a Standard Webhooks signature: `whsec_` and base64 of 24 to 64 bytes.
struct WebhookSecret: Sendable {
    /// Live at once. Two are enough for a rotation; more let several receivers move at their own pace.
    static let maxCount = 5

    private let key: SymmetricKey

    /// Nil when the text is not such a secret.
    init?(_ text: String) {
        let prefix = "whsec_"
        guard text.hasPrefix(prefix), let bytes = Data(base64Encoded: String(text.dropFirst(prefix.count))),
            (24...64).contains(bytes.count)
        else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// The header's value: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.
    func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        var mac = HMAC<SHA256>(key: key)
        mac.update(data: Array("\(id).\(timestamp).".utf8))
        mac.update(data: body)
        return "v1,\(Data(mac.finalize()).base64EncodedString())"
    }

    /// The secrets of `signing_secret` or, while they are rotated, of `signing_secrets`.
    static func read(_ reader: inout FieldReader) -> [WebhookSecret] {
        let several = reader.value("signing_secrets")
        guard let several else {
            return [read(reader.string("signing_secret"), "signing_secret", &reader)].compactMap(\.self)
        }
        guard reader.value("signing_secret") == nil else {
            reader.refuse("signing_secrets", "stands beside signing_secret, which is kept until it is set to null")
            return []
        }
        guard let items = several.arrayValue, (1...maxCount).contains(items.count) else {
            reader.refuse("signing_secrets", "must be a list of 1 to \(maxCount) secrets")
            return []
        }
        return items.enumerated().compactMap { index, item in
            read(item.stringValue ?? "", "signing_secrets[\(index)]", &reader)
        }
    }

    private static func read(_ text: String?, _ field: String, _ reader: inout FieldReader) -> WebhookSecret? {
        guard let text else { return nil }
        let secret = WebhookSecret(text)
        if secret == nil { reader.refuse(field, "must be \"whsec_\" and base64 of 24 to 64 bytes") }
        return secret
    }
}
