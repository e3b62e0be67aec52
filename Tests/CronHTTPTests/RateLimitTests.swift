import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct RateLimitTests {
    @Test func whoAsksTooOftenIsToldWhenToComeBack() async throws {
        let bed = try await TestBed(rateLimit: 5)
        try await bed.run { client in
            // Registering and signing in are counted for the address: one budget of its own.
            let ann = try await client.user("ann")
            for left in (0..<5).reversed() {
                let reply = try await ann.call(.get, "/me")
                #expect(reply.status == 200)
                #expect(reply.headers[.rateLimitPolicy] == "\"default\";q=5;w=60")
                #expect(reply.headers[.rateLimit] == "\"default\";r=\(left);t=60")
            }
            let refused = try await ann.call(.get, "/me")
            #expect(refused.status == 429 && refused.problem == "rate-limited" && refused.headers[.retryAfter] == "60")
            #expect(refused.headers[.rateLimit] == "\"default\";r=0;t=60")
            #expect(try await client.call(.get, "/livez").status == 200)
            // Also on refusals.
            let wrong = try await client.call(.post, "/auth/login", [:])
            #expect(wrong.status == 422 && wrong.headers[.rateLimit] == "\"default\";r=2;t=60")
            bed.clock.advance(by: .seconds(30))
            #expect(try await ann.call(.get, "/me").headers[.retryAfter] == "30")
            let bob = try await client.user("bob")
            #expect(try await bob.call(.get, "/me").status == 200, "another account has its own")
            let key = try await bob.call(.post, "/api-keys", ["name": "k", "scopes": ["jobs:read"]])
            var program = client
            program.token = key.json["key"]?.stringValue
            for _ in 0..<5 { #expect(try await program.call(.get, "/jobs").status == 200) }
            #expect(try await program.call(.get, "/jobs").status == 429)
            #expect(try await bob.call(.get, "/me").status == 200, "and so has each key")
            bed.clock.advance(by: .seconds(30))
            #expect(try await ann.call(.get, "/me").status == 200)
        }
    }

    @Test func withoutALimitNothingIsCounted() async throws {
        try await TestBed().run { client in
            let ann = try await client.user("ann")
            #expect(try await ann.call(.get, "/me").headers[.rateLimit] == nil)
        }
    }

    @Test func aSpaceMayAskForSoManyRunsAMinute() async throws {
        let bed = try await TestBed(runQuota: 3)
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = try await ann.job(["overlap": "allow"])
            let dead = try await bed.deadLetter(of: job)
            _ = try await ann.job(["name": "other"])
            #expect(try await ann.call(.post, "/jobs/\(job)/trigger", headers: [.idempotencyKey: "k"]).status == 202)
            bed.clock.advance(by: .seconds(20))
            // A repeated request runs nothing.
            #expect(try await ann.call(.post, "/jobs/\(job)/trigger", headers: [.idempotencyKey: "k"]).status == 202)
            #expect(try await ann.call(.post, "/runs/\(dead)/redrive").status == 202)
            let many = try await ann.call(.post, "/jobs/bulk/trigger", ["filter": ["all": true]])
            #expect(many.json["done"] == 1, "\(many)")
            #expect(many.json["failed"]?.arrayValue?.first?["error"]?["type"] == "/problems/limit-reached")
            let refused = try await ann.call(.post, "/jobs/\(job)/trigger")
            #expect(refused.status == 429 && refused.problem == "limit-reached", "\(refused)")
            #expect(refused.headers[.retryAfter] == "40" && refused.json["limit"] == 3)
            #expect(refused.json["detail"] == "the space may ask for 3 runs a minute; try again in 40 s")
            let bob = try await client.user("bob")
            let bobs = try await bob.job()
            #expect(try await bob.call(.post, "/jobs/\(bobs)/trigger").status == 202, "another space has its own")
            bed.clock.advance(by: .seconds(40))
            #expect(try await ann.call(.post, "/jobs/\(job)/trigger").status == 202)
        }
    }

    @Test func aSpaceMayHaveSoManyJobs() async throws {
        let bed = try await TestBed(jobQuota: 3)
        try await bed.run { client in
            let ann = try await client.user("ann")
            let first = try await ann.job(["name": "a"])
            let items: JSONValue = .array(["b", "c", "d"].map { Jobs.valid.merging(patch: ["name": .string($0)]) })
            let bulk = try await ann.call(.post, "/jobs/bulk", ["jobs": items])
            #expect(bulk.json["results"]?.arrayValue?.map { $0["status"] ?? nil } == [201, 201, 429], "\(bulk)")
            let refused = try await ann.call(.post, "/jobs", Jobs.valid.merging(patch: ["name": "e"]))
            #expect(refused.status == 429 && refused.problem == "limit-reached", "\(refused)")
            #expect(refused.json["detail"] == "there are 3 jobs already; the space may have 3")
            let bob = try await client.user("bob")
            _ = try await bob.job(["name": "e"])
            #expect(try await ann.call(.delete, "/jobs/\(first)").status == 204)
            _ = try await ann.job(["name": "e"])
        }
    }
}
