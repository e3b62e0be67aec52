import CronModel
import Crypto
import NIOSSL

/// Reads `client_certificate`, `client_key` and `ca_certificate`.
enum TLSFields {
    static let maxChainBytes = 32_768
    static let maxChainCertificates = 8
    /// RSA of 4,096 bits takes 3,300 bytes. A key of 16,384 bits would cost a connection a second of computing.
    static let maxKeyBytes = 4_096
    static let maxRootBytes = 65_536
    static let maxRootCertificates = 32

    private static let names = ["client_certificate", "client_key", "ca_certificate"]

    /// Nil when no field is given, or one is wrong.
    static func read(_ reader: inout FieldReader, isSecure: Bool, _ identities: TLSIdentities) -> TLSIdentity? {
        let before = reader.problems.count
        let texts = TLSIdentity.Texts(
            chain: reader.string("client_certificate", limit: maxChainBytes),
            key: reader.string("client_key", limit: maxKeyBytes),
            roots: reader.string("ca_certificate", limit: maxRootBytes))
        guard reader.problems.count == before else { return nil }
        let given = zip(names, [texts.chain, texts.key, texts.roots]).filter { $0.1 != nil }.map(\.0)
        guard !given.isEmpty else { return nil }
        guard isSecure else {
            for name in given { reader.refuse(name, "needs an https URL") }
            return nil
        }
        if texts.chain != nil, texts.key == nil { reader.refuse("client_key", "is required beside client_certificate") }
        if texts.key != nil, texts.chain == nil {
            reader.refuse("client_key", "needs a client_certificate; it is kept until it is set to null")
        }
        guard reader.problems.count == before else { return nil }
        return identities.identity(texts) { parsed(texts, digest: $0, &reader) }
    }

    private static func parsed(
        _ texts: TLSIdentity.Texts, digest: SHA256Digest, _ reader: inout FieldReader
    ) -> TLSIdentity? {
        let before = reader.problems.count
        let roots = texts.roots.map { certificates($0, "ca_certificate", limit: maxRootCertificates, &reader) }
        let chain = texts.chain.map { certificates($0, "client_certificate", limit: maxChainCertificates, &reader) }
        let key = texts.key.flatMap { privateKey($0, &reader) }
        guard reader.problems.count == before else { return nil }
        let identity = TLSIdentity(digest: digest, chain: chain ?? [], key: key, roots: roots)
        if let chain, let problem = problem(of: identity, leaf: chain.first) {
            reader.refuse(problem.field, problem.message)
            return nil
        }
        return identity
    }

    static func certificates(
        _ text: String, _ field: String, limit: Int, _ reader: inout FieldReader
    ) -> [NIOSSLCertificate] {
        // It would be shown to whoever may see the job.
        guard !text.contains("PRIVATE KEY") else {
            reader.refuse(field, "holds a private key, which is no secret here")
            return []
        }
        let blocks = PEM.labels(in: text)
        guard !blocks.isEmpty, blocks.allSatisfy({ $0 == "CERTIFICATE" }) else {
            reader.refuse(field, "must be certificates in PEM, each from -----BEGIN CERTIFICATE----- to its end")
            return []
        }
        guard blocks.count <= limit else {
            reader.refuse(field, "holds \(blocks.count) certificates; the limit is \(limit)")
            return []
        }
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(text.utf8)),
            certificates.count == blocks.count
        else {
            reader.refuse(field, "holds a certificate that cannot be read")
            return []
        }
        return certificates
    }

    private static func privateKey(_ text: String, _ reader: inout FieldReader) -> NIOSSLPrivateKey? {
        // `openssl ecparam` writes the curve before the key.
        let blocks = PEM.labels(in: text).filter { $0 != "EC PARAMETERS" }
        guard !blocks.contains("ENCRYPTED PRIVATE KEY"), !text.contains("Proc-Type:") else {
            reader.refuse("client_key", "is encrypted; decrypt it first, with \"openssl pkey\"")
            return nil
        }
        guard blocks.count == 1, ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"].contains(blocks[0]),
            let key = try? NIOSSLPrivateKey(bytes: Array(text.utf8), format: .pem)
        else {
            reader.refuse("client_key", "must be one RSA or EC private key in PEM")
            return nil
        }
        return key
    }

    /// A context is made of it once, as each connection will: that compares key and certificate, and finds certificates
    /// that may not be used so.
    private static func problem(of identity: TLSIdentity, leaf: NIOSSLCertificate?) -> (field: String, message: String)?
    {
        guard let keyInfo = try? leaf?.extractPublicKey().toSPKIBytes(), PEM.isRSAOrEC(keyInfo) else {
            return ("client_certificate", "the first certificate must be of an RSA or EC key")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        // Not the system's, which would be loaded for nothing.
        configuration.trustRoots = .certificates([])
        identity.apply(to: &configuration)
        do {
            _ = try NIOSSLContext(configuration: configuration)
            return nil
        } catch NIOSSLError.failedToLoadPrivateKey {
            return ("client_key", "does not belong to the first certificate of client_certificate")
        } catch {
            return (
                "client_certificate",
                "the first certificate may not be used by a TLS client; the client's own comes first"
            )
        }
    }
}
