import Foundation

/// What a `PostgresServer` runs.
///
/// `@unchecked Sendable`: everything is touched only while `lock` is held.
final class Cell: @unchecked Sendable {
    private let lock = NSLock()
    private var server: Daemon?
    private var proxy: Daemon?
    var settings: [String: String] = [:]
    var files: [String: String] = [:]
    var primary: PostgresServer?

    func start() throws -> Daemon {
        try lock.withLock {
            if let server { return server }
            let directory = try Scratch.directory("postgres")
            if let primary {
                try Command.run(
                    as: Tool.account, Tool.path("pg_basebackup"), "-h", "127.0.0.1", "-p", "\(try primary.port)", "-U",
                    "postgres", "-D", directory.path, "-R", "--checkpoint=fast", "--no-sync")
            } else {
                try Template.copy(to: directory)
            }
            let started = try launch(in: directory, port: Socket.freePort())
            server = started
            return started
        }
    }

    func restart() throws {
        try lock.withLock {
            guard let old = server else { return }
            old.end(keepingFiles: true)
            server = try launch(in: old.directory, port: old.port)
        }
    }

    func stop() {
        lock.withLock {
            proxy?.end()
            server?.end()
            (proxy, server) = (nil, nil)
        }
    }

    func bouncer(serverPort: Int) throws -> Daemon {
        try lock.withLock {
            if let proxy { return proxy }
            let started = try Bouncer.launch(serverPort: serverPort)
            proxy = started
            return started
        }
    }

    private func launch(in directory: URL, port: Int) throws -> Daemon {
        for (name, text) in files {
            try Scratch.write(text, to: directory.appending(path: name), mode: 0o600)
        }
        var all = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": directory.path,
            "max_connections": "500", "shared_buffers": "32MB", "fsync": "off", "full_page_writes": "off",
            "synchronous_commit": "on", "autovacuum_naptime": "5", "max_wal_size": "256MB",
        ]
        all.merge(settings) { $1 }
        let options = all.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        return try Daemon(
            [Tool.path("postgres"), "-D", directory.path] + options, directory: directory, port: port,
            ending: "QUIT",
            ready: primary == nil
                ? "database system is ready to accept connections" : "ready to accept read-only connections")
    }
}

/// The files of an empty server, made by initdb once for a process (about a second) and copied for each server.
enum Template {
    private static let made = Result<Daemon, any Error> {
        let directory = try Scratch.directory("template")
        // `tail` only stands for the files, which are removed when this process has gone.
        return try Daemon(
            [
                "/bin/sh", "-c", "\"$@\" && exec tail -f /dev/null", "initdb", Tool.path("initdb"), "-D",
                directory.path, "-U",
                "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions",
            ], directory: directory, ending: "TERM", ready: "Sync to disk skipped")
    }

    static func copy(to directory: URL) throws {
        try Command.run("/bin/cp", "-a", try made.get().directory.path + "/.", directory.path)
    }
}

/// pgbouncer as Debian packages it.
enum Bouncer {
    static func launch(serverPort: Int) throws -> Daemon {
        let directory = try Scratch.directory("pgbouncer")
        let port = try Socket.freePort()
        try Scratch.write(
            """
            [databases]
            * = host=127.0.0.1 port=\(serverPort) user=postgres
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            max_client_conn = 500
            default_pool_size = 20
            server_round_robin = 1
            """, to: directory.appending(path: "pgbouncer.ini"), mode: 0o644)
        return try Daemon(
            [Tool.path("pgbouncer"), directory.appending(path: "pgbouncer.ini").path], directory: directory, port: port,
            ending: "TERM", ready: "process up:")
    }
}
