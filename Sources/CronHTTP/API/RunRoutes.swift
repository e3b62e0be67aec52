import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// Runs, their attempts and events, and dead letters.
struct RunRoutes: Sendable {
    let runs: RunControl

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        var query = RunQuery(owner: try request.owner)
        var reader = request.query
        query.jobID = reader.id("job_id")
        query.tag = reader.string("tag")
        query.type = reader.string("type")
        query.origins = reader.origins("origin")
        query.statuses = reader.statuses("status")
        query.from = reader.instant("from")
        query.to = reader.instant("to")
        (query.limit, query.after, query.descending) = reader.page()
        let include = reader.choices("include", Include.self)
        try reader.finish()
        let page = try await runs.list(query)
        return Answer.list(try await shown(page.items, include, owner: query.owner), next: page.next)
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        var reader = request.query
        let include = reader.choices("include", Include.self)
        try reader.finish()
        let run = try await runs.read(request.id(), owner: request.owner)
        return Answer.json(try await shown([run], include, owner: request.owner).first ?? .null)
    }

    @Sendable func attempts(_ request: APIRequest) async throws -> Response {
        let id: RunID = try request.id()
        return Answer.list(try await runs.attempts(of: id, owner: request.owner).map { $0.json(of: id) })
    }

    /// The table that an attempt selected.
    @Sendable func table(_ request: APIRequest) async throws -> Response {
        let id: RunID = try request.id()
        let number = Int(try request.text("attempt"))
        let attempts = try await runs.attempts(of: id, owner: request.owner)
        guard let outcome = attempts.first(where: { $0.number == number })?.outcome, outcome.isTable,
            let table = outcome.output
        else { throw Problem.notFound }
        var response = Answer.text(table, type: outcome.outputType)
        response.headers[.contentDisposition] = "attachment; filename=\"\(id)-\(number ?? 0).csv\""
        return response
    }

    @Sendable func events(_ request: APIRequest) async throws -> Response {
        Answer.list(try await runs.events(of: request.id(), owner: request.owner).map(\.json))
    }

    /// 202 for a RUNNING run, which has yet to end.
    @Sendable func cancel(_ request: APIRequest) async throws -> Response {
        try await request.refuseMembers()
        let run = try await runs.cancel(request.id(), by: request.actor)
        return Answer.json(run.json, status: run.status == .running ? .accepted : .ok)
    }

    @Sendable func redrive(_ request: APIRequest) async throws -> Response {
        let bytes = try await request.bytes()
        let id: RunID = try request.id()
        let redriven = try await runs.redrive(
            id, by: request.actor, body: request.optionalJSON(of: bytes),
            idempotency: request.idempotencyKey(body: bytes, "redrive \(id) "))
        return Answer.started(redriven.run, isReplay: redriven.isReplay)
    }

    @Sendable func discard(_ request: APIRequest) async throws -> Response {
        try await request.refuseMembers()
        return Answer.json(try await runs.discard(request.id(), by: request.actor).json)
    }

    enum Include: String, CaseIterable {
        case attempts
        case events
    }

    private func shown(_ page: [Run], _ include: Set<Include>, owner: UserID) async throws -> [JSONValue] {
        let attempts = include.contains(.attempts) ? try await runs.attempts(of: page, owner: owner) : nil
        return page.map { run in
            run.json(
                attempts: attempts.map { $0[run.id] ?? [] }, events: include.contains(.events) ? run.events : nil)
        }
    }
}

// MARK: - Dead letters

extension RunRoutes {
    @Sendable func deadLetters(_ request: APIRequest) async throws -> Response {
        var query = RunQuery(owner: try request.owner)
        var reader = request.query
        query.jobID = reader.id("job_id")
        query.tag = reader.string("tag")
        query.type = reader.string("type")
        query.from = reader.instant("from")
        query.to = reader.instant("to")
        (query.limit, query.after, query.descending) = reader.page()
        try reader.finish()
        return Answer.page(try await runs.deadLetters(query), \.json)
    }

    @Sendable func redriveMany(_ request: APIRequest) async throws -> Response { try await decide(.redrive, request) }

    @Sendable func discardMany(_ request: APIRequest) async throws -> Response { try await decide(.discard, request) }

    private static func sample(_ run: Run) -> [String: JSONValue] {
        [
            "id": .string(run.id.description), "job_id": .string(run.jobID.description),
            "scheduled_for": .string(run.scheduledFor.description),
        ]
    }

    /// One result for each run; `has_more` asks for the request to be repeated.
    private func decide(_ verb: DeadLetterVerb, _ request: APIRequest) async throws -> Response {
        let actor = try request.actor
        let answer: DeadLetterAnswer
        switch try await runs.decide(verb, body: try await request.json(), by: actor) {
        case .dry(let dry): return Answer.json(dry.json(Self.sample))
        case .done(let done): answer = done
        }
        let results = answer.results.map { id, result -> JSONValue in
            var members: [String: JSONValue] = ["id": .string(id.description)]
            switch result {
            case .success(let run):
                members["status"] = .integer(verb == .redrive ? 202 : 200)
                members["run"] = run.json
            case .failure(let error):
                let problem = Problem(control: error)
                members["status"] = .integer(Int64(problem.kind.status.code))
                members["error"] = problem.json(requestID: nil)
            }
            return .object(members)
        }
        return Answer.json(.object(["results": .array(results), "has_more": .bool(answer.hasMore)]))
    }
}
