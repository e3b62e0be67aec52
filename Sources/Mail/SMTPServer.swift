package import CronModel
import Foundation

/// A server that takes mails over, and how to sign in there:
/// `smtp://USER:PASSWORD@HOST:PORT?tls=required|off&ca_file=PATH` or `smtps://…`, of which only the host is needed.
package struct SMTPServer: Hashable, Sendable {
    package enum Security: Hashable, Sendable {
        /// STARTTLS before anything is said; a server that refuses it gets no mail.
        case startTLS
        /// TLS from the first byte.
        case tls
        case none
    }

    /// RFC 6409 and RFC 8314.
    static let submissionPort = 587
    static let tlsPort = 465

    package let host: String
    package let port: Int
    package let security: Security
    /// Certificates of authorities in PEM, in place of the system's.
    package let authorities: String?
    let user: String?
    let password: String?

    /// - Throws: `MailProblem`, which never repeats a password.
    package init(url: String) throws(MailProblem) {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "smtp" || scheme == "smtps" else {
            // Whatever stands before the colon may be anything when the scheme was left out, a password too.
            throw MailProblem("must begin with smtp:// or smtps://")
        }
        // The reader of the text answers nothing but nil: say what a valid one looks like.
        guard let parts = URLComponents(string: url), let named = parts.host, !named.isEmpty else {
            throw MailProblem("must be \(scheme)://USER:PASSWORD@HOST:PORT, with special characters written as %XX")
        }
        guard parts.path.isEmpty || parts.path == "/", parts.fragment == nil else {
            throw MailProblem("must hold nothing between port and \"?\"")
        }
        let options = try Self.options(parts.queryItems ?? [], scheme: scheme)
        host = named.hasPrefix("[") ? String(named.dropFirst().dropLast()) : named
        guard EmailAddress.isDomain(host) || IPAddress(host) != nil else {
            throw MailProblem("the host is neither a name nor an address")
        }
        security = scheme == "smtps" ? .tls : options.isClear ? .none : .startTLS
        port = parts.port ?? (security == .tls ? Self.tlsPort : Self.submissionPort)
        guard (1...65_535).contains(port) else { throw MailProblem("the port is not in 1–65535") }
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
        authorities = options.authorities
        try checkSignIn()
    }

    private func checkSignIn() throws(MailProblem) {
        if user != nil, password == nil { throw MailProblem("names a user without a password") }
        if user == nil, password != nil { throw MailProblem("holds a password without a user") }
        for text in [user, password].compactMap({ $0 }) where text.utf8.count > 255 || text.contains("\0") {
            throw MailProblem("user and password must be at most 255 bytes long, without a zero byte")
        }
        if user != nil, security == .none, !isLoopback {
            throw MailProblem("would send the password unencrypted (tls=off); only a host on loopback may get it so")
        }
        if authorities != nil, security == .none { throw MailProblem("ca_file is of no use with tls=off") }
    }

    private var isLoopback: Bool {
        if host.lowercased() == "localhost" { return true }
        let loopback = ["127.0.0.0/8", "::1/128"].compactMap { try? NetworkRange($0) }
        return IPAddress(host).map { address in loopback.contains { $0.contains(address) } } ?? false
    }

    private static func options(
        _ items: [URLQueryItem], scheme: String
    ) throws(MailProblem) -> (isClear: Bool, authorities: String?) {
        var isClear = false
        var authorities: String?
        for item in items {
            switch (item.name, item.value ?? "") {
            case ("tls", "required"): isClear = false
            case ("tls", "off") where scheme == "smtp": isClear = true
            case ("tls", "off"): throw MailProblem("smtps is TLS; tls=off belongs to smtp")
            case ("tls", _): throw MailProblem("tls must be \"required\" or \"off\"")
            case ("ca_file", let path):
                guard FileManager.default.isReadableFile(atPath: path) else {
                    throw MailProblem("ca_file: \"\(path)\" cannot be read")
                }
                authorities = path
            default:
                // Its name is not repeated: of a password with a "?" that is not written as %3F it is the rest.
                throw MailProblem("behind \"?\" only tls and ca_file may be set")
            }
        }
        return (isClear, authorities)
    }
}

extension SMTPServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(bracketed):\(port)" }
    package var debugDescription: String { description }
    /// Without the password, or `dump` would show it.
    package var customMirror: Mirror { Mirror(self, children: ["host": host, "port": port, "security": security]) }

    var bracketed: String { host.contains(":") ? "[\(host)]" : host }

    /// What a server says, fit for a log: on one line, and without the password if it should come back in it.
    func quote(_ text: String) -> String {
        var clean = text
        for secret in secrets { clean = clean.replacing(secret, with: "…") }
        return String(clean.map { $0.isNewline ? " " : $0.isOneLine ? $0 : "?" })
    }

    /// The password as it is, and as it goes over the line.
    private var secrets: [String] {
        guard let user, let password else { return [] }
        return [
            password, Data(password.utf8).base64EncodedString(),
            Data("\0\(user)\0\(password)".utf8).base64EncodedString(),
        ]
    }
}

extension Character {
    fileprivate var isOneLine: Bool { String(self).isOneLine }
}
