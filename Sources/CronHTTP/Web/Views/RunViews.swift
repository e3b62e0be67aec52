import CronModel
import CronSchedule

/// A run in a list.
struct RunRowView: Sendable {
    let id: String
    let path: String
    let status: StateView
    let reason: String?
    let origin: String
    let slot: TimeView
    /// The last slot of a range of equal skips.
    let lastSlot: TimeView?
    let count: String?
    let started: TimeView?
    /// From the slot to the first byte of the newest attempt; told of first attempts only.
    let delay: String?
    let length: String?
    let attempt: String
    let failure: String?

    init(_ run: Run, _ times: TimeText, zone: String) {
        let zone = run.zone.isEmpty ? zone : run.zone
        id = run.id.description
        path = "/runs/\(run.id)"
        status = StateView(run.status)
        reason = run.status == .success ? nil : run.reason?.words
        origin = run.origin.name
        slot = times.view(run.scheduledFor, zone: zone)
        lastSlot = run.lastScheduledFor.map { times.view($0, zone: zone) }
        count = run.skippedCount.map { "\($0) slots" }
        started = run.current.map { times.view($0.startedAt, zone: zone) }
        delay = run.current.flatMap { attempt in
            attempt.number == 1 ? DurationText.exact(attempt.startedAt - run.scheduledFor) : nil
        }
        length = run.current.flatMap { attempt in
            attempt.finishedAt.map { DurationText.exact($0 - attempt.startedAt) }
        }
        attempt = "\(run.attempt)"
        failure = run.current?.outcome?.error.map { ShownText.line(String($0.prefix(200))) }
    }
}

/// One run as its template sees it.
struct RunPageView: Sendable {
    let run: RunRowView
    let job: String
    let jobPath: String
    let node: String?
    let due: TimeView?
    let isCancelling: Bool
    let redriveOf: String?
    let attempts: [AttemptView]
    let hasAttempts: Bool
    let events: [RunEventView]
    let steps: RunStepsView?
    let previous: String?
    let following: String?
    /// All runs of its job.
    let all: String
    /// Where what it writes can be followed; nil where nothing more will come of that.
    let outputPath: String?
    let mayCancel: Bool
    let mayDecide: Bool
    /// Whatever becomes of it is told here without reloading.
    let isLive: Bool

    /// - Parameters:
    ///   - job: nil when it has been deleted.
    ///   - beside: the job's runs before and after.
    init(
        _ run: Run, _ attempts: [Attempt], job: KnownJob?, beside: (before: RunID?, after: RunID?),
        _ times: TimeText, for request: WebRequest
    ) {
        let zone = run.zone.isEmpty ? job?.zone ?? "UTC" : run.zone
        self.run = RunRowView(run, times, zone: zone)
        self.job = job?.name ?? KnownJob.deletedName
        jobPath = "/jobs/\(run.jobID)"
        node = (run.owner ?? run.current?.node)?.description
        due = run.status.isWaiting ? times.ahead(run.dueAt, zone: zone) : nil
        isCancelling = run.cancelRequested && run.status == .running
        redriveOf = run.redriveOf.map { "/runs/\($0)" }
        self.attempts = attempts.map { AttemptView($0, times, zone: zone) }
        hasAttempts = !attempts.isEmpty
        let edges = run.events
        events = edges.indices.map { index in
            let next = edges.indices.contains(index + 1) ? edges[index + 1].at : run.status.isLive ? times.now : nil
            return RunEventView(edges[index], until: next, times, zone: zone)
        }
        steps = RunStepsView(run, attempts, now: times.now)
        previous = beside.before.map { "/runs/\($0)" }
        following = beside.after.map { "/runs/\($0)" }
        all = "/runs?job_id=\(run.jobID)"
        outputPath = run.status.isLive && job?.kind == "command" ? "/runs/\(run.id)/output" : nil
        mayCancel = request.may(.operate) && run.status.isLive && !run.cancelRequested
        mayDecide = request.may(.operate) && run.status == .dead
        isLive = run.status.isLive
    }
}

struct AttemptView: Sendable {
    let number: String
    let isUnderWay: Bool
    let outcome: String?
    let isSuccess: Bool
    let started: TimeView
    let length: String?
    let node: String
    let facts: [String]
    let error: String?
    let output: String?
    let isCut: Bool
    /// What came after the run had been taken away.
    let late: String?

    init(_ attempt: Attempt, _ times: TimeText, zone: String) {
        let outcome = attempt.outcome
        number = "\(attempt.number)"
        isUnderWay = outcome == nil && attempt.finishedAt == nil
        self.outcome = outcome?.kind.words
        isSuccess = outcome?.kind == .success
        started = times.view(attempt.startedAt, zone: zone)
        length = attempt.finishedAt.map { DurationText.exact($0 - attempt.startedAt) }
        node = attempt.node.description
        facts = [
            outcome?.httpStatus.map { "HTTP \($0)" }, outcome?.rows.map { "\($0) rows" },
            outcome?.exitCode.map { "exit code \($0)" },
        ].compactMap(\.self)
        error = outcome?.error.map(ShownText.output)
        output = outcome?.output.map(ShownText.output)
        isCut = outcome?.outputTruncated ?? false
        late = attempt.lateOutcome?.kind.words
    }
}

struct RunEventView: Sendable {
    let at: TimeView
    let status: StateView
    let reason: String
    let node: String?
    /// Until the next.
    let lasted: String?

    init(_ event: RunEvent, until next: Instant?, _ times: TimeText, zone: String) {
        at = times.view(event.at, zone: zone)
        status = StateView(event.to)
        reason = event.reason.words
        node = event.node?.description
        lasted = next.map { DurationText.exact($0 - event.at) }
    }
}

extension Outcome.Kind {
    /// `http error`, as a sentence's part.
    var words: String { rawValue.replacing("_", with: " ") }
}
