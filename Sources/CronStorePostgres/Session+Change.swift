import CronModel
import CronSchedule
import PostgresClient

/// T7 and the creation of jobs.
extension Session {
    /// Locks the job as only an edit does, then its live runs: whoever starts one of them is done or waits.
    func lockForChange(_ id: JobID, owner: UserID?) throws -> [Run] {
        let results = try send([
            "SELECT user_id FROM jobs WHERE id = \(id.uuid) AND deleted_at IS NULL FOR UPDATE",
            """
            SELECT \(unescaped: RunRow.columns) FROM live_runs WHERE job_id = \(id.uuid) ORDER BY id FOR UPDATE
            """,
            clock(),
        ])
        let found: UserID? = try results[0].first { try $0.id(0) }
        guard let found, owner == nil || owner == found else { throw StoreError.notFound }
        try readClock(results[2])
        return try results[1].all(RunRow.read)
    }

    /// Starts are committed up to 50 ms ahead of their due time, and a change divides slots into past and future: it
    /// waits, with its locks, until no RUNNING run is due in the future.
    func wait(until instant: Instant) throws {
        let seconds = Double((instant - now).microseconds + 1_000) / 1_000_000
        _ = try query("SELECT pg_sleep(\(seconds))")
        try readClock()
    }

    func change(_ id: JobID, live: [Run], version: Int64?, _ change: JobChange) throws -> ChangedJob {
        let results = try send([
            """
            SELECT \(unescaped: JobRow.columns) FROM \(unescaped: JobRow.tables) WHERE j.id = \(id.uuid)
            """,
            """
            SELECT scheduled_for, zone FROM run_history WHERE job_id = \(id.uuid) AND scheduled_for >= \(now.microseconds)
            """,
        ])
        guard let job = try results[0].first(JobRow.read) else { throw StoreError.notFound }
        if let version, version != job.version { throw StoreError.versionMismatch(current: job.version) }
        let ended = try results[1].all { ZonedSlot(at: try $0.instant(0), zone: try $0.text(1)) }
        let inOrder = live.sorted { ($0.scheduledFor, $0.id) < ($1.scheduledFor, $1.id) }
        let result = try refused { () throws(ChangeRefusal) in
            try ChangeRule.apply(change, to: job, live: inOrder, ended: ended, now: now, random: &random)
        }
        return try write(result, before: job, live: live)
    }

    private func write(_ result: JobChangeResult, before job: Job, live: [Run]) throws -> ChangedJob {
        let before = Dictionary(live.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let changes = result.updated.compactMap { run in before[run.id].map { RunChange(before: $0, after: run) } }
        do {
            _ = try query(Self.saveJob(result.job))
        } catch let error as PostgresError where error.constraint == "jobs_name" {
            throw StoreError.conflict("a job named \"\(result.job.definition.name)\" exists")
        }
        _ = try send(
            [Self.saveCursors([result.job])]
                + (result.withdrawn.isEmpty ? [] : [RunWrites.withdraw(result.withdrawn)]) + writes(changes)
                + inserts(result.inserted) + Self.save(signals(of: result, before: job, changes)))
        let view = try view([result.job])[0]
        keep([result.job])
        memory.forget(result.updated.map(\.id) + result.withdrawn)
        return ChangedJob(
            before: job, job: view, triggered: result.inserted.last { $0.origin == .trigger },
            cancelRequests: result.cancelRequests)
    }

    private func signals(of result: JobChangeResult, before job: Job, _ changes: [RunChange]) -> [WatchSignal] {
        let moved = changes.filter { $0.before.status != $0.after.status }.map(\.after)
        let ofRuns = (moved + result.inserted).compactMap { WatchSignal($0, of: result.job) }
        return (WatchSignal(result.job, before: job).map { [$0] } ?? []) + ofRuns
    }

    func refused<Value>(_ body: () throws(ChangeRefusal) -> Value) throws(StoreError) -> Value {
        do throws(ChangeRefusal) {
            return try body()
        } catch {
            throw StoreError(error)
        }
    }
}

// MARK: - Creation

extension Session {
    func create(_ drafts: [JobDraft]) throws -> [Result<CreatedJob, StoreError>] {
        try readClock()
        let count = try jobCount(drafts)
        var results = try replays(drafts)
        var created: [(index: Int, result: JobChangeResult)] = []
        for (index, draft) in drafts.enumerated() {
            guard results[index] == nil else { continue }
            switch job(draft, beside: count + created.count) {
            case .success(let result): created.append((index, result))
            case .failure(let error): results[index] = .failure(error)
            }
        }
        let inserted = try insert(created.map(\.result))
        for (index, result) in created {
            let job = result.job
            guard inserted.contains(job.id) else {
                results[index] = .failure(try refusal(job))
                continue
            }
            let next = result.inserted.first { $0.status.isLive }?.scheduledFor
            let view = JobView(
                job: job, nextRunTime: [next, job.nextSlot].compactMap { $0 }.min(), newest: nil)
            results[index] = .success(CreatedJob(job: view, isReplay: false))
        }
        try dropKeys(drafts.indices.filter { results[$0]?.isSuccess != true }.map { drafts[$0] })
        return results.compactMap { $0 }
    }

    private func job(_ draft: JobDraft, beside count: Int) -> Result<JobChangeResult, StoreError> {
        Result { () throws(StoreError) in
            try draft.checkQuota(count)
            return try refused { () throws(ChangeRefusal) in
                try CreateRule.create(draft.definition, id: draft.id, userID: draft.userID, now: now, random: &random)
            }
        }
    }

    /// How many jobs the drafts' space has, where that is limited: then of two requests at once one waits for the other.
    private func jobCount(_ drafts: [JobDraft]) throws -> Int {
        guard let draft = drafts.first(where: { $0.quota != nil }) else { return 0 }
        _ = try query("SELECT pg_advisory_xact_lock(\(Self.quotaLock), hashtext(\(draft.userID.description)))")
        return try query("SELECT count(*) FROM jobs WHERE user_id = \(draft.userID.uuid) AND deleted_at IS NULL")
            .first { Int(try $0.int(0)) } ?? 0
    }

    /// The first half of the advisory locks of quotas; any number that nothing else uses.
    private static let quotaLock: Int32 = 0x4A6F62

    /// Inserts the jobs whose id and name are free; answers their ids.
    private func insert(_ results: [JobChangeResult]) throws -> Set<JobID> {
        guard !results.isEmpty else { return [] }
        let inserted: Set<JobID> = try query(Self.insertJobs(results.map(\.job))).ids()
        let kept = results.filter { inserted.contains($0.job.id) }
        guard !kept.isEmpty else { return [] }
        _ = try send(
            [Self.insertCursors(kept.map(\.job))] + inserts(kept.flatMap(\.inserted))
                + Self.save(kept.compactMap { WatchSignal($0.job) }))
        keep(kept.map(\.job))
        return inserted
    }

    private func refusal(_ job: Job) throws -> StoreError {
        let exists = try query("SELECT 1 FROM jobs WHERE id = \(job.id.uuid)").rowCount > 0
        return exists
            ? .conflict("a job with the id \(job.id) exists")
            : .conflict("a job named \"\(job.definition.name)\" exists")
    }
}

extension Result {
    fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
