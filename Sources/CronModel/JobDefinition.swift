package import CronSchedule

/// Everything about a job that its owner writes.
package struct JobDefinition: Hashable, Sendable {
    package var name: String
    /// A job type's name.
    package var type: String?
    package var tags: [String] = []
    package var payload = JSONValue.object([:])
    package var action: ActionDefinition

    package var schedule: String
    package var timezone = "UTC"
    /// In place of `timezone`: a slot in each of them.
    package var timezones: [String] = []
    package var dialect = Schedule.Dialect.cronpp
    package var dstGap = Schedule.DSTGap.shift
    package var dstFold = Schedule.DSTFold.first
    /// A one-shot whose time has passed runs at once instead of being refused.
    package var runIfPast = false
    /// Slots before this do not belong to the job.
    package var startAt: Instant?
    /// Slots at or after this do not belong to the job.
    package var endAt: Instant?
    /// Each slot's due time is moved later by a fixed share of this, different for every slot.
    package var jitter = Span.zero
    /// The job is finished after this many planned runs.
    package var maxRuns: Int?
    package var expiry = ExpiryPolicy()

    package var delivery = Delivery.atLeastOnce
    package var timeout = TimeoutPolicy()
    package var retry = RetryPolicy()
    package var misfire = MisfirePolicy()
    package var resume = ResumePolicy.none
    package var overlap = OverlapPolicy.skip
    package var maxConcurrent: Int?
    /// Jobs of the space with an equal one overlap as if they were one job.
    package var concurrencyKey: String?
    /// How often attempts start: of the job, or of all jobs with its concurrency key.
    package var rateLimit: StartRate?
    /// Among runs that are due, a higher one starts first. −100…100.
    package var priority = 0
    /// What is told of the job, and where.
    package var alerts: AlertPolicy?

    package init(name: String, schedule: String, action: ActionDefinition) {
        self.name = name
        self.schedule = schedule
        self.action = action
    }

    /// Whether both have the same slots: an edit that keeps them moves no cursor and withdraws nothing.
    package func hasSameSlots(as other: JobDefinition) -> Bool {
        schedule == other.schedule && timezone == other.timezone && timezones == other.timezones && dialect == other.dialect && dstGap == other.dstGap
            && dstFold == other.dstFold && startAt == other.startAt && endAt == other.endAt && jitter == other.jitter
    }
}
