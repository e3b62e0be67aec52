package import CronModel

/// What to do with runs in DEAD, many at once.
package enum DeadLetterVerb: Sendable {
    case redrive
    case discard
}

/// What became of each, and whether there are more of them than one request handles.
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

    /// How many there are of a space; of more than `most` no more are counted.
    package func deadLetterCount(owner: UserID, upTo most: Int) async throws(ControlError) -> Int {
        try await ControlError.storing { () async throws(StoreError) in
            try await store.deadLetterCount(RunQuery(owner: owner), upTo: most)
        }
    }

    /// - Parameter body: `{"ids": […]}`, or one or several of `job_id`, `from`, `to`, `tag` and `type`, or `{"all": true}`;
    ///   beside them `dry_run` and `expected_count`. Unless ids are given, the oldest come first.
    package func decide(
        _ verb: DeadLetterVerb, body: JSONValue, by actor: Actor
    ) async throws(ControlError) -> BulkAnswer<Run, DeadLetterAnswer> {
        var reader = try JobControl.reader(body)
        var query = Self.selection(&reader, owner: actor.space)
        let bulk = BulkRequest(&reader)
        try JobControl.finish(&reader)
        if bulk.asksCount {
            let count = try await ControlError.storing { [query] () async throws(StoreError) in
                try await store.deadLetterCount(query)
            }
            try bulk.check(count)
            if bulk.isDry {
                query.limit = BulkRequest.sampleSize
                return .dry(DryRun(count: count, sample: try await deadLetters(query).items))
            }
        }
        if let ids = query.ids {
            return .done(DeadLetterAnswer(results: try await decide(verb, ids, by: actor), hasMore: false))
        }
        query.limit = Self.bulkLimit
        let page = try await deadLetters(query)
        let results = try await decide(verb, page.items.map(\.id), by: actor)
        return .done(DeadLetterAnswer(results: results, hasMore: page.next != nil))
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
                    let redriven = try await redrive(id, owner: actor.space, payload: nil, audit: nil)
                    results.append((id, .success(redriven.run)))
                case .discard:
                    results.append((id, .success(try await discard(id, owner: actor.space, audit: nil))))
                }
            } catch {
                if error.concernsAll { throw error }
                if case .store(.corrupt) = error { throw error }
                results.append((id, .failure(error)))
            }
        }
        return results
    }

    private static func selection(_ reader: inout FieldReader, owner: UserID) -> RunQuery {
        var query = RunQuery(owner: owner)
        query.ids = reader.ids("ids", most: bulkLimit)
        let job = reader.string("job_id")
        query.jobID = job.flatMap { JobID($0) }
        if job != nil, query.jobID == nil { reader.refuse("job_id", "is not a UUID") }
        query.from = reader.instant("from")
        query.to = reader.instant("to")
        query.tag = reader.string("tag")
        query.type = reader.string("type")
        let takesAll = reader.bool("all") ?? false
        guard reader.problems.isEmpty else { return query }
        let isNarrowed = job != nil || query.from != nil || query.to != nil || query.asksJobs
        let ways = [query.ids != nil, isNarrowed, takesAll].count { $0 }
        if ways == 0 {
            reader.refuse(
                "ids", "say which: \"ids\", or \"job_id\", \"from\", \"to\", \"tag\", \"type\", or \"all\": true")
        } else if ways > 1 {
            reader.refuse(takesAll ? "all" : "ids", "stands alone")
        }
        return query
    }
}
