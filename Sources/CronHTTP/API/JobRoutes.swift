import CronEngine
import CronModel
import Hummingbird

/// Jobs: what their owner may do.
struct JobRoutes: Sendable {
    let jobs: JobControl
    let schema: JobSchema

    @Sendable func create(_ request: APIRequest) async throws -> Response {
        let actor = try request.actor
        let bytes = try await request.bytes()
        let key = try request.idempotencyKey(body: bytes)
        let (job, isReplay) = try await jobs.create(try request.json(of: bytes), by: actor, idempotency: key)
        var response = Answer.versioned(job.json, version: job.version, status: .created, location: path(job))
        if isReplay { response.headers[.idempotencyReplayed] = "true" }
        return response
    }

    @Sendable func createMany(_ request: APIRequest) async throws -> Response {
        let actor = try request.actor
        let bytes = try await request.bytes()
        let key = try request.idempotencyKey(body: bytes)
        guard let members = try request.json(of: bytes).objectValue else {
            throw Problem.invalid("", "must be an object")
        }
        var reader = FieldReader(members)
        let items = reader.value("jobs")
        if items?.arrayValue == nil { reader.refuse("jobs", "must be an array of jobs") }
        if let count = items?.arrayValue?.count, count > JobControl.bulkLimit {
            reader.refuse("jobs", "holds \(count) jobs; the limit is \(JobControl.bulkLimit)")
        }
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let items = items?.arrayValue else { throw Problem.invalid(reader.problems) }
        let results = try await jobs.createMany(items, by: actor, idempotency: key)
        return Answer.json(.object(["results": .array(results.enumerated().map(Self.result))]))
    }

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        var query = JobQuery(owner: try request.owner)
        var reader = request.query
        query.state = reader.choice("state", JobState.self)
        query.tag = reader.string("tag")
        query.type = reader.string("type")
        query.text = reader.string("q")
        query.statuses = reader.statuses("status")
        query.next = reader.range("next")
        query.created = reader.range("created")
        query.sort = reader.choice("sort", JobSort.self) ?? query.sort
        (query.limit, query.after, query.descending) = reader.page(sort: query.sort)
        try reader.finish()
        return Answer.page(try await jobs.list(query), \.json)
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        versioned(try await jobs.read(request.id(), owner: request.owner))
    }

    @Sendable func replace(_ request: APIRequest) async throws -> Response {
        let edit = JobEdit.replace(try await request.json())
        return versioned(
            try await jobs.edit(request.id(), by: request.actor, edit, version: request.ifMatch))
    }

    @Sendable func merge(_ request: APIRequest) async throws -> Response {
        let edit = JobEdit.merge(try await request.json())
        return versioned(
            try await jobs.edit(request.id(), by: request.actor, edit, version: request.ifMatch))
    }

    @Sendable func upsert(_ request: APIRequest) async throws -> Response {
        let (job, isNew) = try await jobs.upsert(
            name: request.text("name"), try await request.json(), by: request.actor, if: request.precondition)
        return Answer.versioned(
            job.json, version: job.version, status: isNew ? .created : .ok, location: isNew ? path(job) : nil)
    }

    @Sendable func delete(_ request: APIRequest) async throws -> Response {
        try await jobs.delete(request.id(), by: request.actor, version: request.ifMatch)
        return Answer.noContent
    }

    private func versioned(_ job: JobAnswer) -> Response { Answer.versioned(job.json, version: job.version) }

    private func path(_ job: JobAnswer) -> String { "/api/v1/jobs/\(job.id)" }

    private static func result(_ index: Int, _ result: Result<JobAnswer, ControlError>) -> JSONValue {
        var members: [String: JSONValue] = ["index": .integer(Int64(index))]
        switch result {
        case .success(let job):
            members["status"] = .integer(201)
            members["job"] = job.json
        case .failure(let error):
            let problem = Problem(control: error)
            members["status"] = .integer(Int64(problem.kind.status.code))
            members["error"] = problem.json(requestID: nil)
        }
        return .object(members)
    }
}

/// Pausing, resuming, triggering and cancelling, and what a schedule would do.
extension JobRoutes {
    @Sendable func pause(_ request: APIRequest) async throws -> Response {
        try await request.refuseMembers()
        return versioned(try await jobs.pause(request.id(), by: request.actor, version: request.ifMatch))
    }

    @Sendable func resume(_ request: APIRequest) async throws -> Response {
        let body = try await request.optionalJSON()
        return versioned(
            try await jobs.resume(request.id(), by: request.actor, version: request.ifMatch, body: body))
    }

    @Sendable func trigger(_ request: APIRequest) async throws -> Response {
        let bytes = try await request.bytes()
        let id: JobID = try request.id()
        let (run, isReplay) = try await jobs.trigger(
            id, by: request.actor, version: request.ifMatch, body: request.optionalJSON(of: bytes),
            idempotency: request.idempotencyKey(body: bytes, "trigger \(id) "))
        return Answer.started(run, isReplay: isReplay)
    }

    /// Always 202: RUNNING runs have yet to end, and whether there are any is nothing a client should depend on.
    @Sendable func cancel(_ request: APIRequest) async throws -> Response {
        try await request.refuseMembers()
        let job = try await jobs.cancelRuns(request.id(), by: request.actor, version: request.ifMatch)
        return Answer.versioned(job.json, version: job.version, status: .accepted)
    }

    @Sendable func preview(_ request: APIRequest) async throws -> Response {
        Answer.json(try jobs.preview(try await request.json()).json)
    }
}

extension APIRequest {
    /// For requests that have nothing to say: an empty body or an empty object.
    func refuseMembers() async throws {
        guard let body = try await optionalJSON(), body != .null else { return }
        guard let members = body.objectValue else {
            throw Problem.invalid("", "must be an object, not \(body.kindName)")
        }
        var reader = FieldReader(members)
        reader.refuseUnknown()
        guard reader.problems.isEmpty else { throw Problem.invalid(reader.problems) }
    }
}
