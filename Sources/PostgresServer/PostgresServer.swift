package import Foundation

/// A real PostgreSQL for tests, in a temporary directory on a free loopback port. `shared` is started once for a test
/// process, on first use. Every server ends with the process, whatever ends it.
package final class PostgresServer: Sendable {
    package static let shared = PostgresServer()

    private let cell = Cell()

    /// Not started before something is asked of it. `settings` go into postgresql.conf, `files` beside it.
    package init(settings: [String: String] = [:], files: [String: String] = [:]) {
        cell.settings = settings
        cell.files = files
    }

    /// A hot standby that follows another server.
    package init(standbyOf primary: PostgresServer) { cell.primary = primary }

    deinit { cell.stop() }

    /// A new, empty database (or a copy of `template`): its URL.
    package func freshDatabase(template: String? = nil) throws -> String {
        let port = try cell.start().port
        let name = "t\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        try psql("CREATE DATABASE \(name)" + (template.map { " TEMPLATE \($0)" } ?? ""))
        return "postgres://postgres@127.0.0.1:\(port)/\(name)"
    }

    /// The same database through pgbouncer in transaction-pooling mode.
    package func bouncerURL(_ url: String) throws -> String {
        let port = try cell.start().port
        return url.replacing(":\(port)/", with: ":\(try cell.bouncer(serverPort: port).port)/")
    }

    /// Runs SQL by psql and gives its output without decoration.
    @discardableResult
    package func psql(_ sql: String, database: String = "postgres") throws -> String {
        let port = try cell.start().port
        return try Command.run(
            Tool.path("psql"), "-X", "-w", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
            "\(port)",
            "-U",
            "postgres", "-c", sql, database)
    }

    package var port: Int { get throws { try cell.start().port } }

    /// The directory with the server's files.
    package var directory: URL { get throws { try cell.start().directory } }

    /// Makes a standby the primary.
    package func promote() throws { try psql("SELECT pg_promote()") }

    /// What the server has logged so far.
    package var log: String { get throws { try cell.start().log } }

    /// Ends the server at once, as a crash of its machine would: no session is told, recovery at the next start.
    package func kill() throws { try cell.start().signal(SIGQUIT) }

    package func stop() { cell.stop() }

    /// Starts again on the same port with the same data.
    package func restart() throws { try cell.restart() }
}
