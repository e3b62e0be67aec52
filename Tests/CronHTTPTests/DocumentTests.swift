import CronModel
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// The document itself; that answers are as it says is checked with every answer (`DocumentCheck`).
@Suite struct DocumentTests {
    @Test func theDocumentIsServedAndWhole() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let reply = try await client.call(.get, "/openapi.json")
            #expect(reply.status == 200 && reply.json["openapi"] == "3.1.0", "\(reply)")
            #expect(reply.json == Document(routes: bed.server.table.routes, version: "0").json)
            let check = SchemaCheck(document: reply.json)
            let references = Self.references(in: reply.json)
            #expect(references.count > 30)
            for reference in references { #expect(check.target(of: reference) != nil, "\(reference)") }
        }
    }

    @Test func operationsHaveNamesOfTheirOwnAndEveryParameterOfThePath() async throws {
        let routes = try await TestBed().server.table.routes
        #expect(Set(routes.map(\.operation.id)).count == routes.count)
        for route in routes {
            let inPath = route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
            let described = route.operation.parameters.filter { $0.place == .path }.map(\.name)
            #expect(inPath.map(String.init).sorted() == described.sorted(), "\(route.path)")
            #expect(Set(route.operation.parameters.map(\.name)).count == route.operation.parameters.count)
            #expect(!route.operation.answers.isEmpty, "\(route.operation.id)")
        }
    }

    /// What the checks of all other tests rest on.
    @Test func plantedErrorsAreFound() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let id = try await user.job()
            let good = try await user.call(.get, "/jobs/\(id)")
            let path = "/api/v1/jobs/\(id)"
            let changes: [JSONValue] = [
                ["version": "1"], ["state": "asleep"], ["id": nil], ["surplus": 1], ["next_run_time": "tomorrow"],
                ["created_at": "2026-11-02T08:30:00Z"], ["retry": ["factor": 1_000]], ["tags": [1]], ["priority": 101],
                ["overlap": "queue(1001)"], ["action": ["type": "other"]], ["timeout": "1 hour"],
            ]
            #expect(bed.document.findings(good, to: .get, path) == [])
            for change in changes {
                let bad = Reply(
                    status: 200, headers: good.headers, text: good.text, json: good.json.merging(patch: change))
                #expect(!bed.document.findings(bad, to: .get, path).isEmpty, "\(change)")
            }
            var headers = good.headers
            headers[.eTag] = nil
            let bare = Reply(status: 200, headers: headers, text: good.text, json: good.json)
            #expect(bed.document.findings(bare, to: .get, path) == ["the header ETag is missing"])
            let odd = Reply(status: 418, headers: good.headers, text: good.text, json: good.json)
            #expect(bed.document.findings(odd, to: .get, path) == ["the status is not described"])
        }
    }

    @Test func examplesAreAsTheirSchemasSay() async throws {
        let bed = try await TestBed()
        let check = SchemaCheck(document: Document(routes: bed.server.table.routes, version: "0").json)
        for route in bed.server.table.routes {
            guard let body = route.operation.body, var example = body.example else { continue }
            // Webhooks are not among the actions of a test bed.
            if example["action"] != nil { example = example.merging(patch: ["action": ["type": "test"]]) }
            guard route.operation.id != "createJobs" else { continue }
            #expect(check.findings(example, body.schema.json) == [], "\(route.operation.id)")
        }
    }

    /// What is refused when it is there twice, the document calls a set.
    @Test func alertsNameEachChannelAndEventOnce() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let check = SchemaCheck(document: Document(routes: bed.server.table.routes, version: "0").json)
            let body = try #require(bed.server.table.routes.first { $0.operation.id == "createJob" }?.operation.body)
            for (alerts, field) in [
                (["channels": ["ops", "ops"], "on": ["dead"]], "alerts.channels"),
                (["channels": ["ops"], "on": ["dead", "dead"]], "alerts.on[1]"),
            ] as [(JSONValue, String)] {
                let job = Jobs.valid.merging(patch: ["alerts": alerts])
                #expect(!check.isValid(job, body.schema.json))
                let reply = try await user.call(.post, "/jobs", job)
                #expect(reply.status == 422 && reply.json["errors"]?.arrayValue?.first?["field"] == .string(field), "\(reply)")
            }
        }
    }

    /// Every operation has answered well at least once, and its answer was as described.
    @Test func everyOperationAnswersAsDescribed() async throws {
        let bed = try await TestBed(mail: MailDrop())
        try await bed.run { client in
            try await bed.registerNode()
            var user = try await client.user("ann")
            let job = try await user.job(["tags": ["a"], "payload": ["deep": [1, 2.5, nil]]])
            let dead = try await bed.deadLetter(of: job)
            let discarded = try await bed.deadLetter(of: job)
            let selected = try await bed.table(of: job)
            let waiting = try await bed.triggered(job)
            let seen = Seen(bed.server.table)
            user.onReply = { method, path, reply in seen.note(method, path, reply.status) }

            let session = try await user.call(.post, "/auth/login", TestClient.credentials("ann")).json
            let refreshed = try await user.call(
                .post, "/auth/refresh", ["refresh_token": session["refresh_token"] ?? nil]
            ).json
            _ = try await user.call(.post, "/auth/logout", ["refresh_token": refreshed["refresh_token"] ?? nil])
            _ = try await user.call(.post, "/auth/register", TestClient.credentials("eve"))
            for path in [
                "/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/password-reset", "/me", "/nodes", "/jobs",
                "/jobs/\(job)", "/jobs/\(job)/alerts",
            ] {
                _ = try await user.call(.get, path)
            }
            for path in [
                "/runs?include=attempts,events", "/runs/\(dead)", "/runs/\(dead)/attempts", "/runs/\(dead)/events",
                "/runs/\(selected)/attempts", "/runs/\(selected)/attempts/1/table",
                "/dead-letters",
            ] {
                _ = try await user.call(.get, path)
            }
            _ = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["name": "b"]))
            _ = try await user.call(.post, "/jobs/bulk", ["jobs": [Jobs.valid, [:]]])
            _ = try await user.call(.put, "/jobs/by-name/c", Jobs.valid.merging(patch: ["name": nil]))
            _ = try await user.call(.put, "/jobs/\(job)", Jobs.valid)
            _ = try await user.call(.patch, "/jobs/\(job)", ["retry": ["strategy": "list", "delays": ["1s"]]])
            _ = try await user.call(.post, "/runs/\(waiting)/cancel")
            for verb in ["pause", "resume", "trigger", "cancel"] {
                _ = try await user.call(.post, "/jobs/\(job)/\(verb)")
            }
            for verb in ["pause", "resume", "trigger", "delete"] {
                _ = try await user.call(.post, "/jobs/bulk/\(verb)", ["filter": ["q": "b"]])
            }
            _ = try await user.call(.get, "/runs/\(dead)/output")
            _ = try await user.call(.post, "/runs/\(dead)/redrive")
            _ = try await user.call(.post, "/runs/\(discarded)/discard")
            for verb in ["redrive", "discard"] {
                _ = try await user.call(.post, "/dead-letters/\(verb)", ["ids": [.string("\(discarded)")]])
            }
            _ = try await user.call(.post, "/schedules/preview", ["schedule": "0 9 * * MON"])
            _ = try await user.call(.delete, "/jobs/\(job)")
            try await Self.askAboutPeople(user)
            // The stream never ends here; EventTests read it.
            #expect(seen.missing == ["streamEvents"])
        }
    }

    /// The operations about accounts, keys, secrets and the audit log.
    private static func askAboutPeople(_ user: TestClient) async throws {
        let invited = try await user.call(.post, "/users", ["email": "bob@example.org", "role": "viewer"]).json
        let bob = try #require(invited["id"]?.stringValue)
        let password: JSONValue = "another horse battery"
        let token = invited["password_reset"]?["token"] ?? nil
        _ = try await user.choosePassword(token, password)
        _ = try await user.call(.post, "/auth/password-reset", ["email": "bob@example.org"])
        _ = try await user.call(.post, "/users/\(bob)/password-reset")
        _ = try await user.call(.patch, "/users/\(bob)", ["disabled": true])
        let key = try await user.call(.post, "/api-keys", ["name": "k", "scopes": ["jobs:read"]]).json["id"]
        for path in ["/users", "/users/\(bob)", "/api-keys", "/api-keys/\(key?.stringValue ?? "")"] {
            _ = try await user.call(.get, path)
        }
        _ = try await user.call(.delete, "/api-keys/\(key?.stringValue ?? "")")
        let type =
            try await user.call(
                .post, "/job-types", ["name": "t", "defaults": ["max_retries": 1, "timezone": "Europe/Berlin"]]
            ).json["id"]?.stringValue ?? ""
        for path in ["/job-types", "/job-types/\(type)"] { _ = try await user.call(.get, path) }
        _ = try await user.call(.put, "/job-types/\(type)", ["defaults": ["priority": 1]])
        _ = try await user.call(.delete, "/job-types/\(type)")
        _ = try await user.call(.put, "/secrets/s", ["value": "v"])
        for path in ["/secrets", "/secrets/s", "/audit", "/audit/export"] { _ = try await user.call(.get, path) }
        _ = try await user.call(.delete, "/secrets/s")
        for (path, body): (String, JSONValue) in [
            ("/connections", ["host": "db.example"]), ("/channels", ["type": "pager"]),
        ] {
            _ = try await user.call(.put, "\(path)/c", body)
            for path in [path, "\(path)/c"] { _ = try await user.call(.get, path) }
            _ = try await user.call(.post, "\(path)/c/test")
            _ = try await user.call(.delete, "\(path)/c")
        }
        for path in ["/actions/dry-run", "/actions/test"] {
            _ = try await user.call(.post, path, ["action": ["type": "test", "url": "https://a.example"]])
        }
        _ = try await user.call(.patch, "/me", ["name": "Ann"])
        _ = try await user.call(
            .post, "/me/password", ["current_password": "correct horse battery", "new_password": password])
    }

    private static func references(in value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members):
            members.reduce(into: []) { found, member in
                if member.key == "$ref", let text = member.value.stringValue { found.insert(text) }
                found.formUnion(references(in: member.value))
            }
        case .array(let items): items.reduce(into: []) { $0.formUnion(references(in: $1)) }
        default: []
        }
    }
}

/// Which operations have answered with success.
private final class Seen: Sendable {
    private let table: RouteTable
    private nonisolated(unsafe) var ids: Set<String> = []

    init(_ table: RouteTable) {
        self.table = table
    }

    func note(_ method: HTTPRequest.Method, _ path: String, _ status: Int) {
        guard (200..<300).contains(status),
            let route = table.routes.first(where: { $0.method == method && $0.matches(path) })
        else { return }
        ids.insert(route.operation.id)
    }

    var missing: [String] { table.routes.map(\.operation.id).filter { !ids.contains($0) }.sorted() }
}
