import Foundation
import PostgresClient
import PostgresServer
import Testing

/// A server that takes only TLS, with a certificate for the name localhost from an authority of its own.
@Suite struct TLSTests {
    private static let server = Result {
        let (authority, other) = (try Authority(), try Authority())
        return PostgresServer(
            settings: ["ssl": "on", "password_encryption": "scram-sha-256"],
            files: [
                "server.crt": authority.certificate, "server.key": authority.key, "root.crt": authority.root,
                "other.crt": other.root,
                "pg_hba.conf": """
                local all all trust
                host all postgres 127.0.0.1/32 trust
                hostssl all all 127.0.0.1/32 scram-sha-256
                """,
            ])
    }

    /// The URL of a fresh database for the role `guarded`, whose password is `pass`.
    private func url(_ host: String, _ query: String) throws -> String {
        let server = try Self.server.get()
        let parts = try server.freshDatabase().split(separator: ":")
        try server.psql(
            """
            DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'guarded') THEN
            CREATE ROLE guarded LOGIN PASSWORD 'pa:ss'; END IF; EXCEPTION WHEN unique_violation THEN NULL; END$$
            """)
        return "postgres://guarded:pa%3Ass@\(host):\(parts[2])?\(query)"
    }

    private func file(_ name: String) throws -> String {
        try Self.server.get().directory.appending(path: name).path
    }

    private func isEncrypted(_ url: String) async throws -> Bool {
        let connection = try await PostgresConnection.connect(PostgresConfig(url: url, pooling: .session))
        return try await connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").bool(0, 0)
    }

    @Test(arguments: ["require", "prefer", "verify-ca", "verify-full"]) func itIsEncrypted(_ mode: String) async throws
    {
        let root = try file("root.crt")
        #expect(try await isEncrypted(url("localhost", "sslmode=\(mode)&sslrootcert=\(root)")))
    }

    @Test func aNameThatIsNotInTheCertificate() async throws {
        let root = try file("root.crt")
        #expect(try await isEncrypted(url("127.0.0.1", "sslmode=verify-ca&sslrootcert=\(root)")))
        let error = try await failure {
            _ = try await isEncrypted(url("127.0.0.1", "sslmode=verify-full&sslrootcert=\(root)"))
        }
        guard case .cannotConnect(let reason) = error else { throw error }
        #expect(reason.contains("certificate"))
    }

    @Test func anAuthorityThatIsNotTrusted() async throws {
        let other = try file("other.crt")
        let error = try await failure {
            _ = try await isEncrypted(url("localhost", "sslmode=verify-full&sslrootcert=\(other)"))
        }
        guard case .cannotConnect(let reason) = error else { throw error }
        #expect(reason.contains("certificate verify failed"))
    }

    @Test func withoutTLSItIsRefused() async throws {
        let error = try await failure { _ = try await isEncrypted(url("localhost", "sslmode=disable")) }
        guard case .signInRefused(let reason) = error else { throw error }
        #expect(reason.contains("no encryption"))
    }

    @Test func aWrongPasswordIsNotRepeated() async throws {
        let wrong = try url("localhost", "sslmode=require").replacing("pa%3Ass", with: "S3CRET")
        let error = try await failure { _ = try await isEncrypted(wrong) }
        guard case .signInRefused(let reason) = error else { throw error }
        #expect(reason.contains("password authentication failed"))
        #expect(!error.description.contains("S3CRET"))
    }
}

/// A certificate for localhost and the authority that signed it, made by openssl.
private struct Authority {
    let certificate: String
    let key: String
    let root: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cronpp-tls-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func openssl(_ arguments: String) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = arguments.split(separator: " ").map(String.init)
            process.currentDirectoryURL = folder
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "openssl \(arguments)")
        }
        let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
        try openssl("req -x509 \(curve) -subj /CN=Test -keyout root.key -out root.crt")
        try openssl("req \(curve) -subj /CN=localhost -keyout server.key -out server.csr")
        try Data("subjectAltName=DNS:localhost".utf8).write(to: folder.appending(path: "names"))
        try openssl(
            "x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 -extfile names -out server.crt"
        )
        certificate = try String(contentsOf: folder.appending(path: "server.crt"), encoding: .utf8)
        key = try String(contentsOf: folder.appending(path: "server.key"), encoding: .utf8)
        root = try String(contentsOf: folder.appending(path: "root.crt"), encoding: .utf8)
    }
}
