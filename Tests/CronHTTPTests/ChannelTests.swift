import CronModel
import CronTesting
import HTTPTypes
import Testing

@testable import CronEngine
@testable import CronHTTP

/// Channels by the routes of all settings, and what is particular about them: their secrets are for where they lead.
@Suite struct ChannelTests {
    private static let fields: JSONValue = [
        "type": "hook", "url": "https://a.example/canary-path-4711", "token": "canary-token-0815",
    ]

    private func ann(_ test: @Sendable (TestBed, TestClient) async throws -> Void) async throws {
        let bed = try await TestBed()
        try await bed.run { client in try await test(bed, try await client.user("ann")) }
    }

    @Test func itIsPutReadListedTriedAndDeletedWithoutItsSecrets() async throws {
        try await ann { bed, ann in
            let made = try await ann.call(.put, "/channels/ops", Self.fields)
            #expect(made.status == 201 && made.headers[.location] == "/api/v1/channels/ops")
            #expect(made.json["url"] == "********" && made.json["token"] == "********" && made.json["type"] == "hook")
            let again = try await ann.call(.put, "/channels/ops", made.json)
            #expect(again.status == 200 && again.json["version"] == 2, "as it was shown: \(again)")
            let test = try await ann.call(.post, "/channels/ops/test")
            #expect(test.json["usable"] == true && test.text.contains("a.example"), "\(test)")
            let line = try await ann.call(.get, "/audit?order=desc&limit=1").items.first
            #expect(line?["act"] == "channel.test" && line?["target"] == made.json["id"], "\(String(describing: line))")
            #expect(line?["after"] == ["name": "ops", "usable": true, "message": test.json["message"] ?? .null])
            var replies = [made, again, test]
            for path in ["/channels/ops", "/channels?q=OP", "/audit"] { replies.append(try await ann.call(.get, path)) }
            #expect(replies[4].items.count == 1)
            for reply in replies { #expect(!reply.text.contains("canary"), "\(reply)") }
            let stored = try await bed.store.resources(ResourceQuery(.channel, spaces: nil)).items
            #expect(stored.count == 1 && !JSONWriter.text(stored[0].body).contains("canary"))
            #expect(try await ann.call(.delete, "/channels/ops").status == 204)
            #expect(try await ann.call(.post, "/channels/ops/test").status == 404)
        }
    }

    /// Who may change a channel but not read its secrets must not have them sent to a place of their own.
    @Test func secretsDoNotFollowAChannelElsewhere() async throws {
        try await ann { _, ann in
            _ = try await ann.call(.put, "/channels/ops", Self.fields)
            let elsewhere = "https://evil.example/"
            let silent = try await ann.call(.post, "/channels/ops/test", ["type": "hook", "url": .string(elsewhere)])
            #expect(silent.json["facts"]?["token"] == 0, "\(silent)")
            let marked = try await ann.call(
                .put, "/channels/ops", ["type": "hook", "url": .string(elsewhere), "token": "********"])
            #expect(marked.status == 422 && marked.message("token")?.contains("give the secret itself") == true)
            let otherType = try await ann.call(.put, "/channels/ops", ["type": "pager", "token": "abc"])
            #expect(otherType.status == 200 && otherType.json["url"] == nil, "\(otherType)")
            _ = try await ann.call(.put, "/channels/ops", Self.fields)
            let same = try await ann.call(.post, "/channels/ops/test", ["type": "hook", "url": "********"])
            #expect(same.json["facts"]?["token"] == 17, "\(same)")
            let first = try await ann.call(.put, "/channels/new", ["type": "hook", "url": "********"])
            #expect(first.status == 422 && first.message("url") != nil)
        }
    }

    @Test func jobsNameOnlyChannelsOfTheirSpace() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let (ann, bob) = (try await client.user("ann"), try await client.user("bob"))
            _ = try await bob.call(.put, "/channels/ops", Self.fields)
            #expect(try await ann.call(.get, "/channels/ops").status == 404)
            for names: JSONValue in ["ops", ["ops"]] {
                let body = Jobs.valid.merging(patch: ["action": ["channels": names]])
                let refused = try await ann.call(.post, "/jobs", body)
                #expect(refused.status == 422 && refused.message("action.channels") == "there is no channel \"ops\"")
            }
            _ = try await ann.call(.put, "/channels/ops", Self.fields)
            #expect(try await ann.call(.post, "/jobs", Jobs.valid.merging(patch: ["action": ["channels": ["ops"]]])).status == 201)
        }
    }
}

/// Channels that answer with what they would send.
struct TestChannels: SettingKind {
    let kind = Resource.Kind.channel
    let secretFields: Set<String> = ["url", "token"]
    let placeFields: Set<String> = ["type", "url"]
    let schema = Schema.object([
        .required("type", .choice(["hook", "pager"])), .field("url", .string(0...200)), .field("token", .string(0...100)),
    ])
    let selector: String? = "type"
    var variants: [SettingVariant] {
        [
            SettingVariant(name: "hook", members: schema.members.filter { $0.name != "type" }),
            SettingVariant(name: "pager", members: schema.members.filter { $0.name == "token" }),
        ]
    }
    let example: JSONValue = ["type": "hook", "url": "https://a.example/secret"]

    func validate(_ fields: [String: JSONValue]) -> [FieldProblem] {
        var reader = FieldReader(fields)
        let type = reader.string("type")
        if type == nil { reader.refuse("type", "is required") }
        if type == "hook", reader.string("url") == nil { reader.refuse("url", "is required") }
        _ = reader.string("token")
        // A pager has no URL.
        reader.refuseUnknown()
        return reader.problems
    }

    func tryOut(
        _ fields: [String: JSONValue], of space: UserID, hiding: @escaping @Sendable (String) -> String
    ) async -> SettingTest {
        let (url, token) = (fields["url"]?.stringValue ?? "", fields["token"]?.stringValue ?? "")
        return SettingTest(
            isUsable: true, message: "POST \(url) with \(token) was answered",
            facts: ["token": .integer(Int64(token.utf8.count))])
    }
}
