import CronModel
import CronStorePostgres
import CronTesting
import PostgresClient
import PostgresServer
import Testing

/// Why a store cannot be opened: whether it is worth waiting, or somebody must mend something.
@Suite struct PostgresRefusals {
    @Test func aServerThatIsAwayMayComeBack() async throws {
        guard case .unavailable(let text) = await Self.opening("postgres://postgres@127.0.0.1:1/x") else {
            Issue.record("not told as unavailable")
            return
        }
        #expect(text.contains("Connection refused"))
    }

    @Test func credentialsAreForPeopleToMend() async throws {
        let rules =
            "host all locked 127.0.0.1/32 reject\nhost all known 127.0.0.1/32 scram-sha-256\nhost all all all trust\n"
        let server = PostgresServer(files: ["pg_hba.conf": rules])
        let url = try await StoreDriver.apart {
            let url = try server.freshDatabase()
            try server.psql(
                "CREATE ROLE known LOGIN PASSWORD 'right'; CREATE ROLE locked LOGIN; CREATE ROLE plain LOGIN")
            return url
        }
        for (change, reason) in [
            ("known:S3CRET", "password authentication failed for user \"known\""),
            ("known", "no password supplied"), ("locked", "pg_hba.conf rejects connection"),
            ("nobody", "role \"nobody\" does not exist"), ("plain", "permission denied for schema public"),
        ] {
            let error = await Self.opening(url.replacing("postgres@", with: change + "@"))
            #expect(error?.mustBeMended?.contains(reason) == true, "\(String(describing: error))")
            #expect(error?.mustBeMended?.contains("S3CRET") == false)
            #expect(error?.mustBeMended?.contains(".c:") == false, "where in the server's source is nobody's concern")
        }
        #expect(await Self.opening(url + "x")?.mustBeMended?.contains("does not exist") == true)
        #expect(await Self.opening(url, isDurable: true)?.mustBeMended?.contains("fsync=off") == true)
        // Of two hosts the one that is away may be the one that lets us in.
        let two = url.replacing("postgres@", with: "nobody@127.0.0.1:1,")
        #expect(await Self.opening(two)?.mustBeMended == nil)
        server.stop()
    }

    private static func opening(_ url: String, isDurable: Bool = false) async -> StoreError? {
        do {
            let config = try PostgresConfig(url: url, pooling: .session)
            await (try PostgresStore.open(config, poolSize: 1, system: SteadyClock(), isDurable: isDurable)).close()
            return nil
        } catch {
            return error as? StoreError
        }
    }
}

extension StoreError {
    fileprivate var mustBeMended: String? { if case .misconfigured(let text) = self { text } else { nil } }
}
