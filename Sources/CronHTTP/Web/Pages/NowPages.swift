import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// What happens now: what runs, what is late, what failed, and what comes next.
struct NowPages: Sendable {
    static let picture = "now-picture"
    static let lists = "now-lists"

    let jobs: JobControl
    let runs: RunControl
    let nodes: any NodeStore
    let clock: any EngineClock

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        let isTable = reader.choice("lane", LaneForm.self) == .table
        try reader.finish()
        let now = clock.now
        let facts = try await facts(owner: try request.base.owner, now: now)
        let view = NowPageView(
            facts, isTable: isTable, TimeText(now: now, choices: request.choices), mayMake: request.may(.write))
        return .page(
            WebPage(
                title: "Now", template: "now", view: view, regions: [Self.picture, Self.lists], section: .now))
    }

    /// How the lane is shown.
    private enum LaneForm: String, CaseIterable { case table }

    /// Each read is bounded, and finds what it wants by an index or among the space's jobs: none walks what ever ran.
    private func facts(owner: UserID, now: Instant) async throws -> NowFacts {
        var coming = JobQuery(owner: owner)
        coming.state = .active
        coming.sort = .nextRunTime
        coming.limit = NowFacts.jobs
        let next = try await jobs.list(coming)
        let running = try await newest(NowFacts.counted, [.running], owner)
        let waiting = try await newest(NowFacts.counted, [.pending, .queued, .retrying], owner)
        let dead = try await newest(NowFacts.counted, [.dead], owner)
        let recent = try await newest(NowFacts.recent, [], owner)
        var paused = JobQuery(owner: owner)
        paused.state = .paused
        var facts = NowFacts(
            now: now, coming: next.items, hasMoreComing: next.next != nil, running: running, waiting: waiting,
            dead: dead, recent: recent, paused: try await jobs.count(paused), nodes: try await nodes.nodes())
        facts.others = try await others(of: facts, owner: owner)
        facts.isEmpty = try await isEmpty(facts, owner: owner)
        return facts
    }

    private func newest(
        _ limit: Int, _ statuses: Set<RunStatus>, _ owner: UserID
    ) async throws(ControlError) -> Page<Run> {
        var query = RunQuery(owner: owner)
        query.statuses = statuses
        query.descending = true
        query.limit = limit
        return try await runs.list(query)
    }

    /// The jobs of the runs that the page tells of. Deleted ones are not found.
    private func others(of facts: NowFacts, owner: UserID) async throws(ControlError) -> [JobAnswer] {
        let known = Set(facts.coming.map(\.id))
        var seen: Set<JobID> = []
        let wanted = (facts.shownRuns + facts.failures).map(\.jobID).filter {
            !known.contains($0) && seen.insert($0).inserted
        }
        guard !wanted.isEmpty else { return [] }
        var query = JobQuery(owner: owner)
        query.ids = Array(wanted.prefix(NowFacts.jobs))
        query.limit = NowFacts.jobs
        return try await jobs.list(query).items
    }

    private func isEmpty(_ facts: NowFacts, owner: UserID) async throws(ControlError) -> Bool {
        guard facts.coming.isEmpty, facts.recent.items.isEmpty, facts.paused == 0 else { return false }
        var any = JobQuery(owner: owner)
        any.limit = 1
        return try await jobs.list(any).items.isEmpty
    }
}

/// What the page is made of.
struct NowFacts: Sendable {
    /// Active jobs, those that run soonest first; and the most that runs bring besides.
    static let jobs = 50
    /// Runs that are counted; more are told as `100+`.
    static let counted = 100
    /// The newest runs, among which the lane finds what happened in its time.
    static let recent = 300
    /// What failures are told of.
    static let failing = Span.hours(24)

    let now: Instant
    let coming: [JobAnswer]
    let hasMoreComing: Bool
    let running: Page<Run>
    let waiting: Page<Run>
    let dead: Page<Run>
    let recent: Page<Run>
    let paused: Int
    let nodes: [Node]
    var others: [JobAnswer] = []
    var isEmpty = false

    /// Runs with a place in the lane, each once; those that are there for their slot's sake only if they are not ahead.
    var shownRuns: [Run] {
        var seen: Set<RunID> = []
        return (running.items + waiting.items + dead.items + recent.items).filter { run in
            seen.insert(run.id).inserted && LaneView.shows(run, at: now)
        }
    }

    /// Runs whose last attempt failed, by their slots in the last day: what `/runs` finds by the same.
    var failures: [Run] {
        (waiting.items.filter { $0.status == .retrying } + dead.items).filter { $0.scheduledFor >= failingSince }
    }

    /// On the minute, so that the address of the search is the same for a while.
    var failingSince: Instant {
        Instant(seconds: (now - Self.failing).wholeSeconds / 60 * 60)
    }

    var overdue: [JobAnswer] {
        coming.filter { job in job.nextRunTime.map { now - $0 > TimeText.overdueAfter } ?? false }
    }

    var knownJobs: [JobID: JobAnswer] {
        Dictionary((coming + others).map { ($0.id, $0) }) { first, _ in first }
    }
}
