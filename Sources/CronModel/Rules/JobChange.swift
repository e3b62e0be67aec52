import CronSchedule

/// What T7 does to a job.
package enum JobChange: Hashable, Sendable {
    /// - Parameter rearm: starts a relative delay, a one-shot or `@every` anew although the text is the same, and the
    ///   count that `maxRuns` limits.
    case edit(JobDefinition, rearm: Bool)
    case pause
    /// Nil takes the job's own resume policy.
    case resume(ResumePolicy?)
    case delete
    case trigger(payload: JSONValue?)
    /// Cancels all waiting and running runs and leaves the job as it is.
    case cancelRuns
    /// By the system, with the reason shown to the user.
    case disable(String)
}

extension JobChange {
    /// Whether it divides the job's slots into past and future, and so must not meet a start committed ahead of time.
    package var dividesTime: Bool {
        switch self {
        case .trigger, .cancelRuns: false
        case .edit, .pause, .resume, .delete, .disable: true
        }
    }
}

/// Why a change was not made.
package enum ChangeRefusal: Error, Hashable, Sendable {
    case invalid(FieldProblem)
    case conflict(String)
    case defect(IllegalTransition)
}

/// What a change did; the caller writes all of it in one transaction.
package struct JobChangeResult: Sendable {
    package var job: Job
    /// New rows, oldest slot first.
    package var inserted: [Run] = []
    /// Rows to write back, fence raised where somebody may hold them.
    package var updated: [Run] = []
    /// Never-attempted rows of slots in the future, to be removed: they are planned again if they still belong.
    package var withdrawn: [RunID] = []

    package init(job: Job) {
        self.job = job
    }

    /// RUNNING runs that were asked to cancel.
    package var cancelRequests: [RunID] { updated.filter { $0.status == .running && $0.cancelRequested }.map(\.id) }
}
