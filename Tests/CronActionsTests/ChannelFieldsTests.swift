import CronModel
import Testing

@testable import CronActions

/// Wrong fields are told, each by its name.
@Suite struct ChannelFieldsTests {
    private static let mail: [String: JSONValue] = [
        "type": .string("email"), "host": .string("mail.example.com"), "from": .string("ops@example.com"),
    ]

    private func change(_ fields: [String: JSONValue], _ name: String, _ value: JSONValue?) -> [FieldProblem] {
        var fields = fields
        fields[name] = value
        return Channels.problems(fields)
    }

    @Test func eachTypeIsReadAndDescribed() {
        for (name, fields) in Channels.all("https://example.com") {
            #expect(Channels.problems(fields).isEmpty, "\(name)")
        }
        #expect(Channels.problems(Self.mail).isEmpty)
        let described = Set(ChannelTypes.schema.members.map(\.name))
        for type in ChannelTypes.all { for member in type.members { #expect(described.contains(member.name)) } }
        #expect(described.isSuperset(of: ChannelTypes.secretFields))
        #expect(described.isSuperset(of: ChannelTypes.placeFields))
    }

    @Test func theTypeMustBeOne() {
        #expect(Channels.problems([:]).map(\.field) == ["type"])
        #expect(Channels.problems(["type": .integer(1)]).map(\.field) == ["type"])
        let unknown = Channels.problems(["type": .string("fax")])
        #expect(unknown.first?.message.contains("\"email\", \"sms\", \"slack\"") == true)
    }

    @Test(arguments: [
        ("slack", "url"), ("discord", "url"), ("teams", "url"), ("telegram", "token"), ("telegram", "chat_id"),
        ("pagerduty", "routing_key"), ("ntfy", "url"), ("webhook", "url"), ("twilio", "account"), ("twilio", "token"),
        ("twilio", "from"), ("vonage", "gateway"),
    ])
    func whatIsNeededIsAskedFor(_ type: String, _ field: String) {
        let problems = change(Channels.all("https://example.com")[type] ?? [:], field, nil)
        #expect(problems.contains { $0.field == field && $0.message == "is required" }, "\(problems)")
    }

    @Test(arguments: [
        ("slack", "url", JSONValue.string("ftp://x")), ("slack", "url", .string("http://10.0.0.1/")),
        ("slack", "channel", .string("#ops")), ("telegram", "token", .string("42:a/../b")),
        ("telegram", "token", .string("with blank")), ("telegram", "chat_id", .bool(true)),
        ("pagerduty", "routing_key", .string("ä")), ("pagerduty", "url", .string("http://169.254.169.254")),
        ("ntfy", "token", .string("a\nb")), ("webhook", "signing_secret", .string("whsec_short")),
        ("twilio", "recipients", .string("+14155550100")), ("vonage", "gateway", .string("pigeon")),
    ])
    func whatIsWrongIsTold(_ type: String, _ field: String, _ value: JSONValue) {
        let problems = change(Channels.all("https://example.com")[type] ?? [:], field, value)
        #expect(problems.map(\.field) == [field], "\(problems)")
    }

    @Test func recipientsAreToldByTheirPlaces() {
        let numbers: JSONValue = .array([.string("+14155550100"), .string("0041"), .integer(1)])
        #expect(
            change(Channels.sms("twilio"), "recipients", numbers).map(\.field) == ["recipients[1]", "recipients[2]"])
        let addresses: JSONValue = .array([.string("a@b.example"), .string("a@b@c")])
        #expect(change(Self.mail, "recipients", addresses).map(\.field) == ["recipients[1]"])
        let many = JSONValue.array([JSONValue](repeating: .string("a@b.example"), count: ChannelFields.maxPeople + 1))
        #expect(change(Self.mail, "recipients", many).map(\.field) == ["recipients"])
    }

    @Test(arguments: [
        ("host", JSONValue?.none, "host"), ("host", .string("10.1.2.3"), "host"), ("host", .string("a_b"), "host"),
        ("from", .string("ops"), "from"), ("port", .integer(0), "port"), ("tls", .string("maybe"), "tls"),
        ("user", .string("u"), "password"), ("password", .string("p"), "password"),
        ("ca_certificate", .string("no PEM"), "ca_certificate"),
    ])
    func aMailServerIsChecked(_ name: String, _ value: JSONValue?, _ field: String) {
        #expect(change(Self.mail, name, value).map(\.field) == [field])
    }

    @Test func noPasswordGoesOverANetworkInTheClear() {
        let open = Self.mail.merging(["tls": .string("off")]) { $1 }
        #expect(Channels.problems(open).isEmpty)
        let signedIn = open.merging(["user": .string("u"), "password": .string("s3cret")]) { $1 }
        let problems = Channels.problems(signedIn)
        #expect(problems.map(\.field) == ["password"] && problems.first?.message.contains("s3cret") == false)
    }
}
