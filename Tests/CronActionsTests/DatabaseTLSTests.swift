import CronModel
import Foundation
import PostgresServer
import Testing

@testable import CronActions

extension NetworkTests {
    /// A server with a certificate that only its own root vouches for.
    @Suite(.timeLimit(.minutes(2))) struct DatabaseTLSTests {
        @Test func aConnectionHasRootsOfItsOwn() async throws {
            let server = PostgresServer(
                settings: ["ssl": "on"],
                files: ["server.crt": Certificates.server, "server.key": Certificates.serverKey])
            defer { server.stop() }
            var fields: [String: JSONValue] = [
                "driver": "postgres", "host": "127.0.0.1", "port": .integer(Int64(try server.port)),
                "database": "postgres", "user": "postgres", "ca_certificate": .string(Certificates.serverRoot),
            ]
            let bed = SQLBed.bed(files: nil, fields) { _ in "" }
            let test = await bed.setting.tryOut(fields)
            #expect(test.isUsable, "\(test)")
            // TLS's own bytes are none of the rows'.
            let many = await bed.run(["sql": "SELECT repeat('x', 1000) FROM generate_series(1, 70000)", "ledger": .bool(false)])
            #expect(many.verdict == .success && many.rows == 70_000, "\(many.error ?? "")")
            fields["ca_certificate"] = .string(Certificates.otherRoot)
            let refused = await bed.setting.tryOut(fields)
            #expect(!refused.isUsable && refused.message.contains("certificate verify failed"), "\(refused)")
        }

        /// A node that is killed leaves nothing behind.
        @Test func rootsHaveNoName() throws {
            let file = try RootFile(Certificates.serverRoot)
            #expect(try String(contentsOfFile: file.path, encoding: .utf8) == Certificates.serverRoot)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: file.path).hasSuffix("(deleted)"))
            let path = file.path
            file.close()
            #expect((try? String(contentsOfFile: path, encoding: .utf8)) != Certificates.serverRoot)
        }
    }
}
