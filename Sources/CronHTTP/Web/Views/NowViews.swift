import CronEngine
import CronModel
import CronSchedule

/// The page of what happens now, as its templates see it.
struct NowPageView: Sendable {
    /// Runs that are listed as next, and groups of failures.
    static let rows = 10

    let tiles: [TileView]
    let lane: LaneView
    let nodes: NodesView
    let coming: [NextRunView]
    let hasComing: Bool
    let failures: [FailureView]
    let hasFailures: Bool
    /// There are no jobs at all.
    let isEmpty: Bool
    let mayMake: Bool

    init(_ facts: NowFacts, isTable: Bool, _ times: TimeText, mayMake: Bool) {
        let known = facts.knownJobs
        tiles = TileView.all(facts)
        lane = LaneView(facts, known, isTable: isTable)
        nodes = NodesView(facts.nodes, own: nil, times)
        coming = facts.coming.prefix(Self.rows).compactMap { NextRunView($0, times) }
        hasComing = !coming.isEmpty
        failures = FailureView.groups(facts.failures, known, times)
        hasFailures = !failures.isEmpty
        isEmpty = facts.isEmpty
        self.mayMake = mayMake
    }
}

/// A number that is the link to what it counts.
struct TileView: Sendable {
    let label: String
    let number: String
    let path: String
    /// Names the style; empty where there is nothing to look at.
    let key: String

    private init(_ label: String, _ count: Int, isMore: Bool = false, _ path: String, key: String) {
        self.label = label
        number = isMore ? "\(count)+" : "\(count)"
        self.path = path
        self.key = count == 0 ? "" : key
    }

    static func all(_ facts: NowFacts) -> [TileView] {
        let since = PercentText.encoded(facts.failingSince.description)
        let overdue = facts.overdue.count
        return [
            TileView(
                "Running", facts.running.items.count, isMore: facts.running.next != nil, "/runs?status=RUNNING",
                key: "running"),
            // The list has those first that are late.
            TileView(
                "Overdue", overdue, isMore: facts.hasMoreComing && overdue == facts.coming.count,
                "/jobs?state=active&sort=next_run_time", key: "failed"),
            TileView(
                "Failed, 24 h", facts.failures.count, isMore: facts.dead.next != nil || facts.waiting.next != nil,
                "/runs?status=FAILED&from=\(since)&order=desc", key: "failed"),
            TileView("Dead", facts.dead.items.count, isMore: facts.dead.next != nil, "/dead", key: "dead"),
            TileView("Paused", facts.paused, "/jobs?state=paused", key: "paused"),
        ]
    }
}

/// A job and when it runs next.
struct NextRunView: Sendable {
    let id: String
    let path: String
    let name: String
    let words: String
    let at: TimeView

    init?(_ job: JobAnswer, _ times: TimeText) {
        guard let next = job.nextRunTime else { return nil }
        id = job.id.description
        path = "/jobs/\(job.id)"
        name = job.shownName
        words = job.words
        at = times.ahead(next, zone: job.zone)
    }
}

/// Failures of one job of one kind.
struct FailureView: Sendable {
    static let longestSample = 200

    let job: String
    /// Nil when it is deleted.
    let jobPath: String?
    let kind: String
    let count: String
    let last: TimeView
    let state: StateView
    let sample: String?
    let runPath: String

    private init(_ runs: [Run], kind: String, _ job: JobAnswer?, _ times: TimeText) {
        let newest = runs[0]
        self.job = job?.shownName ?? "a job that is deleted"
        jobPath = job.map { "/jobs/\($0.id)" }
        self.kind = kind
        count = runs.count == 1 ? "1 run" : "\(runs.count) runs"
        last = times.view(newest.lastChange, zone: job?.zone ?? "UTC")
        state = StateView(newest.status)
        sample = newest.current?.outcome?.error.map { ShownText.line(String($0.prefix(Self.longestSample))) }
        runPath = "/runs/\(newest.id)"
    }

    /// The newest first; of each job and kind one.
    static func groups(_ failures: [Run], _ known: [JobID: JobAnswer], _ times: TimeText) -> [FailureView] {
        struct Key: Hashable {
            let job: JobID
            let kind: String
        }
        let groups = Dictionary(grouping: failures) { Key(job: $0.jobID, kind: $0.failureKind) }
            .map { key, runs in (key: key, runs: runs.sorted { ($0.lastChange, $0.id) > ($1.lastChange, $1.id) }) }
            .sorted { ($0.runs[0].lastChange, $0.runs[0].id) > ($1.runs[0].lastChange, $1.runs[0].id) }
        return groups.prefix(NowPageView.rows).map { group in
            FailureView(group.runs, kind: group.key.kind, known[group.key.job], times)
        }
    }
}

extension Run {
    fileprivate var lastChange: Instant { events.last?.at ?? scheduledFor }

    /// What an attempt's end was, as far as it tells equal failures from others: `http error 503`.
    fileprivate var failureKind: String {
        guard let outcome = current?.outcome else { return reason?.words ?? status.name.lowercased() }
        let kind = outcome.kind.rawValue.replacing("_", with: " ")
        return outcome.httpStatus.map { "\(kind) \($0)" } ?? outcome.exitCode.map { "\(kind) \($0)" } ?? kind
    }
}

extension JobAnswer {
    var shownName: String { ShownText.line(definition["name"]?.stringValue ?? "") }
}
