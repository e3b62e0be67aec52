import CronEngine
import CronModel
import CronSchedule

/// The list of jobs as its template sees it.
struct JobsPageView: Sendable {
    let text: String
    let tag: String?
    let type: String?
    let states: [ChoiceView]
    let statuses: [ChoiceView]
    let sorts: [ChoiceView]
    let isDescending: Bool
    let isNarrowed: Bool
    let rows: [JobRowView]
    let hasRows: Bool
    /// The address of the next rows.
    let next: String?
    let isFirst: Bool
    let first: String
    /// There are no jobs at all.
    let isEmpty: Bool
    let mayMake: Bool
    /// What is about all that match.
    let many: ManyJobsView?

    init(
        filter: JobsFilter, many: ManyJobsView?, rows: [JobRowView], next: String?, isFirst: Bool, mayMake: Bool
    ) {
        self.mayMake = mayMake
        text = filter.text ?? ""
        tag = filter.tag
        type = filter.type
        states = JobState.allCases.map { ChoiceView($0.rawValue, StateView($0).word, isChosen: $0 == filter.state) }
        statuses = RunStatus.allCases.map {
            ChoiceView($0.name, StateView($0).word, isChosen: filter.statuses == [$0])
        }
        sorts = JobsFilter.sorts.map { ChoiceView($0.rawValue, $0.label, isChosen: $0 == filter.sort) }
        isDescending = filter.isDescending
        isNarrowed = filter.isNarrowed
        self.many = many
        self.rows = rows
        hasRows = !rows.isEmpty
        self.next = next
        self.isFirst = isFirst
        first = filter.path()
        isEmpty = rows.isEmpty && !filter.isNarrowed && isFirst
    }
}

/// A job in a list, and the head of its own page.
struct JobRowView: Sendable {
    let id: String
    let path: String
    let name: String
    let kind: String
    let tags: [TagView]
    let hasTags: Bool
    let words: String
    /// As it was written.
    let schedule: String
    let state: StateView
    let stateReason: String?
    let nextRun: TimeView?
    let lastRun: LastRunView?
    let buttons: JobButtonsView

    init(_ job: JobAnswer, _ times: TimeText, for request: WebRequest) {
        id = job.id.description
        path = "/jobs/\(job.id)"
        name = ShownText.line(job.definition["name"]?.stringValue ?? "")
        kind = job.definition["action"]?["type"]?.stringValue ?? ""
        tags = (job.definition["tags"]?.arrayValue ?? []).compactMap { $0.stringValue.map(TagView.init) }
        hasTags = !tags.isEmpty
        words = job.words
        schedule = ShownText.line(job.definition["schedule"]?.stringValue ?? "")
        state = StateView(job.state)
        stateReason = job.stateReason.map(ShownText.line)
        nextRun = job.nextRunTime.map { times.ahead($0, zone: job.zone) }
        lastRun = job.newest.map { LastRunView($0, times, zone: job.zone) }
        buttons = JobButtonsView(job, for: request)
    }
}

struct TagView: Sendable {
    let text: String
    /// The list of jobs that have it.
    let path: String

    init(_ tag: String) {
        text = ShownText.line(tag)
        path = "/jobs?tag=\(PercentText.encoded(tag))"
    }
}

/// What a visitor may do with a job now.
struct JobButtonsView: Sendable {
    let path: String
    let name: String
    let mayRun: Bool
    let mayPause: Bool
    let mayResume: Bool
    let mayDelete: Bool
    /// Where a job like it is made.
    let copy: String

    init(_ job: JobAnswer, for request: WebRequest) {
        path = "/jobs/\(job.id)"
        name = ShownText.line(job.definition["name"]?.stringValue ?? "")
        mayRun = request.may(.operate)
        mayPause = request.may(.operate) && job.state == .active
        mayResume = request.may(.operate) && job.state == .paused
        mayDelete = request.may(.write)
        copy = "/jobs/new?from=\(job.id)"
    }
}

/// The newest run of a job that has started.
struct LastRunView: Sendable {
    let path: String
    let status: StateView
    let at: TimeView?
    let failure: String?

    init(_ run: Run, _ times: TimeText, zone: String) {
        path = "/runs/\(run.id)"
        status = StateView(run.status)
        at = run.current.map { times.view($0.startedAt, zone: zone) }
        failure = run.current?.outcome?.error.map { ShownText.line(String($0.prefix(200))) }
    }
}

extension JobSort {
    fileprivate var label: String {
        switch self {
        case .name: "Name"
        case .nextRunTime: "Next run"
        case .updatedAt: "Last change"
        case .createdAt: "Age"
        }
    }
}
