import CronModel
import HTTPTypes
import NIOCore
import Testing

@testable import CronHTTP

/// What holds on every route, derived from the server's own table.
@Suite struct RouteTests {
    private static func path(_ route: Route, id: String) -> String {
        route.path.replacing("{id}", with: id).replacing("{name}", with: "nightly").replacing("{attempt}", with: "1")
    }

    @Test func everyRouteUnderV1ButAuthNeedsAToken() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            for route in bed.server.table.routes {
                let isOpen = !route.path.hasPrefix("/api/v1") || route.path.hasPrefix("/api/v1/auth/")
                #expect((route.access == .open) == isOpen, "\(route.path)")
                guard !isOpen else { continue }
                let reply = try await client.call(route.method, Self.path(route, id: "\(RunID(high: 1, low: 1))"))
                #expect(
                    reply.status == 401 && reply.problem == "unauthenticated", "\(route.method) \(route.path) \(reply)")
                #expect(reply.headers[.wwwAuthenticate] != nil)
            }
        }
    }

    @Test func foreignIDsAreNotFoundOnEveryRoute() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let bob = try await client.user("bob")
            let job = try await ann.job()
            let run = try await bed.deadLetter(of: job).description
            var checked = 0
            for route in bed.server.table.routes where route.path.contains("{id}") {
                let path = Self.path(route, id: route.path.contains("/jobs/") ? job : run)
                let body: JSONValue? = route.method == .put || route.method == .patch ? Jobs.valid : nil
                let foreign = try await bob.call(route.method, path, body)
                #expect(foreign.status == 404, "\(route.method) \(path) \(foreign)")
                let absent = try await bob.call(route.method, Self.path(route, id: "\(JobID(high: 9, low: 9))"), body)
                #expect(absent.json["detail"] == foreign.json["detail"] && absent.status == 404)
                let unreadable = try await bob.call(route.method, Self.path(route, id: "1%20or%201=1"), body)
                #expect(unreadable.status == 404, "\(route.method) \(path) \(unreadable)")
                checked += 1
            }
            #expect(checked == 25)
            #expect(try await bob.call(.get, "/runs?job_id=\(job)").status == 404)
            #expect(try await bob.call(.get, "/dead-letters?job_id=\(job)").status == 404)
            for verb in ["redrive", "discard"] {
                #expect(try await bob.call(.post, "/dead-letters/\(verb)", ["job_id": .string(job)]).status == 404)
                let byID = try await bob.call(.post, "/dead-letters/\(verb)", ["ids": [.string(run)]])
                #expect(byID.json["results"]?.arrayValue?.first?["status"] == 404, "\(byID)")
            }
            #expect(try await bob.call(.get, "/jobs").items.isEmpty)
            #expect(try await bob.call(.get, "/runs").items.isEmpty)
            #expect(try await bob.call(.get, "/dead-letters").items.isEmpty)
            let upsert = try await bob.call(.put, "/jobs/by-name/nightly", Jobs.valid)
            #expect(upsert.status == 201 && upsert.json["id"] != .string(job))
            #expect(try await ann.call(.get, "/jobs/\(job)").json["version"] == 1)
            #expect(try await ann.call(.get, "/runs/\(run)").json["status"] == "DEAD")
        }
    }

    @Test func otherMethodsAreNamedAndOtherPathsAreNotFound() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            for route in bed.server.table.routes {
                let reply = try await user.call(.init("PURGE")!, Self.path(route, id: "\(JobID(high: 1, low: 1))"))
                #expect(reply.status == 405 && reply.problem == "method-not-allowed", "\(route.path) \(reply)")
                #expect(reply.headers[.allow]?.contains(route.method.rawValue) == true)
            }
            for path in ["/api/v1/nothing", "/api/v1", "/api/v2/jobs", "/api/v1/jobs/x/y/z", "/nothingz"] {
                let reply = try await user.call(.get, path)
                #expect(reply.status == 404 && reply.problem == "not-found", "\(path) \(reply)")
                #expect(reply.headers[.contentType] == "application/problem+json")
                #expect(reply.headers[.cronppNode] == TestBed.node.description)
                #expect(reply.json["request_id"]?.stringValue == reply.headers[.requestID])
            }
        }
    }

    @Test func aLiteralPathIsNoID() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(.put, "/jobs/bulk", Jobs.valid)
            #expect(reply.status == 405 && reply.headers[.allow] == "POST", "\(reply)")
        }
    }

    /// Routes that read a body: method, path, and whether an empty one is fine.
    private static func bodyRoutes(_ id: String) -> [(HTTPRequest.Method, String, Bool)] {
        [
            (.post, "/auth/register", false), (.post, "/auth/login", false), (.post, "/auth/refresh", false),
            (.post, "/auth/logout", false), (.post, "/jobs", false), (.post, "/jobs/bulk", false),
            (.put, "/jobs/by-name/x", false), (.put, "/jobs/\(id)", false), (.patch, "/jobs/\(id)", false),
            (.post, "/jobs/\(id)/pause", true), (.post, "/jobs/\(id)/resume", true),
            (.post, "/jobs/\(id)/trigger", true),
            (.post, "/jobs/\(id)/cancel", true), (.post, "/schedules/preview", false),
            (.post, "/dead-letters/redrive", false),
            (.post, "/dead-letters/discard", false), (.post, "/runs/\(id)/redrive", true),
            (.post, "/runs/\(id)/cancel", true),
            (.post, "/runs/\(id)/discard", true),
        ]
    }

    @Test func badBodiesAreRefusedAlike() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = try await user.job()
            let deep = Array((String(repeating: "[", count: 100_000)).utf8)
            for (method, path, mayBeEmpty) in Self.bodyRoutes(id) {
                for text in ["{", "{\"a\":1,}", "nul", "{\"a\":1,\"a\":2}", "[1] 2", "\u{FEFF}{}"] {
                    let reply = try await user.send(method, path, Array(text.utf8))
                    #expect(reply.status == 400 && reply.problem == "malformed-json", "\(path) \(text) \(reply)")
                }
                #expect(try await user.send(method, path, [0x22, 0xFF, 0x22]).status == 400, "\(path)")
                #expect(try await user.send(method, path, deep).status == 400, "\(path)")
                let list = try await user.send(method, path, Array("[]".utf8))
                #expect(list.status == 422, "\(path) \(list)")
                let unknown = try await user.call(method, path, ["no_such_field": 1])
                #expect(unknown.status == 422 && unknown.message("no_such_field") != nil, "\(path) \(unknown)")
                let form = try await user.send(method, path, Array("a=1".utf8), headers: [.contentType: "text/plain"])
                #expect(form.status == 415 && form.problem == "unsupported-media-type", "\(path) \(form)")
                if !mayBeEmpty { #expect(try await user.send(method, path, nil).status == 400, "\(path)") }
            }
        }
    }

    @Test func aBodyBeyondTheLimitIsRefused() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let big = [UInt8](repeating: UInt8(ascii: " "), count: 10_000_000)
            for (method, path, _) in Self.bodyRoutes("\(JobID(high: 1, low: 1))").prefix(9) {
                let reply = try await user.send(method, path, big)
                #expect(reply.status == 413 && reply.problem == "body-too-large", "\(path) \(reply)")
                #expect(reply.headers[.connection] == "close")
            }
            let full = Jobs.valid.merging(patch: ["payload": .string(String(repeating: "x", count: 1_000_000))])
            #expect(try await user.call(.post, "/jobs", full).status == 201)
        }
    }

    @Test func headRequestsAreAnswered() async throws {
        try await TestBed().run { client in
            let reply = try await client.call(.head, "/livez")
            #expect(reply.status == 200 && reply.text.isEmpty)
        }
    }

    @Test func requestIDsAreTheClientsIfSound() async throws {
        try await TestBed().run { client in
            #expect(
                try await client.call(.get, "/livez", headers: [.requestID: "abc-1"]).headers[.requestID] == "abc-1")
            let made = try await client.call(.get, "/livez", headers: [.requestID: "a b"]).headers[.requestID]
            #expect(made?.count == 16)
        }
    }
}
