import CronModel
import Foundation
import Testing

@testable import CronEngine

@Suite struct SecretStreamTests {
    private static let long = "Zebra\"7\\%41+x/Quokka é<9>\n𝄞&end"

    /// What is shown of parts that come one after the other.
    private func shown(_ parts: [[UInt8]], _ secrets: [String]) -> String {
        var stream = SecretStream(SecretNeedles(secrets))
        var bytes: [UInt8] = []
        for part in parts { bytes += stream.append(part, isLast: false).bytes }
        bytes += stream.append([], isLast: true).bytes
        return String(decoding: bytes, as: UTF8.self)
    }

    private func halves(_ text: String, at cut: Int) -> [[UInt8]] {
        [Array(text.utf8.prefix(cut)), Array(text.utf8.dropFirst(cut))]
    }

    private static func forms(of secret: String) throws -> [String] {
        let json = String(decoding: try JSONEncoder().encode(secret), as: UTF8.self)
        let twice = String(decoding: try JSONEncoder().encode(json), as: UTF8.self)
        let ascii = secret.utf16.map { String(format: "\\u%04x", $0) }.joined()
        return [
            secret, json, twice, ascii, "a,\"\(json.replacing("\"", with: "\"\""))\",b",
            try #require(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics)),
            Data(secret.utf8).base64EncodedString(), secret.utf8.map { String(format: "%02x", $0) }.joined(),
        ]
    }

    /// Wherever it is cut, nothing is shown that would not be shown of the whole.
    @Test(arguments: [long, "4711-0815", "pin\\7"]) func aSecretThatIsCutIsHidden(_ secret: String) throws {
        for form in try Self.forms(of: secret) {
            let text = "it is \(form)\n"
            let whole = SecretMark.hiding([secret], in: text)
            for cut in 0...text.utf8.count {
                #expect(shown(halves(text, at: cut), [secret]) == whole, "\(form) at \(cut)")
            }
            #expect(shown(text.utf8.map { [$0] }, [secret]) == whole, "\(form) byte by byte")
        }
    }

    @Test func anyPartOfALongOneIsHidden() {
        let part = String(Self.long.dropFirst(9))
        let text = "<\(part)>"
        let whole = SecretMark.hiding([Self.long], in: text)
        #expect(whole.contains(SecretMark.text))
        for cut in 0...text.utf8.count { #expect(shown(halves(text, at: cut), [Self.long]) == whole, "at \(cut)") }
    }

    /// A prompt is seen although more may follow; only what may belong to a secret waits.
    @Test func nothingElseIsHeldBack() {
        var stream = SecretStream(SecretNeedles(["4711-0815"]))
        #expect(stream.append(Array("Step 3 of 9".utf8), isLast: false).bytes == Array("Step 3 of 9".utf8))
        #expect(stream.append(Array(", PIN 47".utf8), isLast: false).bytes == Array(", PIN ".utf8))
        #expect(stream.append(Array("11 ".utf8), isLast: false).bytes == Array("4711 ".utf8))
        var plain = SecretStream(SecretNeedles([]))
        #expect(plain.append(Array("a\\u00".utf8), isLast: false).bytes == Array("a\\u00".utf8))
    }

    @Test func aCharacterThatIsCutIsShownWhole() {
        let text = "é€𝄞!"
        for cut in 0...text.utf8.count { #expect(shown(halves(text, at: cut), []) == text, "at \(cut)") }
        var stream = SecretStream(SecretNeedles([]))
        #expect(stream.append([0x61, 0xF0, 0x9D], isLast: false).bytes == [0x61])
        #expect(stream.append([0x84, 0x9E], isLast: false).bytes == [0xF0, 0x9D, 0x84, 0x9E])
        #expect(stream.append([0xFF, 0xFE], isLast: false).bytes.count == 2, "what is no character waits for nothing")
    }

    /// What is left of a secret on either side of a gap is left out with it.
    @Test func aGapShowsNoEndOfASecret() {
        var stream = SecretStream(SecretNeedles(["4711-0815-canary"]))
        #expect(stream.append(Array("PIN 4711-0".utf8), isLast: false).bytes == Array("PIN ".utf8))
        stream.skip()
        let after = stream.append(Array("canary is it".utf8), isLast: true)
        #expect(after.skipped == 6 && after.bytes == Array(" is it".utf8))
        stream.skip()
        let character = stream.append([0x84, 0x9E, 0x21], isLast: true)
        #expect(character.skipped == 2 && character.bytes == [0x21])
    }

    @Test func randomTextsAreShownAsTheWholeWouldBe() {
        var random = RandomSource(seed: 11)
        let secrets = ["abab", "ab\\ba\"ab", "abcabcabcabcabc"]
        for _ in 0..<400 {
            let text = String((0..<60).map { _ in "abc\\\"%u04".randomElement(using: &random) ?? "a" })
            let whole = SecretMark.hiding(secrets, in: text)
            var parts: [[UInt8]] = []
            var rest = Array(text.utf8)
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(9, rest.count), using: &random)
                parts.append(Array(rest.prefix(count)))
                rest.removeFirst(count)
            }
            #expect(shown(parts, secrets) == whole, "\(text)")
        }
    }
}
