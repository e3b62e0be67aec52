package import CronModel
import Crypto
import PostgresClient

/// Secrets that all nodes of a cluster must have in common. The database keeps a digest of each, never a secret.
extension PostgresStore {
    /// - Parameter secrets: by name, the one in use first, then those that are accepted beside it. While one follows
    ///   another the digest kept is that of the node that started last; it must be among those that this node accepts.
    /// - Throws: `conflict` naming the first secret that is not the other nodes'.
    package func checkSecrets(_ secrets: [String: [[UInt8]]]) async throws(StoreError) {
        for (name, accepted) in secrets.sorted(by: { $0.key < $1.key }) {
            let digests = accepted.map { Array(SHA256.hash(data: Array("cronpp \(name) ".utf8) + $0)) }
            guard let own = digests.first else { continue }
            let isKnown = try await perform(.told) { session in
                try session.query(
                    """
                    INSERT INTO cluster_secrets AS s (name, digest) VALUES (\(name), \(own))
                    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest
                        WHERE s.digest = ANY(\(PostgresArray(digests)))
                    RETURNING 1
                    """
                ).rowCount > 0
            }
            guard isKnown else {
                throw .conflict("\(name) is not the one that the other nodes of this database use")
            }
        }
    }
}
