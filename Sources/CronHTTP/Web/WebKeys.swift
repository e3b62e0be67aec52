import CronModel
import Crypto

/// Seals what browsers carry. The keys are derived from the secrets that sign access tokens, so that each node accepts what
/// another has given, and a secret can be replaced without a sign-out.
struct WebKeys: Sendable {
    enum Use: String {
        case session = "cronpp web session 1"
        case form = "cronpp web form 1"
        case flash = "cronpp web flash 1"
    }

    private let sessions: [SymmetricKey]
    private let forms: [SymmetricKey]
    private let flashes: [SymmetricKey]

    /// - Parameter secrets: the first seals, all are accepted.
    init(secrets: [[UInt8]]) {
        sessions = secrets.map { Self.key($0, for: .session) }
        forms = secrets.map { Self.key($0, for: .form) }
        flashes = secrets.map { Self.key($0, for: .flash) }
    }

    private static func key(_ secret: [UInt8], for use: Use) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array(use.rawValue.utf8),
            outputByteCount: SHA256.byteCount)
    }

    /// The seal of a text, as text.
    func seal(_ text: String, for use: Use) -> String {
        guard let key = keys(use).first else { return "" }
        return Base64.url.text(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    /// Takes as long for any seal of the right length.
    func isSeal(_ seal: some StringProtocol, of text: String, for use: Use) -> Bool {
        guard let code = Base64.url.bytes(seal), code.count == SHA256.byteCount else { return false }
        let matches = keys(use).map {
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(text.utf8), using: $0)
        }
        return matches.contains(true)
    }

    private func keys(_ use: Use) -> [SymmetricKey] {
        switch use {
        case .session: sessions
        case .form: forms
        case .flash: flashes
        }
    }
}

extension WebKeys {
    static func digest(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }
}
