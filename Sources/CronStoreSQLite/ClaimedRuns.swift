import CronModel

/// Every run that this process holds, QUEUED or RUNNING, as the file has it. One process writes the file, so what it has
/// written it need not read back: a run is planned, started and finished within seconds, and two look-ups and one index
/// of claimed rows were a third of the writer's work.
struct ClaimedRuns {
    private var runs: [RunID: Run] = [:]
    private var running: [OverlapKey: Set<RunID>] = [:]
    /// Written since the last commit.
    private var touched: [RunID] = []

    var all: Dictionary<RunID, Run>.Values { runs.values }

    subscript(id: RunID) -> Run? { runs[id] }

    func runningCount(_ key: OverlapKey) -> Int { running[key]?.count ?? 0 }
    func running(_ key: OverlapKey) -> [Run] { (running[key] ?? []).sorted().compactMap { runs[$0] } }

    /// Follows a write of the run's row.
    mutating func follow(_ run: Run) {
        touched.append(run.id)
        replace(run.id, with: run)
    }

    mutating func followDelete(_ id: RunID) {
        touched.append(id)
        replace(id, with: nil)
    }

    mutating func keep() { touched.removeAll(keepingCapacity: true) }

    /// Reads back what a transaction had written that was taken back.
    mutating func reload(_ read: (RunID) throws -> Run?) rethrows {
        for id in touched { replace(id, with: try read(id)) }
        keep()
    }

    private mutating func replace(_ id: RunID, with run: Run?) {
        let known = runs[id]
        let next = run.flatMap { $0.status.isClaimed ? $0 : nil }
        runs[id] = next
        if let known, known.status == .running, next?.status != .running { release(known) }
        if let next, next.status == .running, known?.status != .running {
            running[next.overlapKey, default: []].insert(id)
        }
    }

    private mutating func release(_ run: Run) {
        running[run.overlapKey]?.remove(run.id)
        if running[run.overlapKey]?.isEmpty == true { running[run.overlapKey] = nil }
    }
}
