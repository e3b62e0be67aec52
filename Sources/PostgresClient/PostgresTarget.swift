/// A server and how to sign in there, field by field. libpq would otherwise take a password, a client certificate or roots
/// from files of whoever runs this process, and show them to a server that somebody else has named.
package struct PostgresTarget: Sendable {
    package enum TLS: String, Sendable, CaseIterable {
        /// Never.
        case disable
        /// Encrypted, whoever is at the other end.
        case require
        /// Encrypted, and the certificate is for this name and from one of the roots.
        case verifyFull = "verify-full"
    }

    /// Where Debian keeps the roots that the system trusts; libpq 15 knows none by itself.
    package static let systemRoots = "/etc/ssl/certs/ca-certificates.crt"
    /// Where nothing is: libpq then goes on without.
    private static let nowhere = "/dev/null/none"
    /// Told to a server that asks for a password where there is none. libpq takes an empty one for none given, and would
    /// tell it PGPASSWORD of this process, or what a service file says.
    private static let noPassword = " "

    package var host: String
    /// Numeric, in the order in which they are tried.
    package var addresses: [String]
    package var port: Int
    package var database: String
    package var user: String
    package var password: String
    package var tls: TLS
    /// A file of PEM certificates.
    package var roots = Self.systemRoots

    package init(
        host: String, addresses: [String], port: Int, database: String, user: String, password: String, tls: TLS
    ) {
        self.host = host
        self.addresses = addresses
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.tls = tls
    }

    var parameters: [String: String] {
        var keys = ["dbname": database, "user": user, "sslmode": tls.rawValue]
        for key in ["sslcert", "sslkey", "sslcrl", "sslcrldir"] { keys[key] = Self.nowhere }
        keys["sslrootcert"] = tls == .verifyFull ? roots : Self.nowhere
        keys["password"] = password.isEmpty ? Self.noPassword : password
        keys["passfile"] = Self.nowhere
        keys["target_session_attrs"] = "any"
        return keys
    }
}
