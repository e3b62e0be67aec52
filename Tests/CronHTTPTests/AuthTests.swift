import CronHTTP
import CronModel
import CronSchedule
import Foundation
import HTTPTypes
import Testing

@Suite struct AuthTests {
    private static let credentials: JSONValue = .object([
        "email": .string("Me@Example.com"), "password": .string(APIHarness.password),
    ])

    @Test func registerSignInRefreshSignOut() async throws {
        try await APIHarness.with { api in
            let registered = try await api.call(.post, "/auth/register", Self.credentials)
            #expect(registered.status == 201)
            #expect(registered.json["email"] == .string("me@example.com"))
            #expect(!registered.text.contains("scrypt"))
            #expect(try await api.call(.post, "/auth/register", Self.credentials).status == 409)
            let session = try await api.call(.post, "/auth/login", Self.credentials)
            let token = session.json["access_token"]?.stringValue
            #expect(session.json["expires_in"] == .integer(900))
            #expect(try await api.call(.get, "/me", token: token).json["email"] == .string("me@example.com"))

            let first = session.json["refresh_token"] ?? .null
            let rotated = try await api.call(.post, "/auth/refresh", .object(["refresh_token": first]))
            #expect(rotated.status == 200)
            let second = rotated.json["refresh_token"] ?? .null
            #expect(try await api.call(.post, "/auth/refresh", .object(["refresh_token": first])).status == 401)
            #expect(
                try await api.call(.post, "/auth/refresh", .object(["refresh_token": second])).status == 401,
                "the reuse revoked the family")

            let again = try await api.call(.post, "/auth/login", Self.credentials)
            let third = again.json["refresh_token"] ?? .null
            #expect(try await api.call(.post, "/auth/logout", .object(["refresh_token": third])).status == 204)
            #expect(try await api.call(.post, "/auth/refresh", .object(["refresh_token": third])).status == 401)
        }
    }

    @Test func theFirstAccountNeedsTheSetupCode() async throws {
        try await APIHarness.with(registration: .first, setupCode: "s3cret") { api in
            let missing = try await api.call(.post, "/auth/register", Self.credentials)
            #expect(missing.fields == ["setup_code"])
            let wrong = try await api.call(.post, "/auth/register", Self.with(["setup_code": "wrong!"]))
            #expect(wrong.status == 403)
            let right = try await api.call(.post, "/auth/register", Self.with(["setup_code": "s3cret"]))
            #expect(right.status == 201)
            let second = try await api.call(
                .post, "/auth/register", Self.with(["setup_code": "s3cret", "email": "b@example.com"]))
            #expect(second.status == 403)
        }
    }

    private static func with(_ texts: [String: String]) -> JSONValue {
        credentials.merging(patch: .object(texts.mapValues { .string($0) }))
    }

    @Test func closedRegistrationIsClosed() async throws {
        try await APIHarness.with(registration: .closed) { api in
            let answer = try await api.call(.post, "/auth/register", Self.credentials)
            #expect(answer.status == 403)
        }
    }

    @Test(arguments: [
        ("email", JSONValue.string("nobody")), ("email", .string("a@b@c")), ("email", .integer(1)),
        ("password", .string("short")), ("password", .integer(1)), ("name", .integer(1)), ("extra", .integer(1)),
    ])
    func badRegistrationsNameTheField(field: String, value: JSONValue) async throws {
        try await APIHarness.with { api in
            let body = Self.credentials.merging(patch: .object([field: value]))
            let answer = try await api.call(.post, "/auth/register", body)
            #expect(answer.status == 422)
            #expect(answer.fields == [field])
        }
    }

    @Test func wrongPasswordsAnswerAlikeAndAreSlowedDown() async throws {
        try await APIHarness.with { api in
            _ = try await api.call(.post, "/auth/register", Self.credentials)
            let wrong = Self.credentials.merging(patch: .object(["password": .string("wrong wrong wrong")]))
            let unknown = wrong.merging(patch: .object(["email": .string("nobody@example.com")]))
            let first = try await api.call(.post, "/auth/login", wrong)
            let second = try await api.call(.post, "/auth/login", unknown)
            #expect(first.status == 401)
            #expect(first.json["detail"] == second.json["detail"])
            for _ in 0..<3 { _ = try await api.call(.post, "/auth/login", wrong) }
            let throttled = try await api.call(.post, "/auth/login", Self.credentials)
            #expect(throttled.status == 429)
            #expect(throttled.headers[.retryAfter] == "1")
            api.clock.advance(by: .seconds(1))
            #expect(try await api.call(.post, "/auth/login", Self.credentials).status == 200)
        }
    }

    @Test func onlyOurOwnUnalteredTokensInTheirTimeAreAccepted() async throws {
        try await APIHarness.with { api in
            let token = try await api.signedIn()
            #expect(try await api.call(.get, "/jobs", token: token).status == 200)
            let parts = token.split(separator: ".").map(String.init)
            let header = { (json: String) in
                Data(json.utf8).base64EncodedString().replacing("=", with: "").replacing("+", with: "-").replacing(
                    "/", with: "_")
            }
            let other = await Tokens(secret: [UInt8](repeating: 8, count: 32), clock: api.clock)
            let forged = [
                header("{\"alg\":\"none\",\"typ\":\"JWT\"}") + ".\(parts[1]).",
                header("{\"alg\":\"HS512\",\"typ\":\"JWT\"}") + ".\(parts[1]).\(parts[2])",
                header("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../../etc/passwd\"}") + ".\(parts[1]).\(parts[2])",
                header("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + ".\(parts[1]).\(parts[2])",
                String(token.dropLast(4)), "\(parts[0]).\(parts[1])", "", "a.b.c", token + "x",
                try await other.access(for: UserID(high: 1, low: 1)),
            ]
            var details: Set<JSONValue> = []
            for text in forged {
                let answer = try await api.call(.get, "/jobs", token: text)
                #expect(answer.status == 401, "\(text)")
                details.insert(answer.json["title"] ?? .null)
            }
            #expect(details.count == 1)
            #expect(try await api.call(.get, "/jobs").status == 401)
            api.clock.advance(by: .minutes(15))
            #expect(try await api.call(.get, "/jobs", token: token).status == 401, "it has expired")
        }
    }

    @Test func othersThingsAreNotFound() async throws {
        try await APIHarness.with { api in
            let mine = try await api.signedIn()
            let theirs = try await api.signedIn("b@example.com")
            let job = try await api.call(.post, "/jobs", APIHarness.job(), token: mine).id
            let run = try await api.call(.post, "/jobs/\(job)/trigger", token: mine).id
            let routes: [(HTTPRequest.Method, String)] = [
                (.get, "/jobs/\(job)"), (.put, "/jobs/\(job)"), (.patch, "/jobs/\(job)"), (.delete, "/jobs/\(job)"),
                (.post, "/jobs/\(job)/pause"), (.post, "/jobs/\(job)/resume"), (.post, "/jobs/\(job)/trigger"),
                (.post, "/jobs/\(job)/cancel"), (.get, "/runs/\(run)"), (.get, "/runs/\(run)/attempts"),
                (.get, "/runs/\(run)/events"), (.post, "/runs/\(run)/cancel"), (.post, "/runs/\(run)/redrive"),
                (.post, "/runs/\(run)/discard"),
            ]
            for (method, path) in routes {
                let body = method == .put ? APIHarness.job() : method == .patch ? JSONValue.object([:]) : nil
                #expect(try await api.call(method, path, body, token: theirs).status == 404, "\(method) \(path)")
            }
            for list in ["/jobs", "/runs", "/runs?job_id=\(job)", "/dead-letters"] {
                #expect(try await api.call(.get, list, token: theirs).items.isEmpty)
            }
            let same = try await api.call(.post, "/jobs", APIHarness.job(), token: theirs)
            #expect(same.status == 201, "another's name is free")
        }
    }
}
