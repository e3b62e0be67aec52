import CronModel
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct SecretTests {
    private static let canary = "canary-4711"

    private func stored(_ bed: TestBed, _ id: String, _ user: TestClient) async throws -> JSONValue? {
        let jobID = try #require(JobID(id))
        let owner = try #require(try await user.call(.get, "/me").json["id"]?.stringValue.flatMap { UserID($0) })
        return try await bed.store.job(jobID, owner: owner)?.job.definition.action.fields["token"]
    }

    @Test func secretsAreNeverShown() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let secret: JSONValue = .string(Self.canary)
            let body = Jobs.valid.merging(patch: ["action": ["token": secret]])
            let created = try await user.call(.post, "/jobs", body, headers: [.idempotencyKey: "k"])
            let id = try #require(created.json["id"]?.stringValue)
            #expect(created.json["action"]?["token"] == "********")
            var replies = [created]
            replies.append(try await user.call(.post, "/jobs", body, headers: [.idempotencyKey: "k"]))
            replies.append(try await user.call(.get, "/jobs/\(id)"))
            replies.append(try await user.call(.get, "/jobs"))
            replies.append(try await user.call(.patch, "/jobs/\(id)", ["priority": 1]))
            replies.append(try await user.call(.put, "/jobs/\(id)", body))
            replies.append(try await user.call(.put, "/jobs/by-name/nightly", body))
            replies.append(try await user.call(.post, "/jobs/\(id)/pause"))
            replies.append(try await user.call(.post, "/jobs/\(id)/resume"))
            replies.append(try await user.call(.post, "/jobs/\(id)/trigger"))
            replies.append(try await user.call(.post, "/jobs/\(id)/cancel"))
            replies.append(try await user.call(.post, "/jobs/bulk", ["jobs": [body.merging(patch: ["name": "b"])]]))
            replies.append(try await user.call(.get, "/runs?include=attempts"))
            replies.append(try await user.call(.patch, "/jobs/\(id)", ["action": ["token": secret, "x": 1]]))
            for reply in replies { #expect(!reply.text.contains(Self.canary), "\(reply)") }
            #expect(try await stored(bed, id, user) == secret)
        }
    }

    @Test func editsKeepWhatTheClientCannotKnow() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let secret: JSONValue = .string(Self.canary)
            let id = try await user.job(["action": ["token": secret]])
            let keeping: [(HTTPRequest.Method, JSONValue)] = [
                (.patch, ["action": ["token": "********"]]), (.patch, ["action": ["url": "https://b.example/"]]),
                (.put, Jobs.valid), (.put, Jobs.valid.merging(patch: ["action": ["token": "********"]])),
            ]
            for (method, body) in keeping {
                let reply = try await user.call(method, "/jobs/\(id)", body)
                #expect(reply.status == 200, "\(reply)")
                #expect(try await stored(bed, id, user) == secret, "\(method) \(body)")
            }
            _ = try await user.call(.patch, "/jobs/\(id)", ["action": ["token": "new one"]])
            #expect(try await stored(bed, id, user) == "new one")
            _ = try await user.call(.patch, "/jobs/\(id)", ["action": ["token": nil]])
            #expect(try await stored(bed, id, user) == nil)
            let mark = try await user.call(.patch, "/jobs/\(id)", ["action": ["token": "********"]])
            #expect(mark.message("action.token") != nil, "\(mark)")
            let new = try await user.call(
                .post, "/jobs", Jobs.valid.merging(patch: ["name": "b", "action": ["token": "********"]]))
            #expect(new.status == 422 && new.message("action.token") != nil, "\(new)")
        }
    }
}
