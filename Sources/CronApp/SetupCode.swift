import Crypto

/// The code that the first account of a cluster needs.
enum SetupCode {
    /// The same on every node, and no way back to the secret.
    static func shared(secret: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("cronpp setup code".utf8), using: SymmetricKey(data: secret))
        return code.prefix(12).map { byte in String(byte >> 4, radix: 16) + String(byte & 0xF, radix: 16) }.joined()
    }
}
