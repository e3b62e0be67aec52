package import CronSchedule

package enum NoticeKind {}
package typealias NoticeID = Identifier<NoticeKind>

/// What is known of a job with alerts: which of its rules are broken, and what is still to be told of it. It belongs to no
/// node: whichever looks next goes on with it.
package struct Watch: Hashable, Sendable {
    /// Notices that may wait to be told; beyond, the oldest are given up.
    package static let noticeLimit = 100

    package let jobID: JobID
    package let userID: UserID
    package var problems: [AlertRule: Problem] = [:]
    /// Oldest first.
    package var notices: [Notice] = []
    /// When a run last succeeded; before any did, since when one could have.
    package var quietSince: Instant
    package var isActive = true
    /// When the job last recovered: a failure from before is not told any more.
    package var failedUntil: Instant?
    /// When it is to be judged next, whatever happens; nil for never.
    package var judgeAt: Instant?
    /// The job has no alerts any more, or will not run any more.
    package var isOver = false
    /// Why the last notice was given up, if it was.
    package var lastFailure: String?

    package init(of job: Job, now: Instant) {
        jobID = job.id
        userID = job.userID
        isActive = job.state == .active
        quietSince = now
    }

    /// A watch as a store kept it.
    init(jobID: JobID, userID: UserID, quietSince: Instant) {
        self.jobID = jobID
        self.userID = userID
        self.quietSince = quietSince
    }

    /// Nothing is lost with it.
    package var isEmpty: Bool { isOver && problems.isEmpty && notices.isEmpty }
}

/// A rule that is broken.
package struct Problem: Hashable, Sendable {
    /// What tells it from others, in all that is said of it.
    package let id: NoticeID
    package let since: Instant
    package let run: RunID?
    package let title: String
    package let text: String
    /// Where it was told, and where its end is told: the job may have others by then.
    package let channels: [String]
    /// Whether the job wanted its end told, for when it has no alerts any more.
    package let recovery: Bool
    /// Its beginning reached nobody: its end is not told either.
    package var isUntold = false
}

/// Something that people are to be told.
package struct Notice: Hashable, Sendable {
    /// Whoever is to tell it has so long; then another is given it.
    package static let lease = Span.seconds(30)
    package static let timeout = Span.seconds(20)
    /// Tried again for so long.
    package static let longestTrying = Span.hours(24)
    private static let firstWait = Span.seconds(5)
    private static let longestWait = Span.minutes(10)

    package let id: NoticeID
    package let jobID: JobID
    package let userID: UserID
    package let jobName: String
    package let rule: AlertRule
    package let problem: NoticeID
    package let isResolved: Bool
    package let channels: [String]
    package let title: String
    package let text: String
    package let run: RunID?
    package let createdAt: Instant
    /// When it is to be tried, or tried again if nothing is heard of whoever does.
    package var dueAt: Instant
    package var attempt = 0
    /// What has reached whom, in the words of what sends it.
    package var progress: String?

    /// The wait after a failed attempt.
    func wait(asked: Span?) -> Span {
        let doubled = Span(microseconds: Self.firstWait.microseconds << Int64(min(max(0, attempt - 1), 10)))
        return max(min(doubled, Self.longestWait), min(asked ?? .zero, Self.longestWait))
    }
}

/// What came of a notice.
package struct NoticeResult: Sendable {
    package var notice: Notice
    package var outcome: Outcome

    package init(_ notice: Notice, _ outcome: Outcome) {
        self.notice = notice
        self.outcome = outcome
    }
}

/// That something happened to a job that has alerts: its watch is to look at it, and at the run if there is one.
package struct WatchSignal: Hashable, Sendable {
    package let jobID: JobID
    package let runID: RunID?

    /// Nil when nobody is to be told, whatever it is.
    package init?(_ run: Run, of job: Job) {
        guard job.definition.alerts != nil else { return nil }
        switch run.status {
        case .retrying, .dead, .success: break
        case .skipped where run.isMissed: break
        default: return nil
        }
        jobID = job.id
        runID = run.id
    }

    /// - Parameter before: the job before the change, if it was there.
    package init?(_ job: Job, before: Job? = nil) {
        guard job.definition.alerts != nil || before?.definition.alerts != nil else { return nil }
        jobID = job.id
        runID = nil
    }

    /// A signal as a store kept it.
    package init(job: JobID, run: RunID?) {
        jobID = job
        runID = run
    }
}

extension Run {
    /// It never started, and nobody wanted that.
    var isMissed: Bool {
        status == .skipped && [.misfire, .outOfWindow, .expired].contains(reason) && firstStartedAt == nil
    }
}
