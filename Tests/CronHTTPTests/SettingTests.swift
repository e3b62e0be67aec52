import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronEngine
@testable import CronHTTP

/// Connections, and with them every setting that actions name.
@Suite struct SettingTests {
    private static let fields: JSONValue = ["host": "db.example", "password": "canary-4711"]

    @Test func itIsPutReadListedAndDeletedWithoutItsSecret() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let made = try await ann.call(.put, "/connections/shop", Self.fields)
            #expect(made.status == 201 && made.headers[.location] == "/api/v1/connections/shop")
            #expect(made.json["password"] == "********" && made.json["host"] == "db.example" && made.json["name"] == "shop")
            let read = try await ann.call(.get, "/connections/shop")
            #expect(read.json == made.json && read.headers[.eTag] == "\"1\"")
            let list = try await ann.call(.get, "/connections?q=SHO")
            #expect(list.json["items"] == [made.json])
            let audit = try await ann.call(.get, "/audit")
            for reply in [made, read, list, audit] { #expect(!reply.text.contains("canary"), "\(reply)") }
            #expect(try await ann.call(.delete, "/connections/shop", headers: [.ifMatch: "\"2\""]).status == 412)
            #expect(try await ann.call(.delete, "/connections/shop").status == 204)
            #expect(try await ann.call(.get, "/connections/shop").status == 404)
        }
    }

    @Test func aSecretThatIsLeftOutOrSentBackAsItsMarkStays() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let made = try await ann.call(.put, "/connections/shop", Self.fields)
            #expect(try await ann.call(.put, "/connections/shop", made.json).status == 200, "as it was shown")
            let again = try await ann.call(.put, "/connections/shop", ["host": "db.example"], headers: [.ifMatch: "\"2\""])
            #expect(again.status == 200 && again.json["version"] == 3)
            let test = try await ann.call(.post, "/connections/shop/test")
            #expect(test.json["usable"] == true && test.json["facts"]?["length"] == 11, "\(test)")
            let cleared = try await ann.call(.put, "/connections/shop", ["host": "db.example", "password": nil])
            #expect(cleared.json["password"] == nil)
        }
    }

    @Test func whatIsWrongIsNamedAndWhatIsNotThereIsNotFound() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let wrong = try await ann.call(.put, "/connections/shop", ["hots": "x"])
            #expect(wrong.status == 422 && wrong.text.contains("did you mean \\\"host\\\"?"), "\(wrong)")
            #expect(try await ann.call(.put, "/connections/a%20b", Self.fields).status == 422)
            #expect(try await ann.call(.post, "/connections/shop/test").status == 404)
            let tried = try await ann.call(.post, "/connections/shop/test", ["host": "elsewhere"])
            #expect(tried.status == 200 && tried.json["usable"] == false)
            let viewer = try await AccessTests.member("viewer", of: ann, client)
            #expect(try await viewer.call(.put, "/connections/shop", Self.fields).status == 403)
            #expect(try await viewer.call(.get, "/connections").status == 200)
        }
    }

    @Test func jobsNameOnlyWhatThereIsInTheirSpace() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let (ann, bob) = (try await client.user("ann"), try await client.user("bob"))
            _ = try await bob.call(.put, "/connections/shop", Self.fields)
            let body = Jobs.valid.merging(patch: ["action": ["connection": "shop"]])
            let refused = try await ann.call(.post, "/jobs", body)
            #expect(refused.status == 422 && refused.text.contains("there is no connection"), "\(refused)")
            _ = try await ann.call(.put, "/connections/shop", Self.fields)
            #expect(try await ann.call(.post, "/jobs", body).status == 201)
        }
    }

    @Test func aDryRunHasWhatAnAttemptWouldHave() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            _ = try await ann.call(.put, "/connections/shop", Self.fields)
            let action: JSONValue = ["type": "test", "url": "https://a.example", "connection": "shop"]
            let reply = try await ann.call(.post, "/actions/dry-run", ["action": action, "payload": ["n": 1]])
            #expect(reply.json["outcome"] == "success" && reply.text.contains("db.example"), "\(reply)")
            #expect(!reply.text.contains("canary") && reply.json["output_type"] == "text/plain")
            let missing = try await ann.call(.post, "/actions/dry-run", ["action": ["type": "test"]])
            #expect(missing.status == 422 && missing.json["errors"]?.arrayValue?.first?["field"] == "action.url")
            #expect(try await ann.call(.post, "/actions/dry-run", ["payload": 1]).status == 422)
        }
    }

    /// Somebody waits for the answer.
    @Test func trialsEndWithTheirTime() async throws {
        let bed = try await TestBed(actions: [EndlessAction()], connections: EndlessConnections())
        try await bed.run { client in
            let ann = try await client.user("ann")
            async let dryRun = ann.call(.post, "/actions/dry-run", ["action": ["type": "endless"]])
            await bed.advance(by: DryRunControl.longest)
            let ended = try await dryRun
            #expect(ended.json["outcome"] == "timeout" && ended.text.contains("30s"), "\(ended)")
            async let test = ann.call(.post, "/connections/shop/test", ["host": "db.example"])
            await bed.advance(by: SettingControl.longestTest)
            let tested = try await test
            #expect(tested.json["usable"] == false && tested.text.contains("not ended after 30s"), "\(tested)")
        }
    }
}

extension TestBed {
    /// When somebody waits for the clock.
    fileprivate func advance(by span: Span) async {
        while clock.waiterCount == 0 { await Task.yield() }
        clock.advance(by: span)
    }
}

/// Ends with its task.
private struct EndlessAction: ActionRunner {
    let type = "endless"
    let secretFields: Set<String> = []
    let hasDryRun = true

    func validate(_ definition: ActionDefinition) -> [FieldProblem] { [] }

    func run(_ attempt: AttemptContext) async -> Outcome {
        _ = await AsyncStream<Void> { _ in }.first { _ in true }
        return Outcome(kind: .cancelled, verdict: .transient, reach: .nothingSent)
    }
}

private struct EndlessConnections: SettingKind {
    let kind = Resource.Kind.connection
    let secretFields: Set<String> = []
    let schema = TestConnections().schema
    let example = TestConnections().example

    func validate(_ fields: [String: JSONValue]) -> [FieldProblem] { [] }

    func tryOut(
        _ fields: [String: JSONValue], of space: UserID, hiding: @escaping @Sendable (String) -> String
    ) async -> SettingTest {
        _ = await AsyncStream<Void> { _ in }.first { _ in true }
        return SettingTest(isUsable: false, message: "cancelled")
    }
}
