package import CronModel

/// Look at runs, cancel, redrive and discard them.
package struct RunControl: Sendable {
    /// Dead letters that one bulk request may move.
    package static let bulkLimit = 1_000

    package let store: any Store
    private let signal: any EngineSignal

    package init(store: any Store, signal: any EngineSignal) {
        self.store = store
        self.signal = signal
    }

    package func find(_ id: RunID, owner: UserID) async throws(ControlError) -> Run {
        let run = try await ask { () async throws(StoreError) in try await store.run(id, owner: owner) }
        guard let run else { throw .store(.notFound) }
        return run
    }

    package func list(_ query: RunQuery) async throws(ControlError) -> Page<Run> {
        try await ask { () async throws(StoreError) in try await store.runs(query) }
    }

    package func attempts(of id: RunID, owner: UserID) async throws(ControlError) -> [Attempt] {
        let attempts = try await ask { () async throws(StoreError) in try await store.attempts(of: id, owner: owner) }
        guard let attempts else { throw .store(.notFound) }
        return attempts
    }

    package func cancel(_ id: RunID, owner: UserID) async throws(ControlError) -> Run {
        let run = try await ask { () async throws(StoreError) in try await store.cancelRun(id, owner: owner) }
        if run.cancelRequested, run.status == .running { signal.cancel([run.id]) }
        return run
    }

    package func redrive(_ id: RunID, payload: JSONValue?, owner: UserID) async throws(ControlError) -> Run {
        let run = try await ask { () async throws(StoreError) in
            try await store.redriveRun(id, owner: owner, payload: payload)
        }
        signal.wake()
        return run
    }

    package func discard(_ id: RunID, owner: UserID) async throws(ControlError) -> Run {
        try await ask { () async throws(StoreError) in try await store.discardRun(id, owner: owner) }
    }

    /// The ids of a user's dead letters, of one job or of all, at most `bulkLimit`.
    package func deadLetters(job: JobID?, owner: UserID) async throws(ControlError) -> [RunID] {
        var query = RunQuery(owner: owner)
        query.jobID = job
        query.statuses = [.dead]
        query.limit = Self.bulkLimit
        return try await list(query).items.map(\.id)
    }
}
