import Foundation
import PostgresServer
import Testing

@testable import PostgresClient

/// Connections to servers that somebody else names.
@Suite(.timeLimit(.minutes(1))) struct ForeignServerTests {
    /// Variables of this process would choose another server, or change what a session does. In a process of its own, because
    /// others would connect with them.
    @Test func variablesOfThisProcessReachNoServer() async throws {
        let url = try PostgresServer.shared.freshDatabase()
        let database = try #require(url.split(separator: "/").last.map(String.init))
        let port = try PostgresServer.shared.port
        await #expect(processExitsWith: .success) { [port = port as Int, database = database as String] in
            for name in PostgresEnvironment.names { setenv(name, "nowhere", 1) }
            setenv("PGOPTIONS", "-c work_mem=77kB", 1)
            PostgresEnvironment.clear()
            for pooling in [PostgresConfig.Pooling.session, .transaction] {
                let target = PostgresTarget(
                    host: "127.0.0.1", addresses: ["127.0.0.1"], port: port, database: database, user: "postgres",
                    password: "", tls: .disable)
                let connection = try await PostgresConnection.connect(PostgresConfig(target, pooling: pooling))
                let found = try await connection.query("SELECT current_setting('work_mem'), current_database()")
                try #require(try found.text(0, 0) == "4MB" && found.text(0, 1) == database)
            }
        }
    }

    @Test func whatIsAbortedIsNotOpened() async throws {
        let target = PostgresTarget(
            host: "127.0.0.1", addresses: ["127.0.0.1"], port: try PostgresServer.shared.port, database: "postgres",
            user: "postgres", password: "", tls: .disable)
        for end in [{ $0.cancelStatement() }, { $0.abort() }] as [(PostgresConnection) -> Void] {
            let connection = PostgresConnection(PostgresConfig(target, pooling: .session))
            end(connection)
            let error = try await failure { try await connection.open() }
            #expect(error == .cannotConnect("given up before it was open"))
        }
        let connection = PostgresConnection(PostgresConfig(target, pooling: .session))
        try await connection.open()
        #expect(try await connection.query("SELECT 1").rowCount == 1)
    }
}
