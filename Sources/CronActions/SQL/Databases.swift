package import CronModel

/// The kinds of databases that this node can work in for its users.
package struct Databases: Sendable {
    private let hosts: OutboundHosts
    private let files: SQLFiles?
    private let fileThreads = SQLiteThreads()
    private let slots = Slots<ConnectionKey>()

    /// - Parameter files: where SQLite files of users are; nil for nowhere.
    package init(hosts: OutboundHosts, files: SQLFiles?) {
        self.hosts = hosts
        self.files = files
    }

    func definition(_ fields: [String: JSONValue]) throws(FieldProblems) -> ConnectionDefinition {
        try ConnectionDefinition(fields, addresses: hosts.addresses, files: files)
    }

    func driver(for connection: ConnectionDefinition, of space: UserID) -> any SQLDriver {
        switch connection {
        case .postgres(let fields): PostgresDriver(fields: fields, hosts: hosts, space: space)
        case .sqlite(let fields):
            SQLiteDriver(path: files?.path(of: fields.file), threads: fileThreads, space: space)
        }
    }

    /// One attempt's work, when the connection has a place for it.
    /// - Parameter name: the connection's, in the attempt's space.
    /// - Returns: nil when the task was cancelled before.
    func run(
        _ work: SQLWork, on connection: ConnectionDefinition, named name: String, of space: UserID, limits: SQLLimits
    ) async -> Result<SQLEnd, SQLFailure>? {
        let driver = driver(for: connection, of: space)
        return await slots.take(ConnectionKey(space: space, name: name), of: connection.maxConnections) {
            do throws(SQLFailure) {
                return .success(try await driver.run(work, limits: limits))
            } catch {
                return .failure(error)
            }
        }
    }
}

/// A connection of a space.
private struct ConnectionKey: Hashable {
    let space: UserID
    let name: String
}

extension ConnectionDefinition {
    var maxConnections: Int {
        switch self {
        case .postgres(let fields): fields.maxConnections
        case .sqlite(let fields): fields.maxConnections
        }
    }
}
