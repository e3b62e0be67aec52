import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronEngine
@testable import CronHTTP

@Suite struct SecretTests {
    private static let canary = "canary-4711"

    /// What the runner would get: what is stored, opened.
    private func stored(_ bed: TestBed, _ id: String, _ user: TestClient) async throws -> JSONValue? {
        let jobID = try #require(JobID(id))
        let owner = try #require(try await user.call(.get, "/me").json["id"]?.stringValue.flatMap { UserID($0) })
        let job = try #require(try await bed.store.job(jobID, owner: owner)?.job)
        let sealed = job.definition.action.fields["token"]
        #expect(sealed == nil || sealed?.stringValue?.hasPrefix(Vault.mark) == true, "stored in the clear")
        return try await bed.vault.opened(job.definition.action, of: jobID, in: owner).fields["token"]
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

    @Test func anEditThatChangesNothingIsNone() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let body = Jobs.valid.merging(patch: ["action": ["token": .string(Self.canary)]])
            let first = try await user.call(.put, "/jobs/by-name/nightly", body)
            let second = try await user.call(.put, "/jobs/by-name/nightly", body)
            #expect(first.status == 201 && second.status == 200)
            #expect(first.json["version"] == second.json["version"])
        }
    }

    /// A webhook's secrets as it really has them: a list, and a key whose certificate is public.
    @Test func aSecretMayBeAnyValue() async throws {
        let secrets = ActionSecrets(ActionRegistry([TestAction()]), vault: try await TestBed().vault)
        for value: JSONValue in [["a", .string(Self.canary)], ["k": .string(Self.canary)], 4711, true] {
            let action = ActionDefinition(type: "test", fields: ["token": value, "url": "https://a.example/"])
            let definition = JobDefinition(name: "a", schedule: "0 3 * * *", action: action)
            #expect(
                secrets.redacted(definition)["action"] == [
                    "type": "test", "token": "********", "url": "https://a.example/",
                ])
            #expect(secrets.restored(["type": "test"], from: action)["token"] == value)
            #expect(secrets.restored(["type": "test", "token": "********"], from: action)["token"] == value)
            #expect(secrets.restored(["type": "test", "token": nil], from: action)["token"] == .null)
        }
    }
}

/// Secrets of their own, named by actions.
@Suite struct NamedSecretTests {
    private static let canary = "canary-0815"

    @Test func aSecretIsWrittenAndReplacedAndNeverRead() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            var replies: [Reply] = []
            let made = try await ann.call(.put, "/secrets/api_token", ["value": .string(Self.canary)])
            #expect(made.status == 201 && made.json["version"] == 1 && made.headers[.eTag] == "\"1\"", "\(made)")
            replies.append(made)
            let again = try await ann.call(
                .put, "/secrets/api_token", ["value": .string(Self.canary + "2")], headers: [.ifMatch: "\"1\""])
            #expect(again.status == 200 && again.json["version"] == 2)
            replies.append(again)
            let stale = try await ann.call(
                .put, "/secrets/api_token", ["value": "x"], headers: [.ifMatch: "\"1\""])
            #expect(stale.status == 412 && stale.json["version"] == 2)
            replies.append(try await ann.call(.get, "/secrets/api_token"))
            replies.append(try await ann.call(.get, "/secrets?q=API"))
            #expect(replies[3].items.count == 1)
            replies.append(try await ann.call(.get, "/audit"))
            #expect(replies[4].items.map { $0["act"] }.suffix(2) == ["secret.create", "secret.replace"])
            for reply in replies { #expect(!reply.text.contains(Self.canary)) }
            let all = try await bed.store.resources(ResourceQuery(.secret, spaces: nil)).items
            #expect(!JSONWriter.text(.array(all.map(\.body))).contains(Self.canary))
            let bob = try await client.user("bob")
            #expect(try await bob.call(.get, "/secrets/api_token").status == 404)
            #expect(try await bob.call(.delete, "/secrets/api_token").status == 404)
            #expect(try await bob.call(.get, "/secrets").items.isEmpty)
            for (path, body, field): (String, JSONValue, String) in [
                ("a.b", ["value": "x"], "name"), (String(repeating: "a", count: 101), ["value": "x"], "name"),
                ("ok", [:], "value"), ("ok", ["value": ""], "value"), ("ok", ["value": 5], "value"),
                ("ok", ["value": .string(String(repeating: "v", count: 65_537))], "value"),
                ("ok", ["value": "x", "name": "y"], "name"),
            ] {
                let reply = try await ann.call(.put, "/secrets/\(path)", body)
                #expect(reply.status == 422 && reply.message(field) != nil, "\(path) \(reply)")
            }
            #expect(try await ann.call(.delete, "/secrets/api_token").status == 204)
            #expect(try await ann.call(.get, "/secrets/api_token").status == 404)
        }
    }

    @Test func aJobMayNameOnlySecretsThatThereAre() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = Jobs.valid.merging(patch: ["action": ["url": "https://x.example/?k={{ secrets.k }}"]])
            let refused = try await ann.call(.post, "/jobs", job)
            #expect(refused.message("action.url") == "there is no secret \"k\"", "\(refused)")
            let bob = try await client.user("bob")
            _ = try await bob.call(.put, "/secrets/k", ["value": "v"])
            #expect(try await ann.call(.post, "/jobs", job).status == 422, "another space's is none")
            _ = try await ann.call(.put, "/secrets/k", ["value": "v"])
            #expect(try await ann.call(.post, "/jobs", job).status == 201)
        }
    }
}
