/// Where the database is and how to talk to it. Times are milliseconds; 0 means none.
package struct PostgresConfig: Sendable {
    /// `transaction`: behind a proxy that pools by transaction (pgbouncer): unnamed statements only, every setting by
    /// SET LOCAL in each transaction, no LISTEN.
    package enum Pooling: Sendable, Hashable {
        case session
        case transaction
    }

    struct Host: Sendable, Hashable {
        /// A name, an address, or a directory that holds a Unix socket.
        var name: String
        var port: String
        /// In place of what a resolver would say of the name.
        var addresses: [String]?
    }

    package let pooling: Pooling
    let hosts: [Host]
    /// Whether somebody else names the server: then it may be anything that answers.
    let isForeign: Bool
    /// The other keys for libpq, as checked: user, dbname, password, sslmode, …
    let parameters: [String: String]

    /// To connect to one address, name look-up excepted, TLS and sign-in included.
    package var connectTimeout = 5_000
    package var statementTimeout = 15_000
    package var lockTimeout = 5_000
    /// How long a transaction may wait for its client's next statement, with its locks.
    package var idleInTransactionTimeout = 5_000
    /// How long sent bytes may stay unacknowledged before the kernel gives the connection up.
    package var tcpUserTimeout = 10_000
    /// How much longer than `statementTimeout` an answer is waited for. Without a limit of its own a client waits for ever
    /// on a connection that a firewall has forgotten.
    package var answerGrace = 2_000
    package var applicationName = "cronpp"
    /// Who has named the server; nil for this process. Requests to cancel are counted for each.
    package var owner: String?
    /// Further settings of the session (planner settings and the like).
    package var settings: [String: String] = [:]

    package init(url: String, pooling: Pooling) throws(PostgresError) {
        let parts = try PostgresURL(url)
        self.pooling = pooling
        isForeign = false
        hosts = parts.hosts
        parameters = parts.parameters
        if let name = parts.applicationName { applicationName = name }
        if let limit = parts.connectTimeout { connectTimeout = limit }
    }

    /// A server that somebody else names: reached at the given addresses only, with nothing from this machine's files. The
    /// name is for the check of its certificate.
    package init(_ server: PostgresTarget, pooling: Pooling) {
        self.pooling = pooling
        isForeign = true
        hosts = [Host(name: server.host, port: String(server.port), addresses: server.addresses)]
        parameters = server.parameters
    }

    package var user: String? { parameters["user"] }
    package var database: String? { parameters["dbname"] }

    /// The limit for one answer, 0 if statements have none.
    var answerTimeout: Int { statementTimeout == 0 ? 0 : statementTimeout + answerGrace }

    /// Every setting of a session, by startup option or SET LOCAL.
    var sessionSettings: [(name: String, value: String)] {
        var all = settings
        all["statement_timeout"] = String(statementTimeout)
        all["lock_timeout"] = String(lockTimeout)
        all["idle_in_transaction_session_timeout"] = String(idleInTransactionTimeout)
        all["synchronous_commit"] = all["synchronous_commit"] ?? "on"
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension PostgresConfig: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// User, hosts and database; never the password.
    package var description: String {
        let places = hosts.map { $0.name.contains(":") ? "[\($0.name)]:\($0.port)" : "\($0.name):\($0.port)" }
        return "postgres://\(user.map { $0 + "@" } ?? "")\(places.joined(separator: ","))/\(database ?? "")"
    }

    package var debugDescription: String { description }

    /// Otherwise `dump` and string interpolation of an enclosing value would show the password.
    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
