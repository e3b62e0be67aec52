package import CronModel
import Crypto
import PostgresClient

/// Secrets that all nodes of a cluster must have in common. The database keeps a digest of each, never a secret.
extension PostgresStore {
    /// - Throws: `conflict` naming the first secret that is not the other nodes'.
    package func checkSecrets(_ secrets: [String: [UInt8]]) async throws(StoreError) {
        for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) {
            let digest = Array(SHA256.hash(data: Array("cronpp \(name) ".utf8) + secret))
            let known = try await perform(.told) { session in
                _ = try session.query(
                    "INSERT INTO cluster_secrets (name, digest) VALUES (\(name), \(digest)) ON CONFLICT DO NOTHING")
                return try session.query("SELECT digest FROM cluster_secrets WHERE name = \(name)").first {
                    try $0.bytes(0)
                }
            }
            guard known == digest else {
                throw .conflict("\(name) is not the one that the other nodes of this database use")
            }
        }
    }
}
