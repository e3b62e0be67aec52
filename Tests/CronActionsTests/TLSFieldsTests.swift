import CronModel
import NIOSSL
import Testing

@testable import CronActions

@Suite struct TLSFieldsTests {
    typealias Case = WebhookDefinitionTests.Case

    static func fields(_ chain: String?, _ key: String?, _ roots: String? = nil) -> [String: JSONValue] {
        let texts = ["client_certificate": chain, "client_key": key, "ca_certificate": roots]
        return texts.compactMapValues { $0.map(JSONValue.string) }
    }

    static let garbled = Certificates.client.replacing("MII", with: "AII")
    static let wrong: [Case] = [
        Case(fields(Certificates.client, nil), "client_key", "is required beside client_certificate"),
        Case(fields(nil, Certificates.clientKey), "client_key", "needs a client_certificate"),
        Case(fields(Certificates.client, Certificates.strangerKey), "client_key", "does not belong to the first"),
        Case(fields(Certificates.client, Certificates.rsaKey), "client_key", "does not belong to the first"),
        Case(
            fields("\(Certificates.intermediate)\n\(Certificates.client)", Certificates.clientKey),
            "client_certificate", "the client's own comes first"),
        Case(
            fields("\(Certificates.stranger)\n\(Certificates.client)", Certificates.clientKey), "client_key",
            "does not belong to the first"),
        Case(fields(Certificates.client, Certificates.clientKeyEncrypted), "client_key", "is encrypted"),
        Case(fields(Certificates.client, Certificates.clientKeyLegacyEncrypted), "client_key", "is encrypted"),
        Case(fields(Certificates.client, "x"), "client_key", "must be one RSA or EC private key in PEM"),
        Case(fields(Certificates.client, Certificates.client), "client_key", "must be one RSA or EC"),
        Case(
            fields(Certificates.client, "\(Certificates.clientKey)\n\(Certificates.clientKey)"), "client_key",
            "must be one"),
        Case(
            fields(Certificates.client, Certificates.clientKey.replacing("MIG", with: "AIG")), "client_key", "must be"),
        Case(
            fields(Certificates.client, String(repeating: "x", count: TLSFields.maxKeyBytes + 1)), "client_key",
            "the limit is 4096"),
        Case(fields(Certificates.edwards, Certificates.edwardsKey), "client_certificate", "RSA or EC key"),
        Case(fields("x", Certificates.clientKey), "client_certificate", "must be certificates in PEM"),
        Case(fields(garbled, Certificates.clientKey), "client_certificate", "cannot be read"),
        Case(
            fields("\(Certificates.client)\n\(garbled)", Certificates.clientKey), "client_certificate", "cannot be read"
        ),
        Case(
            fields("\(Certificates.client)\n\(Certificates.clientKey)", Certificates.clientKey), "client_certificate",
            "holds a private key"),
        Case(
            fields(
                Array(repeating: Certificates.client, count: 9).joined(separator: "\n"), Certificates.clientKey),
            "client_certificate", "holds 9 certificates; the limit is 8"),
        Case(
            fields(String(repeating: "x", count: TLSFields.maxChainBytes + 1), Certificates.clientKey),
            "client_certificate", "the limit is 32768"),
        Case(fields(nil, nil, ""), "ca_certificate", "must be certificates in PEM"),
        Case(fields(nil, nil, Certificates.clientKey), "ca_certificate", "holds a private key"),
        Case(fields(nil, nil, garbled), "ca_certificate", "cannot be read"),
        Case(
            fields(nil, nil, Array(repeating: Certificates.serverRoot, count: 33).joined(separator: "\n")),
            "ca_certificate", "the limit is 32"),
        Case(
            fields(nil, nil, String(repeating: "x", count: TLSFields.maxRootBytes + 1)), "ca_certificate",
            "the limit is 65536"),
        Case(["client_certificate": .integer(1)], "client_certificate", "must be a string"),
        Case(["client_key": .array([])], "client_key", "must be a string"),
        Case(["ca_certificate": .bool(true)], "ca_certificate", "must be a string"),
    ]

    @Test(arguments: wrong) func refuses(_ wrong: Case) {
        let problems = WebhookDefinitionTests.problems(wrong.fields)
        #expect(problems.map(\.field) == ["action.\(wrong.field)"])
        #expect(problems.first?.message.contains(wrong.part) == true, "\(problems)")
        // No part of what may be a key comes back.
        #expect(problems.allSatisfy { !$0.message.contains("MI") })
    }

    @Test func needsTLS() {
        do throws(FieldProblems) {
            let fields = Self.fields(Certificates.client, Certificates.clientKey, Certificates.serverRoot)
            _ = try WebhookDefinition(definition("http://example.com/", fields), addresses: nothingAllowed)
            Issue.record("was read")
        } catch {
            #expect(
                error.all.map(\.field) == [
                    "action.client_certificate", "action.client_key", "action.ca_certificate",
                ])
            #expect(error.all.allSatisfy { $0.message == "needs an https URL" })
        }
    }

    /// What an editor or `openssl x509 -text` adds is no harm.
    @Test(arguments: ["# comment\n", "Certificate:\n    Data:\n", "\r\n"]) func takesTextAround(_ text: String) {
        let chain = "\(text)\(Certificates.client)\r\n\(text)".replacing("\n", with: text == "\r\n" ? "\r\n" : "\n")
        let key =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n\(Certificates.clientKeySEC1)"
        #expect(WebhookDefinitionTests.problems(Self.fields(chain, key)).isEmpty)
    }

    @Test func tellsIdentitiesApart() {
        let texts = [
            TLSIdentity.Texts(chain: "a", key: "b", roots: "c"), TLSIdentity.Texts(chain: "ab", key: "", roots: "c"),
            TLSIdentity.Texts(chain: "a", key: "bc", roots: ""), TLSIdentity.Texts(chain: "a", key: "b", roots: nil),
            TLSIdentity.Texts(chain: nil, key: nil, roots: "c"), TLSIdentity.Texts(chain: "c"),
            TLSIdentity.Texts(roots: ""), TLSIdentity.Texts(),
        ]
        #expect(Set(texts.map(\.digest)).count == texts.count)
    }

    @Test func remembersAFew() {
        let identities = TLSIdentities()
        func use(_ number: Int) -> Bool {
            var wasRead = false
            _ = identities.identity(TLSIdentity.Texts(roots: "\(number)")) {
                wasRead = true
                return TLSIdentity(digest: $0, chain: [], key: nil, roots: [])
            }
            return wasRead
        }
        for number in 0..<TLSIdentities.limit { #expect(use(number)) }
        #expect(!use(0) && identities.count == TLSIdentities.limit)
        // The one that was used longest ago makes room.
        #expect(use(-1) && !use(0) && !use(2) && use(1))
        #expect(identities.count == TLSIdentities.limit)
        // What cannot be read is not remembered.
        #expect(identities.identity(TLSIdentity.Texts(chain: "x")) { _ in nil } == nil)
        #expect(identities.count == TLSIdentities.limit)
    }
}
