import CronLockRedis
import CronModel
import CronSchedule
import Testing

/// Answers that Redis would never give.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LyingServerTests {
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: FakeRedis.Answer

        static let nonsense: [Lie] = [
            Lie("noise", "\u{1}\u{2}HTTP/1.1 400 Bad Request\r\n\r\n"), Lie("a status", "+OK\r\n"),
            Lie("text", "$1\r\n1\r\n"), Lie("nothing", "$-1\r\n"), Lie("no list", "*-1\r\n"), Lie("empty", "*0\r\n"),
            Lie("a strange number", ":17\r\n"), Lie("a negative number", ":-1\r\n"), Lie("no number", ":one\r\n"),
            Lie("a number too large", ":99999999999999999999999999\r\n"), Lie("an error", "-WRONGTYPE of value\r\n"),
            Lie("an empty error", "-\r\n"), Lie("a list of texts", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n"),
            Lie("a count of none", "*2\r\n:0\r\n:1\r\n"), Lie("a window without end", "*2\r\n:5\r\n:99999999999\r\n"),
            Lie("half an answer", "*2\r\n:1\r\n"), Lie("a list of 2 thousand million", "*2147483647\r\n:1\r\n"),
            Lie("a list too long for a number", "*9223372036854775807\r\n"), Lie("17 numbers", "*17\r\n"),
            Lie("text of 2 GiB", "$2147483647\r\nx"), Lie("deep", String(repeating: "*1\r\n", count: 20)),
            Lie("a bad length", "$-7\r\n"), Lie("bytes that are no text", "$2\r\n\u{FF}\r\n"),
            Lie("silence", .silence), Lie("hanging up", .hangUp), Lie("a byte at a time", .drip),
            Lie("a line without end", .flood(0x2B)), Lie("numbers without end", .flood(0x3A)),
        ]

        init(_ name: String, _ answer: FakeRedis.Answer) {
            testDescription = name
            self.answer = answer
        }

        init(_ name: String, _ text: String) { self.init(name, .text(text)) }
    }

    @Test(arguments: Lie.nonsense) func nonsenseIsUnknown(_ lie: Lie) async throws {
        try await FakeRedis.run { _ in
            lie.answer
        } test: { server in
            let party = Party("a", try server.address)
            var quickest = answerLimit
            for _ in 0..<3 {
                await party.link.connect()
                let answers = await party.callAll()
                #expect(answers.locks == [.unknown, .unknown])
                #expect(answers.count.uses == 1)
                #expect(answers.room == nil)
                quickest = min(quickest, answers.slowest)
            }
            // A busy machine may be late now and then; an answer that is costly to read would be so each time.
            #expect(quickest < .seconds(4))
        }
    }

    @Test func whatIsAlwaysHeldIsAnsweredAtOnce() async throws {
        try await FakeRedis.run { _ in
            .text(":0\r\n")
        } test: { server in
            let party = try await Party.patient("a", server.address)
            let answers = await party.callAll()
            #expect(answers.locks == [.heldByOther, .heldByOther] && answers.slowest < answerLimit)
        }
    }

    @Test func whatIsAlwaysGrantedIsAnsweredAtOnce() async throws {
        try await FakeRedis.run { _ in
            .text(":1\r\n")
        } test: { server in
            let party = try await Party.patient("a", server.address)
            let answers = await party.callAll()
            #expect(answers.locks.allSatisfy { $0.token != nil } && answers.slowest < answerLimit)
        }
    }

    /// A second answer would be taken for the next command's, and that one's for the one after.
    @Test func anAnswerTooManyEndsTheConnection() async throws {
        try await FakeRedis.run { _ in
            .text(":1\r\n:0\r\n")
        } test: { server in
            let party = try await Party.patient("a", server.address)
            #expect(await party.locks.acquire("shard", ttl: .seconds(1)).token != nil)
            #expect(await party.locks.acquire("shard", ttl: .seconds(1)) == .unknown)
        }
    }

    @Test(arguments: ["-secret!\r\n", "-ERR unknown command 'AUTH', with args: 'bob' 'secret!'\r\n"])
    func thePasswordIsNeverTold(_ answer: String) async throws {
        try await FakeRedis.run { _ in
            .text(answer)
        } test: { server in
            let party = Party("a", try RedisAddress("redis://bob:secret!@127.0.0.1:\(server.port)"))
            #expect(await !party.link.connect())
            guard case .down(let text) = await party.reports.next() else {
                Issue.record("no report")
                return
            }
            #expect(text.hasPrefix("redis 127.0.0.1:\(server.port): AUTH: "), "\(text)")
            #expect(!text.contains("secret"), "\(text)")
        }
    }

    @Test func whatIsRefusedIsToldOnce() async throws {
        try await FakeRedis.run { _ in
            .text("-NOPERM no\u{7} permission\r\n")
        } test: { server in
            let party = try await Party.patient("a", server.address)
            for _ in 0..<3 { _ = await party.callAll() }
            let expected = ["EVAL", "DEL"].map {
                RedisReport.refused("redis 127.0.0.1:\(server.port): \($0): NOPERM no? permission")
            }
            #expect(party.reports.all == expected)
        }
    }
}
