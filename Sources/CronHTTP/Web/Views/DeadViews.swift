import CronModel
import CronSchedule

/// Dead letters as their template sees them.
struct DeadPageView: Sendable {
    let filter: RunsFilterView
    let groups: [DeadGroupView]
    let hasGroups: Bool
    let shown: String
    let next: String?
    let isFirst: Bool
    let first: String
    let isEmpty: Bool
    let mayDecide: Bool
    /// What a request about all of them carries.
    let fields: [DecisionView.Field]

    init(
        _ filter: RunsFilter, _ page: Page<Run>, _ jobs: [JobID: KnownJob], _ times: TimeText, for request: WebRequest
    ) {
        self.filter = RunsFilterView(filter, jobs, choosesStatus: false)
        groups = DeadGroup.grouped(page.items).map { DeadGroupView($0, jobs[$0.newest.jobID], times) }
        hasGroups = !groups.isEmpty
        shown = "\(page.items.count) \(DeadPages.things(page.items.count))"
        next = page.next.map { filter.path(cursor: $0) }
        isFirst = filter.cursor == nil
        first = filter.path()
        isEmpty = groups.isEmpty && !filter.isNarrowed && isFirst
        mayDecide = request.may(.operate)
        fields = filter.selection.map(DecisionView.Field.init)
    }
}

/// Dead letters of a job that died of the same.
struct DeadGroup: Sendable {
    /// Newest first, never empty.
    let runs: [Run]
    var newest: Run { runs[0] }

    private struct Key: Hashable {
        let job: JobID
        let kind: Outcome.Kind?
        let status: Int?
        let exitCode: Int?
    }

    /// In the order of the newest of each.
    static func grouped(_ runs: [Run]) -> [DeadGroup] {
        func key(_ run: Run) -> Key {
            let outcome = run.current?.outcome
            return Key(
                job: run.jobID, kind: outcome?.kind, status: outcome?.httpStatus, exitCode: outcome?.exitCode)
        }
        let equal = Dictionary(grouping: runs, by: key)
        var told: Set<Key> = []
        return runs.compactMap { run in
            let key = key(run)
            return told.insert(key).inserted ? equal[key].map(DeadGroup.init) : nil
        }
    }
}

struct DeadGroupView: Sendable {
    let id: String
    let job: String
    let jobPath: String
    let died: String
    let sample: String?
    let count: String
    let oldest: TimeView?
    let newest: TimeView
    let newestPath: String
    let ids: String

    init(_ group: DeadGroup, _ known: KnownJob?, _ times: TimeText) {
        let run = group.newest
        let zone = known?.zone ?? "UTC"
        let outcome = run.current?.outcome
        id = run.id.description
        job = known?.name ?? KnownJob.deletedName
        jobPath = "/jobs/\(run.jobID)"
        let detail = outcome?.httpStatus.map { ", HTTP \($0)" } ?? outcome?.exitCode.map { " \($0)" } ?? ""
        died = (outcome?.kind.words ?? run.reason?.words ?? "unknown") + detail
        sample = outcome?.error.map { ShownText.line(String($0.prefix(300))) }
        count = CountText.text(group.runs.count)
        let oldest = group.runs.map(\.scheduledFor).min()
        self.oldest = group.runs.count > 1 ? oldest.map { times.view($0, zone: zone) } : nil
        newest = times.view(run.scheduledFor, zone: zone)
        newestPath = "/runs/\(run.id)"
        ids = group.runs.map(\.id.description).joined(separator: ",")
    }
}
