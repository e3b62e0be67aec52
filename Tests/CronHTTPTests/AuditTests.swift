import CronModel
import CronSchedule
import CronTesting
import Crypto
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct AuditTests {
    /// Every route that changes something, asked once, is one line; those that only read are none.
    @Test func everyMutationIsExactlyOneLine() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = try await ann.job(["name": "other"])
            _ = try await ann.job(["name": "spare", "tags": ["spare"]])
            let dead = try await bed.deadLetter(of: job)
            let user = try await ann.call(.post, "/users", ["email": "bob@example.org", "role": "viewer"]).json["id"]
            let key = try await ann.call(.post, "/api-keys", ["name": "a", "scopes": ["jobs:read"]]).json["id"]
            _ = try await ann.call(.put, "/secrets/upserted", ["value": "v"])
            _ = try await ann.call(.put, "/connections/upserted", ["host": "db.example"])
            _ = try await ann.call(.put, "/channels/upserted", ["type": "pager"])
            let type = try await ann.call(.post, "/job-types", ["name": "t", "defaults": [:]]).json["id"]
            func lines() async throws -> Int {
                try await bed.store.audit(AuditQuery(space: try await Self.space(bed))).items.count
            }
            var before = try await lines()
            var counted = 0
            for route in bed.server.table.routes where route.path.hasPrefix("/api/v1/") {
                guard
                    let (path, body) = Self.request(
                        route, job, dead, user?.stringValue, key?.stringValue, type?.stringValue)
                else {
                    continue
                }
                let reply = try await ann.call(route.method, path, body)
                #expect((200..<300).contains(reply.status), "\(route.method) \(path) \(reply)")
                let after = try await lines()
                let expected = route.method == .get || Self.trials.contains { path.hasSuffix($0) } ? 0 : 1
                #expect(after - before == expected, "\(route.method) \(path)")
                before = after
                counted += expected
            }
            #expect(counted == 34)
        }
    }

    /// What only shows what would be.
    private static let trials = ["/preview", "/dry-run"]

    private static func space(_ bed: TestBed) async throws -> UserID {
        try #require(try await bed.store.user(email: "ann@example.org")).space
    }

    /// A request that the route does; nil for routes that begin or end sessions, which are counted elsewhere, and for streams.
    private static func request(
        _ route: Route, _ job: String, _ dead: RunID, _ user: String?, _ key: String?, _ type: String?
    ) -> (String, JSONValue?)? {
        let id =
            route.path.contains("/jobs/")
            ? job
            : route.path.contains("/job-types/")
                ? type
                : route.path.contains("/users/") ? user : route.path.contains("/api-keys/") ? key : dead.description
        let path = route.path.replacing("{id}", with: id ?? "").replacing("{name}", with: "upserted")
        switch "\(route.method) \(route.path.dropFirst("/api/v1".count))" {
        case "POST /auth/register", "POST /auth/login", "POST /auth/refresh", "POST /auth/logout",
            "POST /auth/password-reset", "POST /auth/password-reset/confirm", "GET /events", "DELETE /jobs/{id}",
            "POST /runs/{id}/cancel", "POST /runs/{id}/discard", "GET /runs/{id}/output",
            "POST /me/password", "GET /runs/{id}/attempts/{attempt}/table":
            return nil
        case "PUT /connections/{name}": return (path, ["host": "elsewhere"])
        case "PUT /channels/{name}": return (path, ["type": "pager", "token": "t"])
        case "POST /channels/{name}/test": return (path, nil)
        case "POST /connections/{name}/test": return (path, nil)
        case "POST /actions/dry-run", "POST /actions/test": return (path, ["action": ["type": "test", "url": "https://example.org/"]])
        case "PUT /secrets/{name}": return (path, ["value": "w"])
        case "POST /job-types": return (path, ["name": "other", "defaults": [:]])
        case "PUT /job-types/{id}": return (path, ["defaults": ["priority": 1]])
        case "PATCH /me": return (path, ["name": "Ann"])
        case "POST /users": return (path, ["email": "eve@example.org", "role": "editor"])
        case "PATCH /users/{id}": return (path, ["role": "operator"])
        case "POST /api-keys": return (path, ["name": "b", "scopes": ["jobs:read"]])
        case "POST /jobs": return (path, Jobs.valid)
        case "POST /jobs/bulk": return (path, ["jobs": [Jobs.valid.merging(patch: ["name": "one"])]])
        case "POST /jobs/bulk/pause", "POST /jobs/bulk/resume", "POST /jobs/bulk/trigger", "POST /jobs/bulk/delete":
            return (path, ["filter": ["tag": "spare"]])
        case "PUT /jobs/by-name/{name}": return (path, Jobs.valid.merging(patch: ["name": "upserted"]))
        case "PUT /jobs/{id}": return (path, Jobs.valid.merging(patch: ["name": "other", "tags": ["a"]]))
        case "PATCH /jobs/{id}": return (path, ["tags": ["b"]])
        case "POST /schedules/preview": return (path, ["schedule": "@daily"])
        case "POST /dead-letters/redrive", "POST /dead-letters/discard": return (path, ["ids": []])
        default: return (path, route.method == .get || route.method == .delete ? nil : [:])
        }
    }

    @Test func signingInAndOutIsRemembered() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let login: JSONValue = ["email": "ann@example.org", "password": "wrong wrong wrong"]
            let refused = try await client.call(
                .post, "/auth/login", login, headers: [.requestID: "guess-1"])
            #expect(refused.status == 401)
            let items = try await ann.call(.get, "/audit").items
            #expect(items.map { $0["act"] } == ["account.register", "session.begin", "session.refused"])
            #expect(items.last?["request_id"] == "guess-1" && items.last?["user_id"] == .null)
            #expect(items.last?["target"] == items.first?["user_id"])
        }
    }

    @Test func changesTellBeforeAndAfterWithoutSecrets() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = try await ann.job(["action": ["token": "canary-1"]])
            _ = try await ann.call(.patch, "/jobs/\(job)", ["priority": 7, "action": ["token": "canary-2"]])
            _ = try await ann.call(.delete, "/jobs/\(job)")
            let reply = try await ann.call(.get, "/audit?target=\(job)")
            #expect(reply.items.map { $0["act"] } == ["job.create", "job.edit", "job.delete"])
            #expect(reply.items[1]["before"] == ["priority": 0] && reply.items[1]["after"] == ["priority": 7])
            #expect(reply.items[2]["before"]?["name"] == "nightly" && reply.items[2]["after"] == nil)
            #expect(!reply.text.contains("canary"))
            let refused = try await ann.call(.patch, "/jobs/\(job)", ["priority": 8])
            #expect(refused.status == 404)
            #expect(try await ann.call(.get, "/audit?target=\(job)").items.count == 3)
            for bad in ["from=yesterday", "limit=0", "who=ann"] {
                #expect(try await ann.call(.get, "/audit?\(bad)").status == 422)
            }
        }
    }

    @Test func theExportIsTheWholeChain() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            for number in 0..<PageLimit.most / 100 { _ = try await ann.job(["name": .string("job \(number)")]) }
            bed.clock.advance(by: .seconds(1))
            let reply = try await ann.call(.get, "/audit/export")
            #expect(reply.status == 200 && reply.headers[.contentType] == "application/x-ndjson")
            let lines = reply.text.split(separator: "\n").compactMap { JSONValue(text: String($0)) }
            #expect(lines.count == 12)
            var last: [UInt8] = []
            for (index, line) in lines.enumerated() {
                let at = try Instant(rfc3339: try #require(line["at"]?.stringValue))
                let text = try #require(line["entry"]?.stringValue)
                last = Array(
                    SHA256.hash(
                        data: AuditRecord.chained(after: last, sequence: Int64(index + 1), at: at, text: text)))
                #expect(line["sequence"] == .integer(Int64(index + 1)))
                let hex = last.map { String($0 + 0, radix: 16) }.map { $0.count == 1 ? "0\($0)" : $0 }.joined()
                #expect(line["hash"] == .string(hex))
            }
            let eve = try await client.user("eve")
            #expect(try await eve.call(.get, "/audit").items.count == 2)
        }
    }
}
