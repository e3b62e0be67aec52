import CronEngine
import CronModel
import Hummingbird

/// `/runs` and `/dead-letters`.
struct RunRoutes {
    let control: RunControl

    func add(to group: RouterGroup<APIContext>) {
        group.get("/runs") { request, context in try await list(request, context, statuses: nil) }
        group.get("/runs/:id", use: show)
        group.get("/runs/:id/attempts", use: attempts)
        group.get("/runs/:id/events", use: events)
        group.post("/runs/:id/cancel", use: cancel)
        group.post("/runs/:id/redrive", use: redrive)
        group.post("/runs/:id/discard", use: discard)
        group.get("/dead-letters") { request, context in try await list(request, context, statuses: [.dead]) }
        group.post("/dead-letters/redrive") { request, context in
            try await bulk(request, context) { run, payload, user throws(ControlError) in
                try await control.redrive(run, payload: payload, owner: user)
            }
        }
        group.post("/dead-letters/discard") { request, context in
            try await bulk(request, context) { run, _, user throws(ControlError) in
                try await control.discard(run, owner: user)
            }
        }
    }

    private func list(_ request: Request, _ context: APIContext, statuses: Set<RunStatus>?) async throws -> Response {
        var reader = QueryReader(request)
        let user = try context.user()
        var query = RunQuery(owner: user)
        query.jobID = reader.value("job_id", "a UUID") { JobID($0) }
        query.statuses = statuses ?? []
        if statuses == nil {
            query.statuses = reader.value("status", "a list of run statuses", Self.statuses) ?? []
        }
        query.from = reader.instant("from")
        query.to = reader.instant("to")
        query.limit = reader.limit()
        query.after = reader.cursor()
        query.descending = reader.isDescending()
        let include = reader.value("include", "a list of attempts, events", Self.inclusions) ?? []
        try reader.finish()
        let page = try await control.list(query)
        var shown: [JSONValue] = []
        for run in page.items {
            let attempts = include.contains("attempts") ? try await allAttempts(of: run, user) : nil
            shown.append(Shape.run(run, attempts: attempts, events: include.contains("events")))
        }
        return JSONAnswer.page(Page(items: shown, next: page.next)) { $0 }
    }

    private static func statuses(_ text: String) -> Set<RunStatus>? {
        let parsed = text.split(separator: ",").map { RunStatus(name: $0.uppercased()) }
        return parsed.contains(nil) ? nil : Set(parsed.compactMap { $0 })
    }

    private static func inclusions(_ text: String) -> Set<String>? {
        let parts = Set(text.split(separator: ",").map(String.init))
        return parts.isSubset(of: ["attempts", "events"]) ? parts : nil
    }

    /// The newest attempt lies in the run; only retried runs have others.
    private func allAttempts(of run: Run, _ user: UserID) async throws -> [Attempt] {
        guard run.attempt > 1 else { return run.current.map { [$0] } ?? [] }
        return try await control.attempts(of: run.id, owner: user)
    }

    @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
        JSONAnswer.response(Shape.run(try await control.find(try context.id(), owner: try context.user())))
    }

    @Sendable private func attempts(_ request: Request, _ context: APIContext) async throws -> Response {
        let id: RunID = try context.id()
        let attempts = try await control.attempts(of: id, owner: try context.user())
        return JSONAnswer.page(Page(items: attempts, next: nil)) { Shape.attempt($0, of: id) }
    }

    @Sendable private func events(_ request: Request, _ context: APIContext) async throws -> Response {
        let run = try await control.find(try context.id(), owner: try context.user())
        return JSONAnswer.page(Page(items: run.events, next: nil), Shape.event)
    }

    @Sendable private func cancel(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await JSONBody.read(request, isOptional: true)
        let run = try await control.cancel(try context.id(), owner: try context.user())
        return JSONAnswer.response(Shape.run(run), status: .accepted)
    }

    @Sendable private func redrive(_ request: Request, _ context: APIContext) async throws -> Response {
        let payload = try await PayloadBody.read(request)
        let run = try await control.redrive(try context.id(), payload: payload, owner: try context.user())
        return JSONAnswer.response(Shape.run(run), status: .accepted)
    }

    @Sendable private func discard(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await JSONBody.read(request, isOptional: true)
        return JSONAnswer.response(Shape.run(try await control.discard(try context.id(), owner: try context.user())))
    }

    /// `{"ids": […]}`, or `{"job_id": …}`, or `{"all": true}`; each dead letter has its own result.
    private func bulk(
        _ request: Request, _ context: APIContext,
        _ act: (RunID, JSONValue?, UserID) async throws(ControlError) -> Run
    ) async throws -> Response {
        let (json, _) = try await JSONBody.read(request)
        let user = try context.user()
        var reader = FieldReader(json.objectValue ?? [:])
        let ids = reader.value("ids")
        let job = reader.string("job_id")
        let all = reader.bool("all") ?? false
        let payload = reader.value("payload")
        reader.refuseUnknown()
        if [ids != nil, job != nil, all].filter({ $0 }).count != 1 {
            reader.refuse("ids", "give exactly one of ids, job_id and all")
        }
        if !reader.problems.isEmpty { throw APIError.invalid(reader.problems) }
        var results: [JSONValue] = []
        for id in try await selected(ids, job, user) {
            do throws(ControlError) {
                results.append(.object(["run": Shape.run(try await act(id, payload, user)), "status": .integer(202)]))
            } catch {
                let problem = APIError(error)
                results.append(
                    .object([
                        "id": .string(id.description), "status": .integer(Int64(problem.status.code)),
                        "error": .object([
                            "type": .string("/problems/\(problem.type)"), "detail": .string(problem.detail),
                        ]),
                    ]))
            }
        }
        return JSONAnswer.response(.object(["results": .array(results)]))
    }

    private func selected(_ ids: JSONValue?, _ job: String?, _ user: UserID) async throws -> [RunID] {
        if let ids {
            let parsed = ids.arrayValue?.map { $0.stringValue.flatMap { RunID($0) } } ?? []
            guard !parsed.isEmpty, parsed.count <= RunControl.bulkLimit, !parsed.contains(nil) else {
                throw APIError.invalid([
                    FieldProblem(field: "ids", message: "must be an array of 1 to \(RunControl.bulkLimit) run ids")
                ])
            }
            return parsed.compactMap { $0 }
        }
        var jobID: JobID?
        if let job {
            jobID = JobID(job)
            if jobID == nil { throw APIError.invalid([FieldProblem(field: "job_id", message: "must be a UUID")]) }
        }
        return try await control.deadLetters(job: jobID, owner: user)
    }
}
