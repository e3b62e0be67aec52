import CronModel
import Hummingbird

/// Whether this node can do its work now.
package struct Readiness: Hashable, Sendable {
    package var isReady: Bool
    /// Each thing that was looked at and what was found, without secrets.
    package var checks: [String: String]

    package init(isReady: Bool, checks: [String: String] = [:]) {
        self.isReady = isReady
        self.checks = checks
    }
}

/// For machines that watch: unversioned, without sign-in, without secrets.
struct HealthRoutes: Sendable {
    let store: any Store
    let metricsText: @Sendable () async -> String
    let readiness: @Sendable () async -> Readiness

    /// The process answers; whether its store does is readiness.
    @Sendable func live(_ request: APIRequest) async throws -> Response {
        Answer.json(.object(["status": .string("live")]))
    }

    @Sendable func ready(_ request: APIRequest) async throws -> Response {
        let readiness = await readiness()
        let checks = JSONValue.object(readiness.checks.mapValues { .string($0) })
        guard readiness.isReady else {
            var problem = Problem(.unavailable, "this node is not ready")
            problem.members["checks"] = checks
            problem.headers[.retryAfter] = "\(Problem.retrySeconds)"
            throw problem
        }
        return Answer.json(.object(["status": .string("ready"), "checks": checks]))
    }

    @Sendable func metrics(_ request: APIRequest) async throws -> Response {
        Answer.text(await metricsText(), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    @Sendable func nodes(_ request: APIRequest) async throws -> Response {
        Answer.list(try await store.nodes().map(\.json))
    }
}
