import CronApp
import CronHTTP
import CronLockRedis
import CronModel
import CronSchedule
import Foundation
import PostgresClient
import Testing

@Suite struct ConfigTests {
    private func config(_ environment: [String: String] = [:], flags: [ConfigKey: String] = [:]) throws -> AppConfig {
        try AppConfig(flags: flags, environment: environment, file: nil)
    }

    @Test func noProxyIsTrustedUnlessNamed() throws {
        #expect(try config().trustedProxies == .none)
        let named = try config(["CRONPP_TRUSTED_PROXIES": "10.0.0.0/8, ::1"]).trustedProxies
        let ranges = ["10.0.0.0/8", "::1"].compactMap { try? NetworkRange($0) }
        #expect(named == TrustedProxies(ranges: ranges) && ranges.count == 2)
    }

    @Test func aBadBlockIsToldWithWhereItWasSet() {
        let expected =
            "CRONPP_TRUSTED_PROXIES: the prefix length of \"10.0.0.0/40\" must be a number from 0 to 32"
        #expect { try config(["CRONPP_TRUSTED_PROXIES": "::1,10.0.0.0/40"]) } throws: {
            ($0 as? ConfigError)?.description == expected
        }
    }

    /// A frozen node's locks end in time for the others.
    @Test(arguments: [("15s", 5_000), ("3s", 1_000), ("1h", 5_000), ("200ms", 500)])
    func locksEndWithinAThirdOfTheLease(_ lease: String, _ milliseconds: Int) throws {
        let secret = Data(repeating: 7, count: 32).base64EncodedString()
        let config = try config([
            "CRONPP_DATABASE_URL": "postgres://h/d", "CRONPP_JWT_SECRET": secret, "CRONPP_ENCRYPTION_KEY": secret,
            "CRONPP_LEASE": lease, "CRONPP_HEARTBEAT": "50ms",
        ])
        guard case .postgres(let database) = config.database else { throw ConfigError("another store") }
        #expect(database.idleInTransactionTimeout == milliseconds)
        #expect(database.lockTimeout == milliseconds)
    }

    @Test func redisIsOptionalAndItsPasswordIsNotTold() throws {
        #expect(try config().redis == nil)
        #expect(try config(["CRONPP_REDIS_URL": "redis://:secret@h:1/2"]).redis?.description == "redis h:1")
        #expect { try config(["CRONPP_REDIS_URL": "redis://:secret@h:1/x"]) } throws: {
            ($0 as? ConfigError)?.description == "CRONPP_REDIS_URL: the database is not a number in 0–65535"
        }
    }

    @Test func hostsHaveNoLimitsUnlessTheyAreGiven() throws {
        #expect(try config().hostLimits.isNone)
        #expect(try config(["CRONPP_HOST_LIMITS": "api.example.com=none"]).hostLimits.isNone)
        let given = try config([
            "CRONPP_HOST_IN_FLIGHT": "8", "CRONPP_HOST_RATE": "50/1s",
            "CRONPP_HOST_LIMITS": "API.example.com = 5, 10/1m; *.example.org=2;intern=none,127.1=9/1s,[::1]=3",
        ]).hostLimits
        let second = Span.seconds(1)
        #expect(given.limit(of: "anything") == HostLimit(inFlight: 8, rate: StartRate(count: 50, per: second)))
        let api = HostLimit(inFlight: 5, rate: StartRate(count: 10, per: .minutes(1)))
        #expect(given.limit(of: "api.example.com") == api)
        #expect(given.limit(of: "a.b.example.org") == HostLimit(inFlight: 2))
        #expect(given.limit(of: "example.org")?.inFlight == 8)
        #expect(given.limit(of: "intern") == nil)
        #expect(given.limit(of: "127.0.0.1") == HostLimit(rate: StartRate(count: 9, per: second)))
        #expect(given.limit(of: "::1") == HostLimit(inFlight: 3))
    }

    @Test(arguments: [
        ("CRONPP_HOST_RATE", "50", "\"50\" is no rate such as 50/1s: 1 to 10000, a slash, and a period from 1s to 1d"),
        ("CRONPP_HOST_IN_FLIGHT", "-1", "\"-1\" is not a whole number in 0–100000"),
        ("CRONPP_HOST_LIMITS", "a.example.com=0", "\"a.example.com\" needs a number"),
        ("CRONPP_HOST_LIMITS", "a.example.com", "\"a.example.com\" needs a number"),
        ("CRONPP_HOST_LIMITS", "a.example.com=1,2", "\"a.example.com\" needs a number"),
        ("CRONPP_HOST_LIMITS", "a.example.com=1/1x", "\"1/1x\" is no rate"),
        ("CRONPP_HOST_LIMITS", "https://a.example.com=1", "\"https://a.example.com\": the host may hold only"),
        ("CRONPP_HOST_LIMITS", "a=1;A.=2", "\"A.\" is named twice"),
        ("CRONPP_HOST_LIMITS", "=2", "\"\": the host is missing"),
    ])
    func wrongHostLimitsAreTold(_ key: String, _ value: String, _ problem: String) {
        #expect { try config([key: value]) } throws: {
            ($0 as? ConfigError)?.description.hasPrefix("\(key): \(problem)") ?? false
        }
    }

    private static let mail = [
        "CRONPP_MAIL_URL": "smtp://cron:s3cret@mail.example.com", "CRONPP_MAIL_FROM": "Cron++ <ops@example.com>",
        "CRONPP_PUBLIC_URL": "https://cron.example.com/x/",
    ]

    @Test func mailIsOptionalAndItsPasswordIsNotTold() throws {
        #expect(try config().mail == nil)
        let mail = try #require(try config(Self.mail).mail)
        #expect(mail.from.address == "ops@example.com" && mail.publicURL == "https://cron.example.com/x")
        var dumped = ""
        dump(try config(Self.mail), to: &dumped)
        #expect(dumped.contains("mail.example.com") && !dumped.contains("s3cret"))
    }

    @Test(arguments: [
        ("CRONPP_MAIL_URL", "smtp://cron:s3cret@mail.example.com?tls=never", "tls must be \"required\" or \"off\""),
        ("CRONPP_MAIL_URL", "s3cret", "must begin with smtp:// or smtps://"),
        ("CRONPP_MAIL_FROM", "ops", "\"ops\" is no email address"),
        ("CRONPP_MAIL_FROM", "", "must be given with MAIL_URL: whom mail is from"),
        ("CRONPP_PUBLIC_URL", "", "must be given with MAIL_URL: what links in mails begin with"),
        ("CRONPP_PUBLIC_URL", "cron.example.com", "must be a URL such as https://cron.example.com"),
        ("CRONPP_PUBLIC_URL", "https://a:b@h", "must hold nothing but scheme, host, port and path"),
    ])
    func wrongMailSettingsAreTold(_ key: String, _ value: String, _ problem: String) {
        #expect { try config(Self.mail.merging([key: value]) { $1 }) } throws: {
            ($0 as? ConfigError)?.description == "\(key): \(problem)"
        }
    }

    @Test func commandsAreOffUnlessTurnedOn() throws {
        #expect(try !config().allowCommands)
        #expect(try config(["CRONPP_ALLOW_COMMANDS": "true"]).allowCommands)
        #expect(try !config(["CRONPP_ALLOW_COMMANDS": "true"], flags: [.allowCommands: "false"]).allowCommands)
        for value in ["yes", "1", "", "TRUE"] {
            #expect { try config(["CRONPP_ALLOW_COMMANDS": value]) } throws: {
                ($0 as? ConfigError)?.description == "CRONPP_ALLOW_COMMANDS: \"\(value)\" is neither true nor false"
            }
        }
    }

    @Test func flagsWinOverTheEnvironment() throws {
        #expect(try config(["CRONPP_HTTP_PORT": "81"], flags: [.httpPort: "82"]).port == 82)
        #expect(try config(["CRONPP_HTTP_PORT": "81"]).port == 81)
        #expect(try config().port == 8_080)
    }

    /// The README's table is the list of keys, their defaults and their meanings.
    @Test func theReadmeTellsEveryKey() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let lines = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8).split(separator: "\n")
        for key in ConfigKey.allCases {
            let standard = key.standard.map { $0.isEmpty ? "" : "`\($0)` " } ?? ""
            let start = "| `\(key.rawValue)` | \(standard)| "
            let row = lines.first { $0.hasPrefix(start) }
            #expect(row?.replacing("`", with: "").hasSuffix(" \(key.meaning) |") == true, "\(start)\(key.meaning) |")
        }
    }
}
