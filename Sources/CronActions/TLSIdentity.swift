import Crypto
import NIOSSL

/// What one webhook proves to its receiver and whom it believes there. Two are equal when their texts are; they are told
/// apart by a digest, so that what is used to look up connections holds no key.
struct TLSIdentity: Hashable, Sendable {
    /// The fields' texts, as far as they are given.
    struct Texts: Sendable {
        var chain: String?
        var key: String?
        var roots: String?

        var digest: SHA256Digest {
            var hash = SHA256()
            for text in [chain, key, roots] {
                // Its length first, or two texts could be divided in another place.
                hash.update(data: Array("\(text?.utf8.count ?? -1):\(text ?? "")".utf8))
            }
            return hash.finalize()
        }
    }

    let digest: SHA256Digest
    private let chain: [NIOSSLCertificate]
    private let key: NIOSSLPrivateKey?
    private let roots: [NIOSSLCertificate]?

    init(digest: SHA256Digest, chain: [NIOSSLCertificate], key: NIOSSLPrivateKey?, roots: [NIOSSLCertificate]?) {
        self.digest = digest
        self.chain = chain
        self.key = key
        self.roots = roots
    }

    static func == (left: TLSIdentity, right: TLSIdentity) -> Bool { left.digest == right.digest }
    func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    func apply(to configuration: inout TLSConfiguration) {
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = key.map { .privateKey($0) }
        if let roots { configuration.trustRoots = .certificates(roots) }
    }
}
