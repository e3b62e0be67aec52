import CronLockRedis
import CronSchedule
import Testing

@Suite struct RedisAddressTests {
    @Test func partsAreRead() throws {
        let full = try RedisAddress("redis://bob:p%40ss%3Aw%2Frd@cache.example:7000/3")
        #expect(full.host == "cache.example" && full.port == 7_000 && full.database == 3)
        let short = try RedisAddress("REDIS://cache.example")
        #expect(short.port == 6_379 && short.database == 0)
        let six = try RedisAddress("redis://:secret@[::1]:7000/")
        #expect(six.host == "::1" && six.description == "redis [::1]:7000")
    }

    @Test(arguments: [
        ("cache.example:6379", "redis://"), ("http://cache.example", "redis://"), ("redis:", "HOST"),
        ("redis://", "HOST"), ("redis://:6379", "HOST"), ("redis://a b", "HOST"), ("redis://h/1/2", "database"),
        ("redis://h/x", "database"), ("redis://h/-1", "database"), ("redis://h/99999999999999999999", "database"),
        ("redis://h:0", "port"), ("redis://h?db=1", "end"), ("redis://h#1", "end"),
        ("redis://bob@h", "password"), ("rediss://h", "TLS"),
    ])
    func whatIsNoAddressIsExplained(_ text: String, _ word: String) {
        #expect { try RedisAddress(text) } throws: {
            ($0 as? RedisAddress.Problem)?.message.contains(word) == true
        }
    }

    @Test func thePasswordIsNotShown() throws {
        let address = try RedisAddress("redis://bob:secret@h:1/2")
        var dumped = ""
        dump(address, to: &dumped)
        for text in ["\(address)", String(reflecting: address), dumped] { #expect(!text.contains("secret"), "\(text)") }
        for bad in ["redis://bob:secret@h:1/x", "secret://h", "redis://bob:secret@", "rediss://bob:secret@h"] {
            #expect { try RedisAddress(bad) } throws: { !"\($0)".contains("secret") }
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "bob:p%40ss%3Aw%2Frd@", ":only%20the%20password@",
        ])
    func signingInAndTheDatabase(_ user: String) async throws {
        try await RedisServer.run(
            "--requirepass", "only the password", "--user", "bob", "on", ">p@ss:w/rd", "~*", "&*", "+@all"
        ) {
            let inside = try await Party.patient("a", RedisAddress("redis://\(user)127.0.0.1:\($0.port)/3"))
            #expect(await inside.locks.acquire("shard", ttl: .minutes(1)).token != nil)
            guard case .text(let client) = await inside.link.call(["CLIENT", "INFO"]) else {
                Issue.record("no client")
                return
            }
            #expect(client.contains(" db=3 "), "\(client)")
            for wrong in ["", ":wrong@", "bob:wrong@"] {
                let outside = Party("b", try RedisAddress("redis://\(wrong)127.0.0.1:\($0.port)"))
                #expect(await !outside.link.connect())
            }
        }
    }
}
