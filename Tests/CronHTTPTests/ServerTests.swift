import CronModel
import CronTesting
import HTTPTypes
import HummingbirdCore
import Testing

@testable import CronHTTP

@Suite struct ServerTests {
    @Test func healthMetricsAndNodes() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            #expect(try await client.call(.get, "/livez").json["status"] == "live")
            #expect(try await client.call(.get, "/readyz").json["status"] == "ready")
            let metrics = try await client.call(.get, "/metrics")
            #expect(metrics.text == "cronpp_up 1\n" && metrics.headers[.contentType]?.hasPrefix("text/plain") == true)
            try await bed.registerNode()
            let nodes = try await client.user("ann").call(.get, "/nodes")
            #expect(nodes.items.first?["id"] == .string(TestBed.node.description), "\(nodes)")
            #expect(nodes.items.first?["dead_at"] == .some(nil))
        }
    }

    @Test func aNodeThatIsNotReadySaysWhy() async throws {
        try await TestBed(readiness: Readiness(isReady: false, checks: ["store": "unreachable"])).run { client in
            let reply = try await client.call(.get, "/readyz")
            #expect(reply.status == 503 && reply.json["checks"]?["store"] == "unreachable")
            #expect(reply.headers[.retryAfter] != nil)
            #expect(try await client.call(.get, "/livez").status == 200)
        }
    }

    @Test func storeErrorsHaveTheirAnswers() {
        let expected: [(StoreError, Int, String)] = [
            (.notFound, 404, "not-found"), (.conflict("x"), 409, "conflict"),
            (.limitReached("x"), 429, "limit-reached"),
            (.versionMismatch(current: 4), 412, "version-mismatch"), (.unavailable("secret"), 503, "unavailable"),
            (.outcomeUnknown("secret"), 503, "outcome-unknown"), (.corrupt("secret"), 500, "internal"),
            (.invalid(FieldProblem(field: "schedule", message: "m", column: 3)), 422, "validation"),
        ]
        for (error, status, kind) in expected {
            let problem = Problem(error)
            let response = problem.response(requestID: "r")
            #expect(Int(response.status.code) == status)
            #expect(problem.json(requestID: "r")["type"] == .string("/problems/\(kind)"))
            #expect(!problem.detail.contains("secret"))
            #expect((response.headers[.retryAfter] != nil) == (status == 503))
            #expect((response.headers[.cronppOutcome] == "unknown") == (kind == "outcome-unknown"))
            #expect(response.headers[.contentType] == "application/problem+json")
        }
    }
}
