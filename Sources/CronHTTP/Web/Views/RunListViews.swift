import CronModel
import CronSchedule

/// The filter above a list of runs, with what was typed into it and what is wrong with that.
struct RunsFilterView: Sendable {
    let list: String
    let choosesStatus: Bool
    let job: String
    /// Set where the list is narrowed to a job.
    let jobID: String?
    let tag: String
    let type: String
    let from: String
    let to: String
    let statuses: [ChoiceView]
    let origins: [ChoiceView]
    let isNarrowed: Bool
    let faults: [Fault]
    let hasFaults: Bool

    struct Fault: Sendable {
        let at: String
        let text: String
    }

    init(_ filter: RunsFilter, _ jobs: [JobID: KnownJob], choosesStatus: Bool) {
        list = filter.list.text
        self.choosesStatus = choosesStatus
        job = filter.job.map { jobs[$0]?.name ?? filter.jobText } ?? filter.jobText
        jobID = filter.jobText.isEmpty ? filter.job?.description : nil
        tag = filter.tag ?? ""
        type = filter.type ?? ""
        from = filter.fromText
        to = filter.toText
        statuses = RunStatus.allCases.map { ChoiceView($0.name, StateView($0).word, isChosen: filter.statuses == [$0]) }
        origins = RunOrigin.allCases.map { ChoiceView($0.name, $0.name, isChosen: filter.origins == [$0]) }
        isNarrowed = filter.isNarrowed
        faults = filter.problems.map { Fault(at: $0.field, text: ShownText.line($0.message)) }
        hasFaults = !faults.isEmpty
    }
}

/// The list of runs as its template sees it.
struct RunsPageView: Sendable {
    let filter: RunsFilterView
    let rows: [RunListRowView]
    let hasRows: Bool
    let next: String?
    let isFirst: Bool
    let first: String
    /// There are no runs at all.
    let isEmpty: Bool

    init(
        _ filter: RunsFilter, _ page: Page<Run>, _ jobs: [JobID: KnownJob], _ times: TimeText, for request: WebRequest
    ) {
        self.filter = RunsFilterView(filter, jobs, choosesStatus: true)
        // Whoever looks at one job wants to see each of its runs.
        let groups = filter.job == nil ? RunGroup.grouped(page.items) : page.items.map { RunGroup(runs: [$0]) }
        rows = groups.map { RunListRowView($0, jobs[$0.newest.jobID], times, for: request) }
        hasRows = !rows.isEmpty
        next = page.next.map { filter.path(cursor: $0) }
        isFirst = filter.cursor == nil
        first = filter.path()
        isEmpty = rows.isEmpty && !filter.isNarrowed && isFirst
    }
}

/// Runs that one row tells: equal ones of a job which runs often say more together.
struct RunGroup: Sendable {
    /// Fewer stand for themselves.
    static let fewest = 3

    /// Newest first, never empty.
    let runs: [Run]

    private struct Key: Hashable {
        let job: JobID
        let status: RunStatus
        let reason: RunReason?
        let origin: RunOrigin
    }

    /// The newest stands for all.
    var newest: Run { runs[0] }
    var isOne: Bool { runs.count == 1 }

    /// In the order of the newest of each. What failed, or is under way, is never put together.
    static func grouped(_ runs: [Run]) -> [RunGroup] {
        func key(_ run: Run) -> Key? {
            guard run.status == .success && run.attempt == 1 || run.status == .skipped else { return nil }
            return Key(job: run.jobID, status: run.status, reason: run.reason, origin: run.origin)
        }
        let equal = Dictionary(grouping: runs.filter { key($0) != nil }) { key($0) }
        var told: Set<Key> = []
        return runs.compactMap { run in
            guard let key = key(run), let group = equal[key], group.count >= fewest else {
                return RunGroup(runs: [run])
            }
            return told.insert(key).inserted ? RunGroup(runs: group) : nil
        }
    }
}

/// A row of the list: a run, or equal ones.
struct RunListRowView: Sendable {
    let run: RunRowView
    let jobName: String
    let jobPath: String
    /// `1 of 4`
    let tries: String
    let node: String?
    let alike: Alike?
    let mayCancel: Bool
    let mayRedrive: Bool

    /// What several runs have in common.
    struct Alike: Sendable {
        /// `×58, all success`
        let words: String
        /// Each of them.
        let each: String
        let oldest: TimeView
        let worstDelay: String?
        let longest: String?
    }

    init(_ group: RunGroup, _ job: KnownJob?, _ times: TimeText, for request: WebRequest) {
        let newest = group.newest
        let zone = job?.zone ?? "UTC"
        run = RunRowView(newest, times, zone: zone)
        jobName = job?.name ?? KnownJob.deletedName
        jobPath = "/jobs/\(newest.jobID)"
        // A redrive begins a new budget.
        tries = job?.attempts.map { "\(newest.attempt) of \(newest.budgetBase + $0)" } ?? "\(newest.attempt)"
        node = (newest.owner ?? newest.current?.node).map { String($0.description.suffix(8)) }
        alike = group.isOne ? nil : Alike(group, times, zone: newest.zone.isEmpty ? zone : newest.zone)
        mayCancel = request.may(.operate) && newest.status.isLive && !newest.cancelRequested
        mayRedrive = request.may(.operate) && newest.status == .dead
    }
}

extension RunListRowView.Alike {
    fileprivate init(_ group: RunGroup, _ times: TimeText, zone: String) {
        let newest = group.newest
        let oldest = group.runs.map(\.scheduledFor).min() ?? newest.scheduledFor
        words = "×\(group.runs.count), all \(StateView(newest.status).word.lowercased())"
        self.oldest = times.view(oldest, zone: zone)
        each = RunsFilter.path(
            .runs,
            [
                ("job_id", newest.jobID.description), ("from", oldest.description),
                ("to", (newest.scheduledFor + .microseconds(1)).description), ("status", newest.status.name),
            ])
        let attempts = group.runs.compactMap(\.current)
        worstDelay = zip(group.runs, group.runs.map(\.current)).compactMap { run, attempt in
            attempt.map { $0.startedAt - run.scheduledFor }
        }.max().map { "up to \(DurationText.exact($0))" }
        longest = attempts.compactMap { attempt in attempt.finishedAt.map { $0 - attempt.startedAt } }.max()
            .map { "up to \(DurationText.exact($0))" }
    }
}
