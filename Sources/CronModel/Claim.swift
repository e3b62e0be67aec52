package import CronSchedule

/// Names one hold on one run. Every write about a claimed run carries it; a stale one changes nothing.
package struct ClaimToken: Hashable, Sendable {
    package var runID: RunID
    package var fence: Int64

    package init(runID: RunID, fence: Int64) {
        self.runID = runID
        self.fence = fence
    }
}

/// The right of one node to start one run, and what its timer wheel needs to know.
package struct Claim: Hashable, Sendable {
    package var token: ClaimToken
    package var jobID: JobID
    package var userID: UserID
    package var concurrencyKey: String?
    /// The slot of its run; `dueAt` moves with retries and when it is postponed.
    package var scheduledFor: Instant
    package var dueAt: Instant
    package var priority: Int
    /// Nil where nobody asks which host it reaches.
    package var action: ActionDefinition?

    package init(
        token: ClaimToken, jobID: JobID, userID: UserID, concurrencyKey: String? = nil, scheduledFor: Instant,
        dueAt: Instant, priority: Int, action: ActionDefinition? = nil
    ) {
        self.action = action
        self.token = token
        self.concurrencyKey = concurrencyKey
        self.jobID = jobID
        self.userID = userID
        self.scheduledFor = scheduledFor
        self.dueAt = dueAt
        self.priority = priority
    }

    package init(_ run: Run, of job: Job) {
        self.init(
            token: ClaimToken(runID: run.id, fence: run.fence), jobID: run.jobID, userID: run.userID,
            concurrencyKey: run.concurrencyKey, scheduledFor: run.scheduledFor, dueAt: run.dueAt,
            priority: job.definition.priority, action: job.definition.action)
    }

    /// What a parked run of the job may be waiting for, in whatever zone.
    package var key: OverlapKey { concurrencyKey.map { .shared(userID, $0) } ?? .job(jobID, zone: "") }
}
