import Foundation
import Testing

@testable import CronEngine

@Suite struct SecretMarkTests {
    private static let secret = "Zebra\"7\\%41+x/Quokka é<9>\n𝄞&end"

    private func hidden(_ text: String, _ secrets: String...) -> String { SecretMark.hiding(secrets, in: text) }

    /// As a receiver may write back what it got: alone and among other things.
    @Test func isHiddenInEveryUsualForm() throws {
        let secret = Self.secret
        let json = String(decoding: try JSONEncoder().encode(secret), as: UTF8.self)
        let twice = String(decoding: try JSONEncoder().encode(json), as: UTF8.self)
        let thrice = String(decoding: try JSONEncoder().encode(twice), as: UTF8.self)
        let ascii = json.unicodeScalars.map { scalar in
            scalar.isASCII ? String(scalar) : String(scalar).utf16.map { String(format: "\\u%04x", $0) }.joined()
        }.joined()
        let percents = try #require(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let some = try #require(secret.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed))
        let form = percents.replacing("%20", with: "+")
        let small = secret.utf8.map { String(format: "%%%02x", $0) }.joined()
        let jsonInForm = try #require(json.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        for text in [secret, json, twice, thrice, ascii, percents, some, form, small, jsonInForm] {
            let shown = hidden("a \(text) b", secret)
            #expect(shown.hasPrefix("a ") && shown.hasSuffix(" b") && shown.utf8.count < 32, "\(text): \(shown)")
        }
        for text in [secret, json, twice] {
            let field = "a,\"\(text.replacing("\"", with: "\"\""))\",b"
            #expect(hidden(field, secret).utf8.count < 32, "\(field): \(hidden(field, secret))")
        }
        let hex = secret.utf8.map { String(format: "%02x", $0) }.joined()
        #expect(hidden("<\(hex)>", secret) == "<********>" && hidden(hex.uppercased(), secret) == SecretMark.text)
    }

    @Test(arguments: 0..<6) func isHiddenWhereMoreIsEncoded(_ shift: Int) throws {
        let before = String(repeating: "x", count: shift)
        let text = Data("\(before)\(Self.secret)..".utf8).base64EncodedString()
        let shown = hidden(text, Self.secret)
        #expect(
            shown.contains(SecretMark.text) && shown.utf8.count <= SecretMark.text.utf8.count + shift + 10, "\(shown)")
        let json = Data(String(decoding: try JSONEncoder().encode(before + Self.secret), as: UTF8.self).utf8)
        let inJSON = hidden(json.base64EncodedString(), Self.secret)
        #expect(inJSON.utf8.count < SecretMark.text.utf8.count + shift + 40, "\(inJSON)")
        let forURLs = text.replacing("+", with: "-").replacing("/", with: "_")
        #expect(hidden(forURLs, Self.secret).contains(SecretMark.text))
    }

    @Test func partsOfALongOneAreHidden() {
        #expect(hidden("cut: Zebra\"7\\%41+", Self.secret) == "cut: ********")
        #expect(hidden("01Quokka é<9>\n…", Self.secret) == "01********…")
        #expect(hidden("Quokka é<9", Self.secret) == "Quokka é<9", "fewer than twelve bytes say nothing")
        let lines = "abcdefghijklmnop\nqrstuvwxyz0123456789"
        #expect(hidden("abcdefghijklmnop qrstuvwxyz0123456789", lines) == "******** ********")
    }

    @Test func shortOnesAreHiddenWhole() {
        #expect(hidden("pin 4711, 47, 4711", "4711") == "pin ********, 47, ********")
        #expect(hidden("abc", "abc") == "abc", "too short to be a secret")
        #expect(hidden("x1y2z3 x1y2", "x1y2z3", "x1y2") == "******** ********")
    }

    @Test func allElseStaysAsItIs() {
        let text = "{\"error\":\"100 % \\u00e9 + \\\\ ü %zz \\u12\"}"
        #expect(hidden(text, Self.secret, "other secret value") == text)
        #expect(hidden("", Self.secret) == "" && SecretMark.hiding([], in: "a") == "a")
        #expect(hidden("é\(Self.secret)é", Self.secret) == "é********é")
    }

    /// The longest output with the longest secret, of the parts that repeat most.
    @Test func theLongestTakesLittle() {
        let text = String(repeating: "a\\", count: 32_768)
        let clock = ContinuousClock()
        let took = clock.measure { _ = hidden(text, String(repeating: "ab", count: 32_768)) }
        #expect(took < .seconds(20), "of an unoptimised build")
    }
}
