import CronModel
import HTTPTypes
import Testing

@testable import CronHTTP

/// Who may define what runs a program, whichever way a definition comes.
@Suite struct CommandPermissionTests {
    private static let action: JSONValue = ["type": "command"]
    /// As a patch of a job that has an action already.
    private static let command: JSONValue = ["type": "command", "url": nil]
    private static let webhook: JSONValue = ["type": "test", "url": "https://example.org/"]
    private static let draft = Jobs.valid.merging(patch: ["action": command])
    private static let actions: [any ActionRunner] = [TestAction(), TestCommand()]

    @Test func onlyWhoeverMayDefinesCommands() async throws {
        let bed = try await TestBed(actions: Self.actions)
        try await bed.run { client in
            let admin = try await client.user("ann")
            let editor = try await AccessTests.member("editor", of: admin, client)
            let command = try await admin.job(["name": "command", "action": Self.command])
            let webhook = try await editor.job(["name": "webhook"])
            let refused: [(HTTPRequest.Method, String, JSONValue)] = [
                (.post, "/jobs", Self.draft),
                (.put, "/jobs/by-name/other", Self.draft.merging(patch: ["name": nil])),
                (.put, "/jobs/by-name/command", Self.draft.merging(patch: ["name": nil])),
                (.put, "/jobs/by-name/webhook", Self.draft.merging(patch: ["name": nil])),
                (.patch, "/jobs/\(webhook)", ["action": Self.action]),
                (.put, "/jobs/\(webhook)", Self.draft),
                (.patch, "/jobs/\(command)", ["priority": 1]),
                (.patch, "/jobs/\(command)", ["payload": ["program": "other"]]),
                (.put, "/jobs/\(command)", Self.draft.merging(patch: ["name": "command"])),
                (.post, "/job-types", ["name": "t", "defaults": ["action": Self.action]]),
            ]
            for (method, path, body) in refused {
                let reply = try await editor.call(method, path, body)
                #expect(
                    reply.status == 403 && reply.text.contains("\\\"commands:write\\\""), "\(method) \(path) \(reply)")
                let denied = try await admin.call(.get, "/audit?order=desc&limit=1").items.first
                #expect(denied?["act"] == "denied" && denied?["after"]?["needs"] == "commands:write")
            }
            let bulk = try await editor.call(.post, "/jobs/bulk", ["jobs": [Self.draft, Jobs.valid]])
            let results = bulk.json["results"]?.arrayValue ?? []
            #expect(results.map { $0["status"] } == [403, 201], "\(bulk)")
            // Away from a command anybody may lead who may write jobs.
            #expect(try await editor.call(.patch, "/jobs/\(command)", ["action": Self.webhook]).status == 200)
        }
    }

    /// A type's defaults are a way to define jobs, for whoever makes the type as for whoever makes the job.
    @Test func aJobTypeIsNoWayAround() async throws {
        let bed = try await TestBed(actions: Self.actions)
        try await bed.run { client in
            let admin = try await client.user("ann")
            let editor = try await AccessTests.member("editor", of: admin, client)
            let type: JSONValue = ["name": "run", "defaults": ["action": Self.action, "priority": 1]]
            let id = try #require(try await admin.call(.post, "/job-types", type).json["id"]?.stringValue)
            let typed: JSONValue = ["name": "j", "schedule": "@daily", "type": "run"]
            #expect(try await editor.call(.post, "/jobs", typed).status == 403)
            #expect(try await admin.call(.post, "/jobs", typed).status == 201)
            let plain: JSONValue = ["defaults": ["action": ["type": "test", "url": "https://a.example/"]]]
            for defaults: JSONValue in [["action": Self.action], ["action": Self.action, "priority": 2]] {
                let reply = try await editor.call(.put, "/job-types/\(id)", ["defaults": defaults])
                #expect(reply.status == 403 && reply.text.contains("commands:write"))
            }
            // Jobs that were webhooks do not become commands through an editor's change of their type.
            let other = try #require(
                try await editor.call(.post, "/job-types", plain.merging(patch: ["name": "call"])).json["id"]?
                    .stringValue)
            #expect(
                try await editor.call(.post, "/jobs", typed.merging(patch: ["name": "k", "type": "call"])).status == 201
            )
            #expect(
                try await editor.call(.put, "/job-types/\(other)", ["defaults": ["action": Self.action]]).status == 403)
        }
    }

    @Test func startingAndStoppingNeedNoMoreThanEver() async throws {
        let bed = try await TestBed(actions: Self.actions)
        try await bed.run { client in
            let admin = try await client.user("ann")
            let id = try await admin.job(["name": "command", "action": Self.command])
            let `operator` = try await AccessTests.member("operator", of: admin, client)
            for (verb, status) in [("pause", 200), ("resume", 200), ("cancel", 202)] {
                #expect(try await `operator`.call(.post, "/jobs/\(id)/\(verb)").status == status, "\(verb)")
            }
            let triggered = try await `operator`.call(.post, "/jobs/\(id)/trigger", ["payload": ["a": 1]])
            #expect(triggered.status == 202)
            #expect(try await `operator`.call(.get, "/jobs/\(id)").json["action"]?["type"] == "command")
            let all: JSONValue = ["filter": ["all": true]]
            #expect(try await `operator`.call(.post, "/jobs/bulk/pause", all).status == 200)
            let editor = try await AccessTests.member("editor", of: admin, client)
            #expect(try await editor.call(.delete, "/jobs/\(id)").status == 204)
        }
    }

    @Test func aKeyNeedsTheScope() async throws {
        let bed = try await TestBed(actions: Self.actions)
        try await bed.run { client in
            let admin = try await client.user("ann")
            func key(_ scopes: JSONValue) async throws -> TestClient {
                let made = try await admin.call(
                    .post, "/api-keys", ["name": .string(JSONWriter.text(scopes)), "scopes": scopes])
                return client.with(try #require(made.json["key"]))
            }
            #expect(try await key(["jobs:write"]).call(.post, "/jobs", Self.draft).status == 403)
            #expect(try await key(["commands:write"]).call(.post, "/jobs", Self.draft).status == 403)
            #expect(try await key(["jobs:write", "commands:read"]).call(.post, "/jobs", Self.draft).status == 403)
            #expect(try await key(["jobs:write", "commands:write"]).call(.post, "/jobs", Self.draft).status == 201)
            let editor = try await AccessTests.member("editor", of: admin, client)
            let more = try await editor.call(.post, "/api-keys", ["name": "k", "scopes": ["commands:write"]])
            #expect(more.message("scopes[0]") == "commands:write is more than the role editor may do")
        }
    }

    @Test func whatIsOffSaysHowItIsTurnedOn() async throws {
        let bed = try await TestBed(off: ["command": "commands are off here; turn them on with ALLOW_COMMANDS"])
        try await bed.run { client in
            let admin = try await client.user("ann")
            let job = try await admin.call(.post, "/jobs", Self.draft)
            #expect(job.status == 422 && job.message("action.type")?.contains("ALLOW_COMMANDS") == true, "\(job)")
            let type = try await admin.call(.post, "/job-types", ["name": "t", "defaults": ["action": Self.action]])
            #expect(type.message("defaults.action.type")?.contains("ALLOW_COMMANDS") == true, "\(type)")
        }
    }
}

/// Needs what running programs needs, and runs none.
private struct TestCommand: ActionRunner {
    let type = "command"
    let secretFields: Set<String> = []
    let permission: Permission? = Permission(.commands, .write)

    func validate(_ definition: ActionDefinition) -> [FieldProblem] { [] }
    func run(_ attempt: AttemptContext) async -> Outcome { .success }
}
