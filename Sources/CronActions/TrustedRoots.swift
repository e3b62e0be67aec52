import NIOSSL

/// The certificates that the system trusts, read once. Each route has a TLS context of its own; reading the roots for each
/// would cost it 25 ms and 1 MB.
enum TrustedRoots {
    /// The bundles that NIOSSL itself would read; without one of them it shall look on its own.
    static let system: NIOSSLTrustRoots = {
        for path in ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"] {
            if let roots = try? NIOSSLCertificate.fromPEMFile(path) { return .certificates(roots) }
        }
        return .default
    }()
}
