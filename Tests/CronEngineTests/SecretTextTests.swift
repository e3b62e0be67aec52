import CronModel
import Testing

@testable import CronEngine

@Suite struct SecretTextTests {
    @Test func aSecretURLMayBeNamedByItsHost() {
        let url = JSONValue.string("https://hooks.example.com:8443/services/T0/canary-4711?key=b")
        #expect(SecretTexts.inside(url) == ["/services/T0/canary-4711?key=b"])
        let said = "hooks.example.com:8443 refused; sent to https://hooks.example.com:8443/services/T0/canary-4711?key=b"
        let hidden = SecretMark.hiding(SecretTexts.inside(url), in: said)
        #expect(hidden == "hooks.example.com:8443 refused; sent to https://hooks.example.com:8443********")
    }

    @Test func everythingElseIsHiddenWhole() {
        for text in ["canary", "ftp://user:canary@host/", "://canary", "a://b", ""] {
            #expect(SecretTexts.inside(.string(text)) == [text])
        }
        let value = JSONValue.array([.string("HTTP://a.example?canary"), .object(["k": .string("b")]), .integer(1), .null])
        #expect(SecretTexts.inside(value) == ["?canary", "b"])
    }
}
