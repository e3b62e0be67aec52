import CronEngine
import CronModel
import CronSchedule
import Crypto
import Foundation
import HTTPTypes
import Hummingbird

/// `/jobs`.
struct JobRoutes {
    static let bulkLimit = 1_000

    let control: JobControl

    func add(to group: RouterGroup<APIContext>) {
        group.get("/jobs", use: list)
        group.post("/jobs", use: create)
        group.post("/jobs/bulk", use: createAll)
        group.put("/jobs/by-name/:name", use: upsert)
        group.get("/jobs/:id", use: show)
        group.put("/jobs/:id") { request, context in try await edit(request, context, merge: false) }
        group.patch("/jobs/:id") { request, context in try await edit(request, context, merge: true) }
        group.delete("/jobs/:id", use: delete)
        group.post("/jobs/:id/pause") { request, context in try await change(request, context, .pause) }
        group.post("/jobs/:id/resume", use: resume)
        group.post("/jobs/:id/trigger", use: trigger)
        group.post("/jobs/:id/cancel", use: cancel)
    }

    @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        var reader = QueryReader(request)
        var query = JobQuery(owner: try context.user())
        query.state = reader.value("state", "a job's state") { JobState(rawValue: $0) }
        query.tag = reader.text("tag")
        query.type = reader.text("type")
        query.text = reader.text("q")
        query.limit = reader.limit()
        query.after = reader.cursor()
        query.descending = reader.isDescending()
        try reader.finish()
        return JSONAnswer.page(try await control.list(query)) { Shape.job($0, control) }
    }

    @Sendable private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let (json, bytes) = try await JSONBody.read(request)
        let created = try await control.create(
            json, owner: try context.user(), idempotency: try idempotencyKey(request, bytes))
        var response = answer(created.job, status: .created)
        response.headers[.location] = "/api/v1/jobs/\(created.job.job.id)"
        if created.isReplay, let name = HTTPField.Name("Idempotency-Replayed") { response.headers[name] = "true" }
        return response
    }

    private func idempotencyKey(_ request: Request, _ body: [UInt8]) throws -> IdempotencyKey? {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else { return nil }
        guard (1...IdempotencyKey.lengthLimit).contains(key.utf8.count) else {
            throw APIError.invalid([
                FieldProblem(field: "Idempotency-Key", message: "must be 1 to \(IdempotencyKey.lengthLimit) bytes long")
            ])
        }
        return IdempotencyKey(key: key, bodyDigest: Array(SHA256.hash(data: body)))
    }

    @Sendable private func createAll(_ request: Request, _ context: APIContext) async throws -> Response {
        let (json, _) = try await JSONBody.read(request, limit: JSONBody.bulkLimitBytes)
        guard let items = json["jobs"]?.arrayValue, (1...Self.bulkLimit).contains(items.count) else {
            throw APIError.invalid([
                FieldProblem(field: "jobs", message: "must be an array of 1 to \(Self.bulkLimit) jobs")
            ])
        }
        let results = try await control.createAll(items, owner: try context.user())
        let shown = results.enumerated().map { index, result in
            switch result {
            case .success(let created):
                JSONValue.object([
                    "index": .integer(Int64(index)), "status": .integer(201), "job": Shape.job(created.job, control),
                ])
            case .failure(let error):
                JSONValue.object([
                    "index": .integer(Int64(index)), "status": .integer(Int64(APIError(error).status.code)),
                    "error": .object([
                        "type": .string("/problems/\(APIError(error).type)"), "detail": .string(APIError(error).detail),
                    ]),
                ])
            }
        }
        return JSONAnswer.response(.object(["results": .array(shown)]))
    }

    @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
        guard let view = try await control.find(try context.id(), owner: try context.user()) else {
            throw APIError.notFound
        }
        return answer(view)
    }

    private func edit(_ request: Request, _ context: APIContext, merge: Bool) async throws -> Response {
        let (json, _) = try await JSONBody.read(request)
        let view = try await control.edit(
            try context.id(), json, merge: merge, owner: try context.user(), version: try version(request))
        return answer(view)
    }

    @Sendable private func upsert(_ request: Request, _ context: APIContext) async throws -> Response {
        guard let name = context.parameters.get("name")?.removingPercentEncoding, !name.isEmpty else {
            throw APIError.notFound
        }
        let (json, _) = try await JSONBody.read(request)
        let (view, isNew) = try await control.upsert(
            name: name, json, owner: try context.user(), version: try version(request))
        return answer(view, status: isNew ? .created : .ok)
    }

    @Sendable private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await control.change(
            try context.id(), .delete, owner: try context.user(), version: try version(request))
        return Response(status: .noContent)
    }

    private func change(_ request: Request, _ context: APIContext, _ change: JobChange) async throws -> Response {
        _ = try await JSONBody.read(request, isOptional: true)
        let changed = try await control.change(
            try context.id(), change, owner: try context.user(), version: try version(request))
        return answer(changed.job)
    }

    @Sendable private func resume(_ request: Request, _ context: APIContext) async throws -> Response {
        let (json, _) = try await JSONBody.read(request, isOptional: true)
        var reader = FieldReader(json.objectValue ?? [:])
        let policy = reader.choice("policy", ResumePolicy.self)
        reader.refuseUnknown()
        if !reader.problems.isEmpty { throw APIError.invalid(reader.problems) }
        let changed = try await control.change(
            try context.id(), .resume(policy), owner: try context.user(), version: try version(request))
        return answer(changed.job)
    }

    @Sendable private func trigger(_ request: Request, _ context: APIContext) async throws -> Response {
        let payload = try await PayloadBody.read(request)
        let changed = try await control.change(try context.id(), .trigger(payload: payload), owner: try context.user())
        guard let run = changed.triggered else { throw APIError.conflict("the job was not triggered") }
        return JSONAnswer.response(Shape.run(run), status: .accepted)
    }

    @Sendable private func cancel(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await JSONBody.read(request, isOptional: true)
        let changed = try await control.change(try context.id(), .cancelRuns, owner: try context.user())
        return answer(changed.job, status: .accepted)
    }

    private func answer(_ view: JobView, status: HTTPResponse.Status = .ok) -> Response {
        var response = JSONAnswer.response(Shape.job(view, control), status: status)
        response.headers[.eTag] = "\"\(view.job.version)\""
        return response
    }

    private func version(_ request: Request) throws -> Int64? {
        guard let text = request.headers[.ifMatch], text != "*" else { return nil }
        guard let version = Int64(text.filter { $0 != "\"" }) else {
            throw APIError.invalid([FieldProblem(field: "If-Match", message: "must be a job's version, such as \"3\"")])
        }
        return version
    }
}

/// `{"payload"?}`, the body of trigger and redrive.
enum PayloadBody {
    static func read(_ request: Request) async throws -> JSONValue? {
        let (json, _) = try await JSONBody.read(request, isOptional: true)
        var reader = FieldReader(json.objectValue ?? [:])
        let payload = reader.value("payload")
        reader.refuseUnknown()
        if !reader.problems.isEmpty { throw APIError.invalid(reader.problems) }
        return payload
    }
}
