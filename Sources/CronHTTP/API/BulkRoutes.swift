import CronEngine
import CronModel
import Hummingbird

/// What is done to many jobs at once.
struct BulkRoutes: Sendable {
    let jobs: JobControl

    @Sendable func pause(_ request: APIRequest) async throws -> Response { try await decide(.pause, request) }
    @Sendable func resume(_ request: APIRequest) async throws -> Response { try await decide(.resume, request) }
    @Sendable func trigger(_ request: APIRequest) async throws -> Response { try await decide(.trigger, request) }
    @Sendable func delete(_ request: APIRequest) async throws -> Response { try await decide(.delete, request) }

    private func decide(_ verb: BulkVerb, _ request: APIRequest) async throws -> Response {
        let bytes = try await request.bytes()
        let key = verb == .trigger ? try request.idempotencyKey(body: bytes, "bulk trigger ") : nil
        let answer = try await jobs.decideMany(
            verb, body: request.json(of: bytes), by: request.actor, idempotency: key)
        switch answer {
        case .dry(let dry): return Answer.json(dry.json(Self.members))
        case .done(let done):
            let failed = done.failed.map { job, error in
                var members = Self.members(job)
                members["error"] = Problem(control: error).json(requestID: nil)
                return JSONValue.object(members)
            }
            return Answer.json(
                .object([
                    "count": .integer(Int64(done.count)), "done": .integer(Int64(done.done)), "failed": .array(failed),
                ]))
        }
    }

    private static func members(_ job: NamedJob) -> [String: JSONValue] {
        ["id": .string(job.id.description), "name": .string(job.name)]
    }
}

extension DryRun {
    func json(_ members: (Sample) -> [String: JSONValue]) -> JSONValue {
        .object([
            "count": .integer(Int64(count)), "dry_run": .bool(true),
            "sample": .array(sample.map { .object(members($0)) }),
        ])
    }
}
