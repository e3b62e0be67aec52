package import CronModel

/// What a person does to a job's life. `version` makes it depend on `If-Match`.
extension JobControl {
    package func pause(_ id: JobID, by actor: Actor, version: Int64?) async throws(ControlError) -> JobAnswer {
        try await change("job.pause", id, by: actor, version: version, .pause)
    }

    /// - Parameter body: `{"policy": "none" | "last" | "all"}`; nil or empty takes the job's own.
    package func resume(
        _ id: JobID, by actor: Actor, version: Int64?, body: JSONValue?
    ) async throws(ControlError) -> JobAnswer {
        var reader = try Self.reader(body)
        let policy = reader.choice("policy", ResumePolicy.self)
        try Self.finish(&reader)
        return try await change("job.resume", id, by: actor, version: version, .resume(policy))
    }

    /// - Parameter body: `{"payload": …}`; nil or empty takes the job's own.
    /// - Returns: the run, and whether an earlier request with the same idempotency key had started it.
    package func trigger(
        _ id: JobID, by actor: Actor, version: Int64?, body: JSONValue?, idempotency: IdempotencyKey? = nil
    ) async throws(ControlError) -> (run: Run, isReplay: Bool) {
        var reader = try Self.reader(body)
        let payload = reader.value("payload")
        try Self.finish(&reader)
        let changed = try await change(
            id, owner: actor.space, version: version, .trigger(payload: payload), idempotency: idempotency,
            audit: audit.changed("job.trigger", by: actor))
        guard let run = changed.triggered else { throw .store(.corrupt("a trigger made no run")) }
        return (run, changed.isReplay)
    }

    /// Cancels all waiting runs and asks RUNNING ones to end; the job stays as it is.
    package func cancelRuns(
        _ id: JobID, by actor: Actor, version: Int64?
    ) async throws(ControlError) -> JobAnswer {
        try await change("job.cancel", id, by: actor, version: version, .cancelRuns)
    }

    package func delete(_ id: JobID, by actor: Actor, version: Int64?) async throws(ControlError) {
        _ = try await change("job.delete", id, by: actor, version: version, .delete)
    }

    private func change(
        _ act: String, _ id: JobID, by actor: Actor, version: Int64?, _ change: JobChange
    ) async throws(ControlError) -> JobAnswer {
        let audit = audit.changed(act, by: actor)
        return answer(
            try await self.change(id, owner: actor.space, version: version, change, audit: audit).job)
    }

    /// - Parameter audit: nil for one of many changes, which have one line together.
    func change(
        _ id: JobID, owner: UserID, version: Int64?, _ change: JobChange, idempotency: IdempotencyKey? = nil,
        audit: Auditing<ChangedJob>?
    ) async throws(ControlError) -> ChangedJob {
        let changed = try await counted(change, of: owner) { () async throws(StoreError) in
            try await store.changeJob(
                id, owner: owner, version: version, change, idempotency: idempotency, audit: audit)
        }
        guard !changed.isReplay else { return changed }
        if !changed.cancelRequests.isEmpty { signal.cancel(changed.cancelRequests) }
        signal.wake()
        tell([changed.job], isDeleted: change == .delete, triggered: changed.triggered)
        return changed
    }

    /// A trigger counts in the space's quota, unless nothing came of it.
    private func counted(
        _ change: JobChange, of owner: UserID, _ work: () async throws(StoreError) -> ChangedJob
    ) async throws(ControlError) -> ChangedJob {
        guard case .trigger = change, let runQuota else { return try await ControlError.storing(work) }
        return try await runQuota.counting(owner, isReplay: \.isReplay, work)
    }

    /// A reader of an optional request object.
    static func reader(_ body: JSONValue?) throws(ControlError) -> FieldReader {
        guard let body, body != .null else { return FieldReader([:]) }
        guard let members = body.objectValue else {
            throw .invalid("", "must be an object, not \(body.kindName)")
        }
        return FieldReader(members)
    }

    static func finish(_ reader: inout FieldReader) throws(ControlError) {
        reader.refuseUnknown()
        guard reader.problems.isEmpty else { throw .invalid(reader.problems) }
    }
}
