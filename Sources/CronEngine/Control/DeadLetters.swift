package import CronModel

/// What to do with runs in DEAD, many at once.
package enum DeadLetterVerb: Sendable {
    case redrive
    case discard
}

/// What became of each, and whether the job has more than one request handles.
package struct DeadLetterAnswer: Sendable {
    package let results: [(id: RunID, result: Result<Run, ControlError>)]
    package let hasMore: Bool
}

extension RunControl {
    /// Most dead letters that one request decides.
    package static let bulkLimit = PageLimit.most

    package func deadLetters(_ query: RunQuery) async throws(ControlError) -> Page<Run> {
        var query = query
        query.statuses = [.dead]
        return try await list(query)
    }

    /// - Parameter body: `{"ids": […]}` or `{"job_id": …}`; by job, the oldest first.
    package func decide(
        _ verb: DeadLetterVerb, body: JSONValue, by actor: Actor
    ) async throws(ControlError) -> DeadLetterAnswer {
        switch try Self.selection(body) {
        case .ids(let ids):
            return DeadLetterAnswer(results: try await decide(verb, ids, by: actor), hasMore: false)
        case .job(let job):
            var query = RunQuery(owner: actor.space)
            query.jobID = job
            query.limit = Self.bulkLimit
            let page = try await deadLetters(query)
            let results = try await decide(verb, page.items.map(\.id), by: actor)
            return DeadLetterAnswer(results: results, hasMore: page.next != nil)
        }
    }

    /// A store that fails half-way ends the request; what was decided stays decided, and a repeat goes on from there.
    private func decide(
        _ verb: DeadLetterVerb, _ ids: [RunID], by actor: Actor
    ) async throws(ControlError) -> [(id: RunID, result: Result<Run, ControlError>)] {
        var results: [(id: RunID, result: Result<Run, ControlError>)] = []
        // One line for all of it, first: what cannot be remembered is not done.
        let entry = actor.entry(
            "dead_letters.\(verb)", target: nil,
            after: .object(["run_ids": .array(ids.map { .string($0.description) })]))
        try await ControlError.storing { () async throws(StoreError) in try await store.appendAudit(entry) }
        for id in ids {
            do {
                switch verb {
                case .redrive:
                    let run = try await redrive(id, owner: actor.space, payload: nil, audit: nil)
                    results.append((id, .success(run)))
                case .discard:
                    results.append((id, .success(try await discard(id, owner: actor.space, audit: nil))))
                }
            } catch {
                switch error {
                case .store(.unavailable), .store(.outcomeUnknown), .store(.corrupt): throw error
                default: results.append((id, .failure(error)))
                }
            }
        }
        return results
    }

    private enum Selection {
        case ids([RunID])
        case job(JobID)
    }

    private static func selection(_ body: JSONValue) throws(ControlError) -> Selection {
        var reader = try JobControl.reader(body)
        let ids = readIDs(&reader)
        let jobText = reader.string("job_id")
        let job = jobText.flatMap { JobID($0) }
        if jobText != nil, job == nil { reader.refuse("job_id", "is not a UUID") }
        if reader.problems.isEmpty, (ids == nil) == (job == nil) {
            reader.refuse("ids", "give either \"ids\" or \"job_id\"")
        }
        try JobControl.finish(&reader)
        if let job { return .job(job) }
        return .ids(ids ?? [])
    }

    private static func readIDs(_ reader: inout FieldReader) -> [RunID]? {
        guard let value = reader.value("ids") else { return nil }
        guard let items = value.arrayValue else {
            reader.refuse("ids", "must be an array of run ids, not \(value.kindName)")
            return nil
        }
        guard items.count <= bulkLimit else {
            reader.refuse("ids", "holds \(items.count) ids; the limit is \(bulkLimit)")
            return nil
        }
        var ids: [RunID] = []
        for (index, item) in items.enumerated() {
            guard let id = item.stringValue.flatMap({ RunID($0) }) else {
                reader.refuse("ids[\(index)]", "is not a UUID")
                continue
            }
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }
}
