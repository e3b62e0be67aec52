import CronModel
import CronSchedule
import Testing

@testable import CronHTTP

@Suite struct JSONReaderTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "12", "-9223372036854775808", "1.5", "1e3", "-2.5E-3", "\"\"",
        "\"a\\u00e9\\n\\/\"",
        "\"\\ud83d\\ude00\"", "[]", "[1,[2,[]]]", "{}", "{\"a\":{\"b\":[null]}}", " [ 1 , 2 ] ", "\"\u{10FFFF}\"",
    ])
    func goodTextIsRead(text: String) throws {
        let value = try JSONReader.read(Array(text.utf8))
        #expect(try JSONReader.read(JSONWriter.bytes(value)) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "+1", "01", "-", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "1e999",
        "9223372036854775808",
        "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\"\\u0000\"", "\"\n\"",
        "[1", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"a\":1}", "1 1", "[]]",
        "\u{FEFF}1", "// x",
    ])
    func badTextIsRefused(text: String) {
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read(Array(text.utf8)) }
    }

    @Test func depthIsBounded() throws {
        let limit = JSONReader.depthLimit
        let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        _ = try JSONReader.read(Array(deepest.utf8))
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read(Array("[\(deepest)]".utf8)) }
    }

    /// Random damage to a sound text neither crashes nor hangs.
    @Test func damagedTextNeverTraps() {
        var random = RandomSource(seed: 11)
        let sound = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",null,{"b":true}],"c":"\n"}"#.utf8)
        for _ in 0..<20_000 {
            var text = sound
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<text.count, using: &random)
                text[index] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? JSONReader.read(Array(text.prefix(Int.random(in: 0...text.count, using: &random))))
        }
    }
}

@Suite struct Base64Tests {
    @Test func bytesComeBack() {
        for count in 0..<70 {
            let bytes = RandomBytes.make(count)
            #expect(Base64.url.bytes(Base64.url.text(bytes)) == bytes)
            #expect(Base64.standard.bytes(Base64.standard.text(bytes)) == bytes)
        }
        #expect(Base64.standard.text(Array("foobar".utf8)) == "Zm9vYmFy")
        #expect(Base64.url.text([0xFB, 0xFF]) == "-_8")
    }

    @Test(arguments: ["A", "AB=", "AB", "AAB", "A A", "A+A", "Zm9v\n"])
    func otherTextsAreRefused(text: String) { #expect(Base64.url.bytes(text) == nil) }

    @Test func cursorsComeBack() {
        let cursor = PageCursor(at: Instant(microseconds: -5), id: (high: .max, low: 3))
        #expect(PageCursor(text: cursor.text) == cursor)
        #expect(PageCursor(text: String(cursor.text.dropLast())) == nil)
    }
}

@Suite struct PasswordTests {
    @Test func theStandardCostIsStoredInPHCForm() async throws {
        let passwords = Passwords(cost: .standard)
        let stored = try await passwords.hash("correct horse battery")
        #expect(stored.hasPrefix("$scrypt$ln=15,r=8,p=3$"))
        #expect(try await passwords.check("correct horse battery", against: stored) == .right)
        #expect(try await passwords.check("correct horse batterx", against: stored) == .wrong)
        #expect(try await passwords.check("correct horse battery", against: nil) == .wrong)
    }

    /// RFC 7914 §12, the third vector's parameters at 32 bytes of output.
    @Test func scryptIsScrypt() throws {
        let cost = ScryptCost(logRounds: 14, blockSize: 8, parallelism: 1)
        let hash = try PasswordHash.compute("pleaseletmein", cost: cost, salt: Array("SodiumChloride".utf8)).hash
        #expect(hash.prefix(8).elementsEqual([0x70, 0x23, 0xBD, 0xCB, 0x3A, 0xFD, 0x73, 0x48]))
    }

    @Test(arguments: [
        "", "x", "$scrypt$ln=15,r=8,p=3$$", "$argon2id$v=19$m=1$a$b", "$scrypt$ln=31,r=8,p=3$AAAA$AAAA",
        "$scrypt$ln=a,r=8,p=3$AAAA$AAAA",
        "$scrypt$ln=15,r=8$AAAA$AAAA",
    ])
    func brokenHashesMatchNothing(text: String) async throws {
        #expect(PasswordHash(text: text) == nil)
        let passwords = Passwords(cost: ScryptCost(logRounds: 2, blockSize: 1, parallelism: 1))
        #expect(try await passwords.check("", against: text) == .wrong)
    }

    @Test func theGateLetsTwoInAndSendsALongLineAway() async throws {
        let gate = HashGate()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    guard (try? await gate.enter()) != nil else { return false }
                    await Task.yield()
                    await gate.leave()
                    return true
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.count == 200)
        try await gate.enter()
        try await gate.enter()
        await gate.leave()
        await gate.leave()
    }
}
