import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// One run, its attempts and how it came to where it is.
struct RunPages: Sendable {
    static let region = "run-region"

    let jobs: JobControl
    let runs: RunControl
    let counts: WebCounts
    let clock: any EngineClock

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        let owner = try request.base.owner
        let run = try await runs.read(request.base.id(), owner: owner)
        let attempts = try await runs.attempts(of: run.id, owner: owner)
        let job = try await job(of: run, owner: owner)
        let view = RunPageView(
            run, attempts, job: job, beside: (try await beside(run, later: false), try await beside(run, later: true)),
            TimeText(now: clock.now, choices: request.choices), for: request)
        return .page(
            WebPage(
                title: "Run of \(view.job)", template: "run", view: view, regions: [Self.region], section: .runs))
    }

    /// Runs of a deleted job can still be read.
    private func job(of run: Run, owner: UserID) async throws(ControlError) -> KnownJob? {
        do throws(ControlError) {
            return KnownJob(try await jobs.read(run.jobID, owner: owner))
        } catch .store(.notFound) {
            return nil
        }
    }

    /// The job's run of the slot before or after.
    private func beside(_ run: Run, later: Bool) async throws(ControlError) -> RunID? {
        var query = RunQuery(owner: run.userID)
        query.jobID = run.jobID
        query.after = PageCursor(at: run.scheduledFor, id: (run.id.high, run.id.low))
        query.descending = !later
        query.limit = 1
        return try await runs.list(query).items.first?.id
    }

    @Sendable func cancel(_ request: WebRequest) async throws -> WebReply {
        let run = try await runs.cancel(request.base.id(), by: request.base.actor)
        let text = run.status == .running ? "The run is asked to stop." : "The run is cancelled."
        return .seeOther(request.next(else: path(run.id)), Flash(text))
    }

    @Sendable func redrive(_ request: WebRequest) async throws -> WebReply {
        let id: RunID = try request.base.id()
        let redriven = try await runs.redrive(
            id, by: request.base.actor, body: nil, idempotency: request.once("redrive \(id)"))
        counts.forget()
        return .seeOther(request.next(else: path(redriven.run.id)), Flash("The run is tried again."))
    }

    @Sendable func discard(_ request: WebRequest) async throws -> WebReply {
        let run = try await runs.discard(request.base.id(), by: request.base.actor)
        counts.forget()
        return .seeOther(path(run.id), Flash("The run is discarded."))
    }

    private func path(_ id: RunID) -> LocalPath { LocalPath("/runs/\(id)") ?? .home }
}
