package import CronSchedule

/// What a list of jobs is ordered by; those that are equal there, by their ids.
package enum JobSort: String, Sendable, CaseIterable {
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    /// By the bytes of the names.
    case name
    /// A job that has none comes after all others.
    case nextRunTime = "next_run_time"
}

/// A search of jobs. What is nil or empty selects all.
package struct JobQuery: Sendable {
    package var owner: UserID
    package var ids: [JobID]?
    package var state: JobState?
    /// Of the newest run that has started; PENDING selects also jobs of which none has. FAILED as in `RunQuery`.
    package var statuses: Set<RunStatus> = []
    package var tag: String?
    package var type: String?
    /// Part of the name, in any case.
    package var text: String?
    package var next = InstantRange()
    package var created = InstantRange()
    package var sort = JobSort.createdAt
    package var limit = PageLimit.standard
    package var after: PageCursor?
    package var descending = false

    package init(owner: UserID) {
        self.owner = owner
    }

    /// Whether rows are chosen or ordered by what the jobs' runs say of them.
    package var asksNext: Bool { sort == .nextRunTime || !next.isWhole }
}

/// From an instant, inclusive, to another, exclusive; nil is no bound.
package struct InstantRange: Hashable, Sendable {
    package var from: Instant?
    package var to: Instant?

    package init(from: Instant? = nil, to: Instant? = nil) {
        self.from = from
        self.to = to
    }

    package var isWhole: Bool { from == nil && to == nil }

    /// What has no time lies in no bounded range.
    package func contains(_ instant: Instant?) -> Bool {
        guard let instant else { return isWhole }
        return (from.map { instant >= $0 } ?? true) && (to.map { instant < $0 } ?? true)
    }
}

/// The jobs that an act on many is about: how many there are, and the first of them.
package struct JobSelection: Sendable {
    package var count: Int
    package var jobs: [NamedJob]

    package init(count: Int, jobs: [NamedJob]) {
        self.count = count
        self.jobs = jobs
    }
}

package struct NamedJob: Hashable, Sendable {
    package var id: JobID
    package var name: String

    package init(id: JobID, name: String) {
        self.id = id
        self.name = name
    }
}

extension PageCursor {
    /// A job's place in a list.
    /// - Parameter next: as the list was ordered by it: a job may move before its view is read.
    package init(_ job: Job, next: Instant?, sort: JobSort) {
        let at =
            switch sort {
            case .createdAt: job.createdAt
            case .updatedAt: job.updatedAt
            case .name: Instant(microseconds: 0)
            case .nextRunTime: next ?? Self.never
            }
        self.init(at: at, id: (job.id.high, job.id.low))
        self.sort = sort
        if sort == .name { name = job.definition.name }
    }
}
