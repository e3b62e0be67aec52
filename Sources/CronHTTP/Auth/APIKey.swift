import CronModel
import CronSchedule
import Crypto

/// A key that programs sign in with: 256 random bits behind a prefix by which scanners of leaked secrets know it. The
/// store keeps only the SHA-256 of the whole.
struct APIKey: Sendable {
    static let prefix = "cpk_"
    static let bytes = 32
    /// Shown with the key ever after, to tell keys apart.
    static let hintLength = 8

    var userID: UserID
    var scopes: [Permission]
    var expiresAt: Instant?
    /// The first characters of the key.
    var hint: String
    /// To within `usePrecision`.
    var lastUsedAt: Instant?

    /// A use is written down when the last one that was is as old: not with every request.
    static let usePrecision = Span.minutes(10)

    static func make() -> String { prefix + Base64.url.text(RandomBytes.make(bytes)) }

    /// Nil for what is no key.
    static func hash(_ text: String) -> [UInt8]? {
        guard text.hasPrefix(prefix), Base64.url.bytes(text.dropFirst(prefix.count))?.count == bytes else { return nil }
        return Array(SHA256.hash(data: Array(text.utf8)))
    }
}

/// As it lies in a resource.
extension APIKey {
    var body: JSONValue {
        .object([
            "user_id": .string(userID.description),
            "scopes": .array(scopes.map { .string($0.text) }),
            "expires_at": .text(expiresAt?.description),
            "hint": .string(hint),
            "last_used_at": .text(lastUsedAt?.description),
        ])
    }

    init?(_ resource: Resource) {
        guard let user = resource.body["user_id"]?.stringValue.flatMap({ UserID($0) }),
            let scopes = resource.body["scopes"]?.arrayValue, let hint = resource.body["hint"]?.stringValue
        else { return nil }
        userID = user
        // A scope that this version does not know allows nothing.
        self.scopes = scopes.compactMap { $0.stringValue.flatMap { Permission(text: $0) } }
        expiresAt = resource.body["expires_at"]?.stringValue.flatMap { try? Instant(rfc3339: $0) }
        self.hint = hint
        lastUsedAt = resource.body["last_used_at"]?.stringValue.flatMap { try? Instant(rfc3339: $0) }
    }
}

/// Writes down when keys are used.
struct KeyUses: Sendable {
    let store: any Store

    /// A store that cannot write it does not refuse the request for that.
    func note(_ resource: Resource, _ key: APIKey) async {
        let now = store.clock.now
        guard key.lastUsedAt.map({ $0 + APIKey.usePrecision <= now }) ?? true else { return }
        var used = key
        used.lastUsedAt = now
        _ = try? await store.changeResource(
            resource.id, .apiKey, space: resource.space, version: resource.version, ResourceChange(body: used.body),
            audit: nil)
    }
}
