import CLibPQ

/// A connection URL, read by libpq's own parser and then checked: only what is listed here passes.
struct PostgresURL {
    private static let passed: Set<String> = [
        "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding",
        "target_session_attrs",
    ]
    private static let modes: Set<String> = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
    private static let defaultPort = "5432"

    private(set) var hosts: [PostgresConfig.Host] = []
    private(set) var parameters: [String: String] = [:]
    private(set) var applicationName: String?
    private(set) var connectTimeout: Int?

    init(_ url: String) throws(PostgresError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw .config("the URL must begin with postgres://")
        }
        var fields = try Self.fields(of: url)
        hosts = try Self.hosts(names: fields.removeValue(forKey: "host"), ports: fields.removeValue(forKey: "port"))
        applicationName = fields.removeValue(forKey: "application_name")
        if let text = fields.removeValue(forKey: "connect_timeout") {
            guard let seconds = Int(text), (1...3_600).contains(seconds) else {
                throw .config("connect_timeout must be a number of seconds, 1 to 3600")
            }
            connectTimeout = seconds * 1_000
        }
        if let unknown = fields.keys.sorted().first(where: { !Self.passed.contains($0) }) {
            throw .config("unknown parameter \(unknown)")
        }
        if let mode = fields["sslmode"], !Self.modes.contains(mode) {
            throw .config("sslmode must be one of \(Self.modes.sorted().joined(separator: ", "))")
        }
        parameters = fields
        if hosts.count > 1, parameters["target_session_attrs"] == nil {
            // Of a primary and its standbys the primary is meant, whichever it is at the moment.
            parameters["target_session_attrs"] = "read-write"
        }
    }

    private static func fields(of url: String) throws(PostgresError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &message) else {
            defer { PQfreemem(message) }
            throw .config(reason(message.map { String(cString: $0) } ?? "", url: url))
        }
        defer { PQconninfoFree(options) }
        var fields: [String: String] = [:]
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { fields[String(cString: keyword)] = String(cString: value) }
            next += 1
        }
        return fields
    }

    /// libpq's messages quote the URL, which holds the password; only the name of an unknown parameter is taken from them,
    /// and not even that where a password might have been taken for one.
    private static func reason(_ message: String, url: String) -> String {
        let parts = message.split(separator: "\"")
        let query = url.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        if message.hasPrefix("invalid URI query parameter"), parts.count > 1, !query.contains("@") {
            return "unknown parameter \(parts[1])"
        }
        return "the URL cannot be read; special characters in user and password must be percent-encoded"
    }

    private static func hosts(names: String?, ports: String?) throws(PostgresError) -> [PostgresConfig.Host] {
        let names = names.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
        let ports = ports.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
        guard !names.isEmpty, !names.contains("") else { throw .config("the URL names no host") }
        guard ports.count <= 1 || ports.count == names.count else {
            throw .config("the URL has \(names.count) hosts and \(ports.count) ports")
        }
        var hosts: [PostgresConfig.Host] = []
        for (index, name) in names.enumerated() {
            let given = ports.count > 1 ? ports[index] : ports.first ?? ""
            let port = given.isEmpty ? defaultPort : given
            guard let number = Int(port), (1...65_535).contains(number) else {
                throw .config("a port must be a number, 1 to 65535")
            }
            hosts.append(.init(name: name, port: port))
        }
        return hosts
    }
}
