package import CronModel
package import CronSchedule

/// Update: collects outcomes into group commits and keeps each until the store has accepted or superseded it.
package struct Updater: Sendable {
    private let settings: EngineSettings
    private var waiting: [Finish] = []
    private var batchesInFlight = 0
    private var retryAt: Instant?

    package init(settings: EngineSettings) {
        self.settings = settings
    }

    package var isEmpty: Bool { waiting.isEmpty && batchesInFlight == 0 }
    package var nextAt: Instant? { retryAt }

    package mutating func add(_ finish: Finish) { waiting.append(finish) }

    /// The next batch to write, oldest outcomes first. A batch waits only for room among those under way, so an idle
    /// node writes at once and a busy one in full batches.
    package mutating func tick(now: Instant) -> [Finish]? {
        if let retryAt {
            guard retryAt <= now else { return nil }
            self.retryAt = nil
        }
        guard !waiting.isEmpty, batchesInFlight < settings.batchesInFlight else { return nil }
        let batch = nextBatch
        waiting.removeFirst(batch.count)
        batchesInFlight += 1
        return batch
    }

    /// Of a run whose old attempt went on beside the new one only one end at a time: stores know the runs of a batch by their
    /// ids.
    private var nextBatch: [Finish] {
        var runs: Set<RunID> = []
        return Array(waiting.prefix(settings.batchLimit).prefix { runs.insert($0.token.runID).inserted })
    }

    /// Takes back what the store did not accept: it is written again, and the fence decides whether it counts.
    package mutating func finished(_ batch: [Finish], _ result: Result<[FinishAnswer], StoreError>, now: Instant) {
        batchesInFlight -= 1
        if case .failure = result {
            waiting.insert(contentsOf: batch, at: 0)
            retryAt = now + EngineSettings.storeRetry
        }
    }
}
