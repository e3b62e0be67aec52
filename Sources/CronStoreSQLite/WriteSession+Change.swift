import CronModel
import CronSchedule

/// T7 and the creation of jobs.
extension WriteSession {
    func create(_ draft: JobDraft) throws -> CreatedJob {
        if let replay = try replay(draft) { return replay }
        if draft.quota != nil {
            let count = try statement("SELECT count(*) FROM jobs WHERE user_id = ? AND deleted_at IS NULL")
                .bind(draft.userID).first { Int($0.int(0)) }
            try draft.checkQuota(count ?? 0)
        }
        let result = try refused {
            () throws(ChangeRefusal) in
            try CreateRule.create(draft.definition, id: draft.id, userID: draft.userID, now: now, random: &random)
        }
        try write(result, isNew: true)
        if let idempotency = draft.idempotency { try keep(idempotency, of: draft.userID, job: draft.id, run: nil) }
        return CreatedJob(job: try view(result.job), isReplay: false)
    }

    /// The instant that a change of this job must wait for: starts are committed up to 50 ms ahead of their due time,
    /// and a change divides slots into past and future.
    func latestFutureStart(of id: JobID) -> Instant? {
        claimed.all.lazy.filter { $0.jobID == id && $0.status == .running && $0.dueAt > self.now }.map(\.dueAt).max()
    }

    func change(_ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange) throws -> ChangedJob {
        guard let job = try job(id), job.deletedAt == nil, owner == nil || job.userID == owner else {
            throw StoreError.notFound
        }
        if let version, version != job.version { throw StoreError.versionMismatch(current: job.version) }
        let result = try self.change(job, change)
        return ChangedJob(
            before: job, job: try view(result.job), triggered: result.inserted.last { $0.origin == .trigger },
            cancelRequests: result.cancelRequests)
    }

    @discardableResult
    func change(_ job: Job, _ change: JobChange) throws -> JobChangeResult {
        let live = try statement(
            "SELECT \(RunRow.columns) FROM runs WHERE job_id = ? AND live IS NOT NULL ORDER BY scheduled_for, id"
        ).bind(job.id).all(RunRow.read)
        let ended = try endedSlots(of: job.id)
        let result = try refused {
            () throws(ChangeRefusal) in
            try ChangeRule.apply(change, to: job, live: live, ended: ended, now: now, random: &random)
        }
        try write(result, isNew: false)
        return result
    }

    private func write(_ result: JobChangeResult, isNew: Bool) throws {
        do {
            if isNew { try insert(result.job) } else { try save(result.job) }
        } catch let error as SQLError where error.isConstraint {
            throw try constraintRefusal(result.job, isNew: isNew)
        }
        for id in result.withdrawn { try delete(id) }
        for run in result.updated { try save(run) }
        for run in result.inserted { try insert(run) }
    }

    private func constraintRefusal(_ job: Job, isNew: Bool) throws -> StoreError {
        let idExists =
            try isNew && statement("SELECT 1 FROM jobs WHERE id = ?").bind(job.id).first { _ in true } == true
        return idExists
            ? .conflict("a job with the id \(job.id) exists")
            : .conflict("a job named \"\(job.definition.name)\" exists")
    }

    /// Slots from now on whose run has ended already: cancelled ahead of its time, or started early.
    func endedSlots(of id: JobID) throws -> [ZonedSlot] {
        try statement("SELECT scheduled_for, zone FROM runs WHERE job_id = ? AND scheduled_for >= ? AND live IS NULL")
            .bind(id).bind(now).all { ZonedSlot(at: $0.instant(0), zone: $0.text(1)) }
    }

    private func refused<Value>(_ body: () throws(ChangeRefusal) -> Value) throws(StoreError) -> Value {
        do throws(ChangeRefusal) {
            return try body()
        } catch {
            throw StoreError(error)
        }
    }

    func view(_ job: Job) throws -> JobView {
        JobView(
            job: job, nextRunTime: try JobViewRow.nextRunTime(job, statement),
            newest: try JobViewRow.newest(job, statement))
    }
}

/// What a job's runs say of it, for writers and readers alike.
enum JobViewRow {
    /// How far back a job's newest started run is looked for.
    static let newestSearchLimit = 1_000

    static func nextRunTime(_ job: Job, _ statement: (String) throws -> SQLStatement) throws -> Instant? {
        guard job.state == .active, job.deletedAt == nil else { return nil }
        let waiting = try statement(
            """
            SELECT scheduled_for FROM runs WHERE job_id = ? AND live IS NOT NULL AND attempt = 0 AND origin = 0
            ORDER BY scheduled_for LIMIT 1
            """
        ).bind(job.id).first { $0.instant(0) }
        return [waiting, job.nextSlot].compactMap { $0 }.min()
    }

    static func newest(_ job: Job, _ statement: (String) throws -> SQLStatement) throws -> Run? {
        try statement(
            """
            SELECT * FROM (SELECT \(RunRow.columns) FROM runs WHERE job_id = ? ORDER BY scheduled_for DESC LIMIT ?)
            WHERE attempt > 0 LIMIT 1
            """
        ).bind(job.id).bind(newestSearchLimit).first(RunRow.read)
    }
}
