import CronEngine
import Foundation

/// The secrets of an installation: given by configuration or, on the embedded store, made at the first start.
struct Keys: Sendable {
    let jwt: [UInt8]
    let ring: KeyRing

    init(_ config: AppConfig, _ directory: DataDirectory) throws(ConfigError) {
        jwt = try Self.key(config.jwtSecret, "jwt-secret", config, directory, loss: "all sign-ins end")
        ring = KeyRing(
            current: try Self.key(
                config.encryptionKey, "encryption-key", config, directory, loss: "stored secrets are lost"),
            former: config.encryptionKeysAccepted)
    }

    private static func key(
        _ given: [UInt8]?, _ file: String, _ config: AppConfig, _ directory: DataDirectory, loss: String
    ) throws(ConfigError) -> [UInt8] {
        if let given { return given }
        let text = try directory.secret(file) {
            Data(DataDirectory.randomBytes(KeyRing.keyBytes)).base64EncodedString()
        }
        guard let bytes = Data(base64Encoded: text), bytes.count == KeyRing.keyBytes else {
            throw ConfigError(
                "\(config.dataDirectory)/\(file) is damaged; delete it to have a new one made (\(loss))")
        }
        return Array(bytes)
    }
}
