package import CronModel

/// Runs, for everything that is not the engine.
package struct RunControl: Sendable {
    let store: any Store
    let signal: any EngineSignal
    let runQuota: RunQuota?

    package init(store: any Store, signal: any EngineSignal, runQuota: RunQuota? = nil) {
        self.store = store
        self.runQuota = runQuota
        self.signal = signal
    }
}

// MARK: - Reading

extension RunControl {
    package func read(_ id: RunID, owner: UserID) async throws(ControlError) -> Run {
        let run = try await ControlError.storing { () async throws(StoreError) in try await store.run(id, owner: owner)
        }
        guard let run else { throw .store(.notFound) }
        return run
    }

    /// - Throws: `notFound` when the query names a job that is foreign.
    package func list(_ query: RunQuery) async throws(ControlError) -> Page<Run> {
        let page = try await ControlError.storing { () async throws(StoreError) in try await store.runs(query) }
        if page.items.isEmpty, let job = query.jobID { try await requireTrace(of: job, owner: query.owner) }
        return page
    }

    package func attempts(of id: RunID, owner: UserID) async throws(ControlError) -> [Attempt] {
        let attempts = try await ControlError.storing { () async throws(StoreError) in
            try await store.attempts(of: id, owner: owner)
        }
        guard let attempts else { throw .store(.notFound) }
        return attempts
    }

    /// The attempts of a page of runs, in one read.
    package func attempts(of runs: [Run], owner: UserID) async throws(ControlError) -> [RunID: [Attempt]] {
        let tried = runs.filter { $0.current != nil }.map(\.id)
        guard !tried.isEmpty else { return [:] }
        return try await ControlError.storing { () async throws(StoreError) in
            try await store.attempts(of: tried, owner: owner)
        }
    }

    package func events(of id: RunID, owner: UserID) async throws(ControlError) -> [RunEvent] {
        try await read(id, owner: owner).events
    }

    /// A deleted job's runs stay readable; a job without runs must at least exist.
    func requireTrace(of job: JobID, owner: UserID) async throws(ControlError) {
        var query = RunQuery(owner: owner)
        query.jobID = job
        query.limit = 1
        let hasTrace = try await ControlError.storing { [query] () async throws(StoreError) in
            if try await store.job(job, owner: owner) != nil { return true }
            return try await !store.runs(query).items.isEmpty
        }
        guard hasTrace else { throw .store(.notFound) }
    }
}

// MARK: - Deciding

extension RunControl {
    /// A RUNNING run is asked to cancel and ends later; any other ends at once.
    package func cancel(_ id: RunID, by actor: Actor) async throws(ControlError) -> Run {
        let run = try await ControlError.storing { () async throws(StoreError) in
            try await store.cancelRun(id, owner: actor.space, audit: Self.audit("run.cancel", by: actor))
        }
        if run.status == .running { signal.cancel([run.id]) }
        tell(run)
        return run
    }

    /// - Parameter body: `{"payload": …}`; nil or empty takes the run's own.
    /// - Returns: the run, and whether an earlier request with the same idempotency key had redriven it.
    package func redrive(
        _ id: RunID, by actor: Actor, body: JSONValue?, idempotency: IdempotencyKey? = nil
    ) async throws(ControlError) -> RedrivenRun {
        var reader = try JobControl.reader(body)
        let payload = reader.value("payload")
        try JobControl.finish(&reader)
        return try await redrive(
            id, owner: actor.space, payload: payload, idempotency: idempotency,
            audit: Self.audit("run.redrive", of: id, by: actor))
    }

    func redrive(
        _ id: RunID, owner: UserID, payload: JSONValue?, idempotency: IdempotencyKey? = nil, audit: Auditing<Run>?
    ) async throws(ControlError) -> RedrivenRun {
        func work() async throws(StoreError) -> RedrivenRun {
            try await store.redriveRun(id, owner: owner, payload: payload, idempotency: idempotency, audit: audit)
        }
        let redriven =
            if let runQuota {
                try await runQuota.counting(owner, isReplay: \.isReplay, work)
            } else {
                try await ControlError.storing(work)
            }
        guard !redriven.isReplay else { return redriven }
        signal.wake()
        tell(redriven.run)
        return redriven
    }

    package func discard(_ id: RunID, by actor: Actor) async throws(ControlError) -> Run {
        try await discard(id, owner: actor.space, audit: Self.audit("run.discard", by: actor))
    }

    func discard(_ id: RunID, owner: UserID, audit: Auditing<Run>?) async throws(ControlError) -> Run {
        let run = try await ControlError.storing { () async throws(StoreError) in
            try await store.discardRun(id, owner: owner, audit: audit)
        }
        tell(run)
        return run
    }

    /// - Parameter id: what it was done to, where that is not the run that came of it.
    private static func audit(_ act: String, of id: RunID? = nil, by actor: Actor) -> Auditing<Run> {
        { run in
            actor.entry(
                act, target: (id ?? run.id).description,
                after: .object([
                    "run_id": .string(run.id.description), "job_id": .string(run.jobID.description),
                    "status": .string(run.status.name),
                ]))
        }
    }
}
