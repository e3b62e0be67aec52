package import CronModel

/// What is done to many jobs at once.
package enum BulkVerb: String, Sendable, CaseIterable {
    case pause
    case resume
    case trigger
    case delete
}

/// What became of the jobs that a request selected.
package struct BulkJobs: Sendable {
    package let count: Int
    package let failed: [(job: NamedJob, error: ControlError)]
    package var done: Int { count - failed.count }
}

extension JobControl {
    package static let matchLimit = 10_000
    /// Verbs of one request under way together: half of a node's connections to PostgreSQL, the rest stay for the engine.
    static let bulkWidth = 4

    /// - Parameters:
    ///   - body: `{"filter": {…}, "dry_run"?, "expected_count"?}` and what the verb itself takes.
    ///   - idempotency: of the whole request; each job has a key of its own made from it. Only a trigger needs one.
    package func decideMany(
        _ verb: BulkVerb, body: JSONValue, by actor: Actor, idempotency: IdempotencyKey? = nil
    ) async throws(ControlError) -> BulkAnswer<NamedJob, BulkJobs> {
        var reader = try Self.reader(body)
        let filter = JobFilter.read(&reader, owner: actor.space)
        let bulk = BulkRequest(&reader)
        let change = Self.change(verb, &reader)
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let filter else { throw .invalid(reader.problems) }
        let selection = try await select(filter, bulk)
        if bulk.isDry {
            return .dry(
                DryRun(count: selection.count, sample: Array(selection.jobs.prefix(BulkRequest.sampleSize))))
        }
        guard selection.count > 0 else { return .done(BulkJobs(count: 0, failed: [])) }
        try await note(verb, change, filter, selection.count, by: actor)
        let failed = try await apply(change, to: selection.jobs, by: actor, idempotency)
        return .done(BulkJobs(count: selection.count, failed: failed))
    }

    private static func change(_ verb: BulkVerb, _ reader: inout FieldReader) -> JobChange {
        switch verb {
        case .pause: .pause
        case .resume: .resume(reader.choice("policy", ResumePolicy.self))
        case .trigger: .trigger(payload: reader.value("payload"))
        case .delete: .delete
        }
    }

    private func select(_ filter: JobFilter, _ bulk: BulkRequest) async throws(ControlError) -> JobSelection {
        var query = filter.query
        query.limit = matchLimit
        let selection = try await ControlError.storing { [query] () async throws(StoreError) in
            try await store.selectJobs(query)
        }
        try bulk.check(selection.count)
        guard selection.count <= matchLimit else {
            throw .tooMany(selection.count, limit: matchLimit)
        }
        return selection
    }

    /// One line for all of it, first: what cannot be remembered is not done.
    private func note(
        _ verb: BulkVerb, _ change: JobChange, _ filter: JobFilter, _ count: Int, by actor: Actor
    ) async throws(ControlError) {
        var after: [String: JSONValue] = ["filter": filter.json, "count": .integer(Int64(count))]
        if case .resume(let policy?) = change { after["policy"] = .string(policy.rawValue) }
        let entry = actor.entry("job.\(verb.rawValue)_many", target: nil, after: .object(after))
        try await ControlError.storing { () async throws(StoreError) in try await store.appendAudit(entry) }
    }

    /// The jobs that were refused. A store that goes away half-way is not asked for the rest, and the answer tells which
    /// were left; if it surely did nothing at all, that is the answer.
    private func apply(
        _ change: JobChange, to jobs: [NamedJob], by actor: Actor, _ idempotency: IdempotencyKey?
    ) async throws(ControlError) -> [(job: NamedJob, error: ControlError)] {
        let errors = await withTaskGroup(of: (Int, ControlError?).self) { group in
            var errors: [Int: ControlError] = [:]
            var rest = jobs.indices[...]
            func begin() {
                guard let index = rest.popFirst() else { return }
                let id = jobs[index].id
                group.addTask { (index, await attempt(change, id, by: actor, idempotency?.part(id))) }
            }
            for _ in 0..<Self.bulkWidth { begin() }
            for await (index, error) in group {
                errors[index] = error
                guard error?.concernsAll != true else {
                    for index in rest { errors[index] = .store(.unavailable("was not tried")) }
                    rest = rest.suffix(0)
                    continue
                }
                begin()
            }
            return errors
        }
        let failed = errors.sorted { $0.key < $1.key }
        let didNothing = failed.count == jobs.count && !failed.contains { $0.value.mayHaveHappened }
        if didNothing, let error = failed.first(where: { $0.value.concernsAll })?.value { throw error }
        return failed.map { (jobs[$0.key], $0.value) }
    }

    private func attempt(
        _ change: JobChange, _ id: JobID, by actor: Actor, _ key: IdempotencyKey?
    ) async -> ControlError? {
        do throws(ControlError) {
            _ = try await self.change(id, owner: actor.space, version: nil, change, idempotency: key, audit: nil)
            return nil
        } catch {
            return error
        }
    }
}
