import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// Who may do what: roles, API keys, invitations, sessions that end.
@Suite struct AccessTests {
    private static let password: JSONValue = "correct horse battery"

    /// An account of the admin's space with a password, signed in.
    static func member(_ role: String, of admin: TestClient, _ client: TestClient) async throws -> TestClient {
        let email: JSONValue = .string("\(role)@example.org")
        let invited = try await admin.call(.post, "/users", ["email": email, "role": .string(role)])
        try #require(invited.status == 201, "\(invited)")
        let token = try #require(invited.json["password_reset"]?["token"])
        let chosen = try await client.call(
            .post, "/auth/password-reset/confirm", ["token": token, "new_password": password])
        try #require(chosen.status == 204, "\(chosen)")
        return try await client.signedIn(role)
    }

    @Test func eachRoleMayDoWhatItsNameSaysOnEveryRoute() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let admin = try await client.user("ann")
            for (role, rank) in [("viewer", 0), ("operator", 1), ("editor", 2), ("admin", 3)] {
                let member = try await Self.member(role, of: admin, client)
                #expect(try await member.call(.get, "/me").json["role"] == .string(role))
                for route in bed.server.table.routes {
                    guard case .allowed(let needed) = route.access else { continue }
                    let least =
                        switch (needed.area, needed.level) {
                        case (.people, _), (.audit, _), (.commands, _): 3
                        case (_, .write): 2
                        case (_, .operate): 1
                        case (_, .read): 0
                        }
                    let path = route.path.replacing("{id}", with: "\(RunID(high: 1, low: 1))")
                    if path.hasSuffix("/events") && !path.contains("/runs/") { continue }
                    let reply = try await member.call(route.method, path.replacing("{name}", with: "x").replacing("{attempt}", with: "1"), [:])
                    #expect((reply.status == 403) == (rank < least), "\(role) \(route.method) \(path) \(reply)")
                    if rank < least { #expect(reply.text.contains(needed.text)) }
                }
            }
        }
    }

    @Test func aSpaceIsShared() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let admin = try await client.user("ann")
            let job = try await admin.job()
            let viewer = try await Self.member("viewer", of: admin, client)
            #expect(try await viewer.call(.get, "/jobs/\(job)").status == 200)
            #expect(try await viewer.call(.post, "/jobs/\(job)/pause").status == 403)
            let emails = try await admin.call(.get, "/users").items.compactMap { $0["email"]?.stringValue }
            #expect(emails.sorted() == ["ann@example.org", "viewer@example.org"])
            let stranger = try await client.user("eve")
            #expect(try await stranger.call(.get, "/jobs/\(job)").status == 404)
            #expect(try await stranger.call(.get, "/users").items.count == 1)
            // Every trial beyond one's role is in the log.
            let denied = try await admin.call(.get, "/audit?order=desc&limit=1").items
            #expect(denied.first?["act"] == "denied" && denied.first?["after"]?["needs"] == "jobs:operate")
        }
    }

    @Test func aDisabledAccountIsOutAtOnceAndComesBack() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let admin = try await client.user("ann")
            let editor = try await Self.member("editor", of: admin, client)
            let id = try #require(try await editor.call(.get, "/me").json["id"]?.stringValue)
            let key = try #require(
                try await editor.call(.post, "/api-keys", ["name": "k", "scopes": ["jobs:write"]]).json["key"])
            #expect(try await admin.call(.patch, "/users/\(id)", ["disabled": true]).json["disabled"] == true)
            #expect(try await editor.call(.get, "/me").status == 401)
            #expect(try await client.with(key).call(.get, "/jobs").status == 401)
            let login: JSONValue = ["email": "editor@example.org", "password": Self.password]
            #expect(try await client.call(.post, "/auth/login", login).status == 401)
            #expect(try await admin.call(.patch, "/users/\(id)", ["disabled": false, "role": "viewer"]).status == 200)
            #expect(try await client.call(.post, "/auth/login", login).status == 200)
            // The key can do no more than its owner now.
            #expect(try await client.with(key).call(.get, "/jobs").status == 200)
            #expect(try await client.with(key).call(.post, "/jobs", Jobs.valid).status == 403)
            let me = try #require(try await admin.call(.get, "/me").json["id"]?.stringValue)
            let last = try await admin.call(.patch, "/users/\(me)", ["role": "viewer"])
            #expect(last.status == 409 && last.text.contains("last admin"))
            for bad: JSONValue in [["role": "root"], ["disabled": 1], ["email": "x@y.z"], []] {
                #expect(try await admin.call(.patch, "/users/\(id)", bad).status == 422)
            }
        }
    }

    @Test func aSessionEndsOnOtherNodesWithinASecond() async throws {
        let bed = try await TestBed()
        let other = try await bed.another()
        try await bed.run { client in
            let ann = try await client.user("ann")
            try await other.run { elsewhere in
                var there = elsewhere
                there.token = ann.token
                #expect(try await there.call(.get, "/me").status == 200)
                let login: JSONValue = ["email": "ann@example.org", "password": Self.password]
                let session = try await client.call(.post, "/auth/login", login)
                there.token = session.json["access_token"]?.stringValue
                #expect(try await there.call(.get, "/me").status == 200)
                let token: JSONValue = ["refresh_token": session.json["refresh_token"] ?? nil]
                #expect(try await client.call(.post, "/auth/refresh", token).status == 200)
                // The same token again: somebody else has it. The family is dead, its access tokens too.
                #expect(try await client.call(.post, "/auth/refresh", token).status == 401)
                bed.clock.advance(by: Identities.remembered)
                #expect(try await there.call(.get, "/me").status == 401)
                let acts = try await ann.call(.get, "/audit").items.map { $0["act"] }
                #expect(acts.last == "session.reused")
            }
        }
    }

    @Test func anotherPasswordSignsOthersOut() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let phone = try await client.signedIn("ann")
            let change: JSONValue = ["current_password": Self.password, "new_password": "another horse battery"]
            let wrong = try await ann.call(
                .post, "/me/password", change.merging(patch: ["current_password": "wrong wrong wrong"]))
            #expect(wrong.status == 422 && wrong.message("current_password") == "is wrong")
            #expect(
                try await ann.call(.post, "/me/password", change.merging(patch: ["new_password": "short"]))
                    .message("new_password") != nil)
            #expect(try await ann.call(.post, "/me/password", change).status == 204)
            #expect(try await ann.call(.get, "/me").status == 200)
            #expect(try await phone.call(.get, "/me").status == 401)
            let login: JSONValue = ["email": "ann@example.org", "password": Self.password]
            #expect(try await client.call(.post, "/auth/login", login).status == 401)
            #expect(try await ann.call(.patch, "/me", ["name": "Ann"]).json["name"] == "Ann")
        }
    }

    @Test func aResetTokenIsGoodOnceAndForADay() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let admin = try await client.user("ann")
            let id = try #require(
                try await admin.call(.post, "/users", ["email": "bob@example.org", "role": "editor"]).json["id"]?
                    .stringValue)
            func token() async throws -> JSONValue {
                try #require(try await admin.call(.post, "/users/\(id)/password-reset").json["token"])
            }
            let first = try await token()
            let choice: JSONValue = ["token": first, "new_password": Self.password]
            #expect(
                try await client.call(
                    .post, "/auth/password-reset/confirm", choice.merging(patch: ["new_password": "x"])
                ).status == 422)
            #expect(try await client.call(.post, "/auth/password-reset/confirm", choice).status == 204)
            #expect(try await client.call(.post, "/auth/password-reset/confirm", choice).status == 401)
            let late = try await token()
            bed.clock.advance(by: People.resetLife)
            let again = try await client.call(
                .post, "/auth/password-reset/confirm", ["token": late, "new_password": Self.password])
            #expect(again.status == 401)
            let bob = try await client.signedIn("bob")
            #expect(try await bob.call(.get, "/users").status == 403)
            for bad: JSONValue in [["email": "bob@example.org", "role": "editor"]] {
                #expect(try await client.signedIn("ann").call(.post, "/users", bad).status == 409)
            }
        }
    }

    @Test func anAPIKeyIsShownOnceAndDoesWhatItsScopesSay() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = try await ann.job()
            let made = try await ann.call(
                .post, "/api-keys",
                ["name": "ci", "scopes": ["jobs:operate"], "expires_at": "2026-11-03T00:00:00Z"])
            #expect(made.status == 201 && made.headers[.cacheControl] == "no-store", "\(made)")
            let secret = try #require(made.json["key"]?.stringValue)
            #expect(secret.hasPrefix("cpk_") && secret.count == 47)
            let listed = try await ann.call(.get, "/api-keys")
            #expect(listed.items.count == 1 && !listed.text.contains(secret) && listed.text.contains("cpk_"))
            let key = client.with(made.json["key"])
            #expect(listed.items[0]["last_used_at"] == .null)
            #expect(try await key.call(.post, "/jobs/\(job)/trigger").status == 202)
            #expect(try await ann.call(.get, "/api-keys").items[0]["last_used_at"] == .string(TestBed.start))
            bed.clock.advance(by: .minutes(9))
            #expect(try await key.call(.get, "/jobs").status == 200)
            #expect(try await ann.call(.get, "/api-keys").items[0]["last_used_at"] == .string(TestBed.start))
            bed.clock.advance(by: .minutes(2))
            #expect(try await key.call(.get, "/jobs").status == 200)
            #expect(
                try await ann.call(.get, "/api-keys").items[0]["last_used_at"] == "2026-11-02T08:41:00.000000Z",
                "to within ten minutes")
            #expect(try await key.call(.get, "/jobs/\(job)").status == 200)
            #expect(try await key.call(.delete, "/jobs/\(job)").status == 403)
            #expect(try await key.call(.get, "/audit").status == 403)
            #expect(try await key.call(.get, "/me").status == 200)
            // A key that leaks must not breed, nor take the account over.
            for (method, path, body): (HTTPRequest.Method, String, JSONValue) in [
                (.post, "/api-keys", ["name": "x", "scopes": ["jobs:read"]]), (.patch, "/me", ["name": "x"]),
                (.post, "/me/password", ["current_password": Self.password, "new_password": "another horse battery"]),
            ] {
                #expect(try await key.call(method, path, body).status == 403, "\(path)")
            }
            let broad = client.with(
                try await ann.call(.post, "/api-keys", ["name": "p", "scopes": ["people:write"]]).json["key"])
            let annID = try #require(try await ann.call(.get, "/me").json["id"]?.stringValue)
            #expect(try await broad.call(.get, "/users").status == 200)
            for (method, path, body): (HTTPRequest.Method, String, JSONValue?) in [
                (.post, "/users", ["email": "eve@example.org", "role": "admin"]),
                (.patch, "/users/\(annID)", ["role": "viewer"]), (.post, "/users/\(annID)/password-reset", nil),
            ] {
                #expect(try await broad.call(method, path, body).status == 403, "\(path)")
            }
            // The audit log tells who acted by which key.
            let act = try #require(try await ann.call(.get, "/audit?target=\(job)&order=desc").items.first)
            #expect(act["act"] == "job.trigger" && act["api_key_id"] == made.json["id"])

            bed.clock.advance(by: .days(1))
            #expect(try await key.call(.get, "/jobs").status == 401, "expired")
            let bad: [(String, JSONValue)] = [
                ("scopes[0]", ["name": "x", "scopes": ["jobs:all"]]), ("scopes", ["name": "x"]),
                ("scopes", ["name": "x", "scopes": []]), ("name", ["scopes": ["jobs:read"]]),
                ("name", ["name": "a\u{7}", "scopes": ["jobs:read"]]),
                ("expires_at", ["name": "x", "scopes": ["jobs:read"], "expires_at": "2026-11-01T00:00:00Z"]),
            ]
            let again = try await client.signedIn("ann")
            for (field, body) in bad {
                #expect(try await again.call(.post, "/api-keys", body).message(field) != nil, "\(field)")
            }
            let id = try #require(made.json["id"]?.stringValue)
            #expect(try await again.call(.delete, "/api-keys/\(id)").status == 204)
            #expect(try await again.call(.get, "/api-keys/\(id)").status == 404)
        }
    }

    @Test func aRevokedKeyIsOut() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let made = try await ann.call(.post, "/api-keys", ["name": "ci", "scopes": ["jobs:read"]])
            let key = client.with(made.json["key"])
            #expect(try await key.call(.get, "/jobs").status == 200)
            let id = try #require(made.json["id"]?.stringValue)
            let eve = try await client.user("eve")
            #expect(try await eve.call(.delete, "/api-keys/\(id)").status == 404)
            #expect(try await ann.call(.delete, "/api-keys/\(id)").status == 204)
            #expect(try await key.call(.get, "/jobs").status == 401)
            for text in ["cpk_", "cpk_AAAA", "cpk_" + String(repeating: "A", count: 43)] {
                #expect(try await client.with(.string(text)).call(.get, "/jobs").status == 401)
            }
        }
    }
}

extension TestClient {
    func with(_ token: JSONValue?) -> TestClient {
        var client = self
        client.token = token?.stringValue
        return client
    }
}
