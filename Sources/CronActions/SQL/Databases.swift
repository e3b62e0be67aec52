package import CronModel

/// The kinds of databases that this node can work in for its users.
package struct Databases: Sendable {
    private let hosts: OutboundHosts
    private let files: SQLFiles?
    private let fileThreads = SQLiteThreads()

    /// - Parameter files: where SQLite files of users are; nil for nowhere.
    package init(hosts: OutboundHosts, files: SQLFiles?) {
        self.hosts = hosts
        self.files = files
    }

    func definition(_ fields: [String: JSONValue]) throws(ConnectionDefinition.Invalid) -> ConnectionDefinition {
        try ConnectionDefinition(fields, addresses: hosts.addresses, files: files)
    }

    func driver(for connection: ConnectionDefinition) -> any SQLDriver {
        switch connection {
        case .postgres(let fields): PostgresDriver(fields: fields, hosts: hosts)
        case .sqlite(let fields): SQLiteDriver(path: files?.path(of: fields.file), threads: fileThreads)
        }
    }
}

extension ConnectionDefinition {
    var maxConnections: Int {
        switch self {
        case .postgres(let fields): fields.maxConnections
        case .sqlite(let fields): fields.maxConnections
        }
    }
}
