package import CronSchedule

/// Jobs: definitions and their cursors.
package protocol JobStore: Sendable {
    /// Creates jobs, each with its own result, all in one transaction. Times and delays count from its commit.
    func createJobs(
        _ drafts: [JobDraft], audit: Auditing<[Result<CreatedJob, StoreError>]>?
    ) async throws(StoreError) -> [Result<CreatedJob, StoreError>]
    /// T7. `owner` nil is the system. `version` nil changes whatever is there.
    /// - Parameter idempotency: of an owner's trigger: one that is known answers its run, whatever the job is by now.
    /// - Throws: `notFound` for a foreign or deleted job, `versionMismatch`, `invalid`, `conflict`.
    func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, idempotency: IdempotencyKey?,
        audit: Auditing<ChangedJob>?
    ) async throws(StoreError) -> ChangedJob
    /// Nil for a foreign or deleted job.
    func job(_ id: JobID, owner: UserID) async throws(StoreError) -> JobView?
    /// The live job that holds the name: finished jobs hold none, but are found when no other has it (the newest).
    func job(named name: String, owner: UserID) async throws(StoreError) -> JobView?
    /// Ordered as the query says.
    func jobs(_ query: JobQuery) async throws(StoreError) -> Page<JobView>
    /// How many jobs the query selects, and the first `limit` of them by id.
    func selectJobs(_ query: JobQuery) async throws(StoreError) -> JobSelection
}

/// For the system, whose acts the runs' own events tell of.
extension JobStore {
    package func createJobs(_ drafts: [JobDraft]) async throws(StoreError) -> [Result<CreatedJob, StoreError>] {
        try await createJobs(drafts, audit: nil)
    }

    package func changeJob(
        _ id: JobID, owner: UserID?, version: Int64?, _ change: JobChange, audit: Auditing<ChangedJob>? = nil
    ) async throws(StoreError) -> ChangedJob {
        try await changeJob(id, owner: owner, version: version, change, idempotency: nil, audit: audit)
    }
}

/// A job to be created.
package struct JobDraft: Sendable {
    package var id: JobID
    package var userID: UserID
    package var definition: JobDefinition
    package var idempotency: IdempotencyKey?
    /// Most jobs that the space may have with this one, finished ones counted; nil for any number.
    package var quota: Int?

    package init(
        id: JobID, userID: UserID, definition: JobDefinition, idempotency: IdempotencyKey? = nil, quota: Int? = nil
    ) {
        self.quota = quota
        self.id = id
        self.userID = userID
        self.definition = definition
        self.idempotency = idempotency
    }
}

/// A client's `Idempotency-Key`, kept 24 h per user: the same key and request answers the job or the run of the first one,
/// another request is a conflict.
package struct IdempotencyKey: Hashable, Sendable {
    package static let kept = Span.hours(24)
    package static let lengthLimit = 255

    package var key: String
    /// SHA-256 of what the request asks for: its body, and what it is about where that stands in the path.
    package var bodyDigest: [UInt8]

    package init(key: String, bodyDigest: [UInt8]) {
        self.key = key
        self.bodyDigest = bodyDigest
    }

    /// The key of one part of a request that makes several things. No client's key can be the same: it is longer than any.
    package func part(_ part: some CustomStringConvertible) -> IdempotencyKey {
        let padding = String(repeating: " ", count: Self.lengthLimit - key.utf8.count + 1)
        return IdempotencyKey(key: "\(key)\(padding)#\(part)", bodyDigest: bodyDigest)
    }

    // Why a key that is known is not answered.
    package static let isOfAnother = StoreError.conflict("this Idempotency-Key was used for another request")
    package static let jobIsGone = StoreError.conflict("the job that this Idempotency-Key created was deleted")
    package static let runIsGone = StoreError.conflict("the run that this Idempotency-Key started is no longer kept")
}

extension JobDraft {
    /// - Parameter count: jobs that the space has already.
    /// - Throws: `limitReached`.
    package func checkQuota(_ count: Int) throws(StoreError) {
        guard let quota, count >= quota else { return }
        throw .limitReached("there are \(count) jobs already; the space may have \(quota)")
    }
}

package struct CreatedJob: Sendable {
    package var job: JobView
    /// An earlier request with the same idempotency key had created it.
    package var isReplay: Bool

    package init(job: JobView, isReplay: Bool) {
        self.job = job
        self.isReplay = isReplay
    }
}

package struct ChangedJob: Sendable {
    package var before: Job
    package var job: JobView
    /// The run of a trigger.
    package var triggered: Run?
    /// RUNNING runs that were asked to cancel; their owner must be told.
    package var cancelRequests: [RunID]
    /// Nothing was done: an earlier request with the same idempotency key had triggered the run.
    package var isReplay = false

    package init(before: Job, job: JobView, triggered: Run?, cancelRequests: [RunID]) {
        self.before = before
        self.job = job
        self.triggered = triggered
        self.cancelRequests = cancelRequests
    }

    package init(replayed run: Run, of job: JobView) {
        self.init(before: job.job, job: job, triggered: run, cancelRequests: [])
        isReplay = true
    }
}

/// A job with what its runs say of it.
package struct JobView: Sendable {
    package var job: Job
    /// The earliest slot not yet started; nil unless active.
    package var nextRunTime: Instant?
    /// The newest run that has started; nil if none has.
    package var newest: Run?

    package init(job: Job, nextRunTime: Instant?, newest: Run?) {
        self.job = job
        self.nextRunTime = nextRunTime
        self.newest = newest
    }
}
