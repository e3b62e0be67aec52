package import CronModel
import Foundation

extension SMTPServer {
    /// Reads `smtp://USER:PASSWORD@HOST:PORT?tls=required|off&ca_file=PATH` or `smtps://…`, of which only the host is needed.
    /// The file is read now.
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
        try self.init(
            host: named.hasPrefix("[") ? String(named.dropFirst().dropLast()) : named, port: parts.port,
            security: scheme == "smtps" ? .tls : options.isClear ? .none : .startTLS, user: parts.user,
            password: parts.password, authorities: options.authorities)
        if authorities != nil, security == .none { throw MailProblem("ca_file is of no use with tls=off") }
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
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                    throw MailProblem("ca_file: \"\(path)\" cannot be read")
                }
                authorities = text
            default:
                // Its name is not repeated: of a password with a "?" that is not written as %3F it is the rest.
                throw MailProblem("behind \"?\" only tls and ca_file may be set")
            }
        }
        return (isClear, authorities)
    }
}

extension SMTPServer {
    /// What the server says, fit for a log: on one line, and without the password if it should come back in it.
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
