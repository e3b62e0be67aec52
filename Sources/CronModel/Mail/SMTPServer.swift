/// A server that takes mails over, and how to sign in there.
package struct SMTPServer: Hashable, Sendable {
    package enum Security: Hashable, Sendable {
        /// STARTTLS before anything is said; a server that refuses it gets no mail.
        case startTLS
        /// TLS from the first byte.
        case tls
        case none
    }

    /// RFC 6409 and RFC 8314.
    package static let submissionPort = 587
    package static let tlsPort = 465
    /// Bytes of a user's name, and of a password.
    package static let signInLimit = 255

    package let host: String
    package let port: Int
    package let security: Security
    /// Certificates of authorities in PEM, in place of the system's.
    package let authorities: String?
    package let user: String?
    package let password: String?

    /// - Parameters:
    ///   - host: a name or an address, without brackets.
    ///   - port: nil for the usual one.
    /// - Throws: `MailProblem`, which never repeats a password.
    package init(
        host: String, port: Int? = nil, security: Security, user: String? = nil, password: String? = nil,
        authorities: String? = nil
    ) throws(MailProblem) {
        guard EmailAddress.isDomain(host) || IPAddress(host) != nil else {
            throw MailProblem("the host is neither a name nor an address")
        }
        self.host = host
        self.security = security
        self.port = port ?? (security == .tls ? Self.tlsPort : Self.submissionPort)
        guard (1...65_535).contains(self.port) else { throw MailProblem("the port is not in 1–65535") }
        self.user = user.flatMap { $0.isEmpty ? nil : $0 }
        self.password = password.flatMap { $0.isEmpty ? nil : $0 }
        self.authorities = authorities
        try checkSignIn()
    }

    private func checkSignIn() throws(MailProblem) {
        if user != nil, password == nil { throw MailProblem("names a user without a password") }
        if user == nil, password != nil { throw MailProblem("holds a password without a user") }
        for text in [user, password].compactMap({ $0 }) where text.utf8.count > Self.signInLimit || text.contains("\0") {
            throw MailProblem("user and password must be at most \(Self.signInLimit) bytes long, without a zero byte")
        }
        if user != nil, security == .none, !isLoopback {
            throw MailProblem("would send the password unencrypted (tls=off); only a host on loopback may get it so")
        }
    }

    private var isLoopback: Bool {
        if host.lowercased() == "localhost" { return true }
        let loopback = ["127.0.0.0/8", "::1/128"].compactMap { try? NetworkRange($0) }
        return IPAddress(host).map { address in loopback.contains { $0.contains(address) } } ?? false
    }
}

extension SMTPServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(bracketed):\(port)" }
    package var debugDescription: String { description }
    /// Without the password, or `dump` would show it.
    package var customMirror: Mirror { Mirror(self, children: ["host": host, "port": port, "security": security]) }

    package var bracketed: String { host.contains(":") ? "[\(host)]" : host }
}
