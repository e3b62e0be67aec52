import PostgresClient
import Testing

@Suite struct ConfigTests {
    @Test func partsOfAURL() throws {
        let config = try PostgresConfig(
            url: "postgres://u%40x:p%3Aw@one:5433,two/data?application_name=me&connect_timeout=3&sslmode=require",
            pooling: .session)
        #expect(config.description == "postgres://u@x@one:5433,two:5432/data")
        #expect(config.user == "u@x")
        #expect(config.database == "data")
        #expect(config.applicationName == "me")
        #expect(config.connectTimeout == 3_000)
    }

    @Test func thePasswordIsShownNowhere() throws {
        let config = try PostgresConfig(url: "postgresql://u:S3CRET@[::1]:1/d", pooling: .session)
        var dumped = ""
        dump(config, to: &dumped)
        for text in ["\(config)", String(reflecting: config), String(describing: [config]), dumped] {
            #expect(!text.contains("S3CRET"))
            #expect(text.contains("[::1]:1"))
        }
    }

    @Test(arguments: [
        ("mysql://h/d", "the URL must begin with postgres://"),
        ("host=h password=S3CRET", "the URL must begin with postgres://"),
        ("postgres:///d", "the URL names no host"),
        ("postgres://u:S3CRET@a,,b/d", "the URL names no host"),
        ("postgres://a:1,b:2,c/d?sslmode=sometimes", "sslmode must be one of"),
        ("postgres://u:S3CRET@h:99999/d", "a port must be a number"),
        ("postgres://u:S3CRET@h:x/d", "a port must be a number"),
        ("postgres://u:S3CRET@h/d?colour=red", "unknown parameter colour"),
        ("postgres://u:S3CRET@h/d?options=-cfsync%3Doff", "unknown parameter options"),
        ("postgres://u:S3CRET@h/d?service=x", "unknown parameter service"),
        ("postgres://u:S3CRET@h/d?connect_timeout=0", "connect_timeout must be"),
        ("postgres://u:S3%CRET@h/d", "the URL cannot be read"),
        ("postgres://u:S3CRET/x@h/d", "a port must be a number"),
        ("postgres://h/u:p?S3CRET=x@h/d", "the URL cannot be read"),
    ])
    func whatIsRefused(_ url: String, _ reason: String) async throws {
        let error = try await failure { _ = try PostgresConfig(url: url, pooling: .session) }
        guard case .config(let found) = error else { throw error }
        #expect(found.contains(reason))
        #expect(!error.description.contains("S3CRET") && !error.description.contains("CRET"))
    }
}
