import CronEngine
import CronModel
import Hummingbird

/// Job types: what jobs of a kind have in common.
struct JobTypeRoutes: Sendable {
    let types: JobTypeControl
    let schema: JobSchema

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        var query = ResourceQuery(.jobType, spaces: JobTypeControl.spaces(try request.owner))
        var reader = request.query
        query.text = reader.string("q")
        (query.limit, query.after, query.descending) = reader.page()
        try reader.finish()
        return Answer.page(try await types.list(query), \.jobTypeJSON)
    }

    @Sendable func create(_ request: APIRequest) async throws -> Response {
        let type = try await types.create(try await request.json(), by: request.actor)
        return Answer.versioned(
            type.jobTypeJSON, version: type.version, status: .created, location: "/api/v1/job-types/\(type.id)")
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        let type = try await types.read(request.id(), space: request.owner)
        return Answer.versioned(type.jobTypeJSON, version: type.version)
    }

    @Sendable func replace(_ request: APIRequest) async throws -> Response {
        var reader = request.query
        let dryRun = reader.flag("dry_run")
        try reader.finish()
        let (type, affected) = try await types.replace(
            request.id(), try await request.json(), version: request.ifMatch, dryRun: dryRun, by: request.actor)
        let named = affected.prefix(Self.namedLimit).map { job in
            JSONValue.object(["id": .string(job.id.description), "name": job.definition["name"] ?? .null])
        }
        guard case .object(var members) = type.jobTypeJSON else { throw Problem.notFound }
        members["dry_run"] = .bool(dryRun)
        members["affected"] = .object([
            "count": .integer(Int64(affected.count)), "jobs": .array(Array(named)),
        ])
        return Answer.versioned(.object(members), version: type.version)
    }

    @Sendable func delete(_ request: APIRequest) async throws -> Response {
        try await types.delete(request.id(), version: request.ifMatch, by: request.actor)
        return Answer.noContent
    }

    /// Of the jobs that a change affects, so many are named.
    static let namedLimit = 100
}
