import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// One job: what it is, what it did last, and what people do with it.
struct JobPages: Sendable {
    /// Runs that the page shows.
    static let runs = 20
    static let region = "job-region"

    let jobs: JobControl
    let runs: RunControl
    let counts: WebCounts
    let clock: any EngineClock

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        let job = try await jobs.read(request.base.id(), owner: request.base.owner)
        var query = RunQuery(owner: try request.base.owner)
        query.jobID = job.id
        query.limit = Self.runs
        query.descending = true
        let newest = try await runs.list(query)
        let view = JobPageView(
            job, newest.items, hasMore: newest.next != nil, TimeText(now: clock.now, choices: request.choices),
            for: request)
        return .page(
            WebPage(
                title: view.job.name, template: "job", view: view, regions: [Self.region], section: .jobs))
    }

    @Sendable func pause(_ request: WebRequest) async throws -> WebReply {
        let job = try await jobs.pause(request.base.id(), by: request.base.actor, version: nil)
        let undo = LocalPath("/jobs/\(job.id)/resume")
        return .seeOther(request.next(else: path(job.id)), Flash("\(name(job)) is paused.", undo: undo))
    }

    @Sendable func resume(_ request: WebRequest) async throws -> WebReply {
        let job = try await jobs.resume(request.base.id(), by: request.base.actor, version: nil, body: nil)
        return .seeOther(request.next(else: path(job.id)), Flash("\(name(job)) runs by its schedule again."))
    }

    @Sendable func run(_ request: WebRequest) async throws -> WebReply {
        let id: JobID = try request.base.id()
        let started = try await jobs.trigger(
            id, by: request.base.actor, version: nil, body: nil, idempotency: request.once("trigger \(id)"))
        return .seeOther(
            request.next(else: path(id)),
            Flash(started.isReplay ? "The run was started already." : "A run was started, besides those of the schedule."))
    }

    @Sendable func delete(_ request: WebRequest) async throws -> WebReply {
        let id: JobID = try request.base.id()
        let job = try await jobs.read(id, owner: request.base.owner)
        try await jobs.delete(id, by: request.base.actor, version: nil)
        counts.forget()
        return .seeOther(.jobs, Flash("\(name(job)) is deleted. Its runs can be read for some time."))
    }

    private func path(_ id: JobID) -> LocalPath { LocalPath("/jobs/\(id)") ?? .home }

    private func name(_ job: JobAnswer) -> String {
        ShownText.line(String((job.definition["name"]?.stringValue ?? "The job").prefix(100)))
    }
}

extension LocalPath {
    static let jobs = LocalPath("/jobs") ?? .home
}

/// One job as its template sees it.
struct JobPageView: Sendable {
    let job: JobRowView
    let notices: [String]
    let runs: [RunRowView]
    let hasRuns: Bool
    let hasMore: Bool
    let shown: String
    let definition: String
    let version: String
    let changed: TimeView

    init(_ job: JobAnswer, _ runs: [Run], hasMore: Bool, _ times: TimeText, for request: WebRequest) {
        self.job = JobRowView(job, times, for: request)
        notices = job.notices.map(ShownText.line)
        self.runs = runs.map { RunRowView($0, times, zone: job.zone) }
        hasRuns = !runs.isEmpty
        self.hasMore = hasMore
        shown = "\(runs.count)"
        definition = ShownText.output(PrettyJSON.text(.object(job.definition)))
        version = "\(job.version)"
        changed = times.view(job.updatedAt, zone: job.zone)
    }
}
