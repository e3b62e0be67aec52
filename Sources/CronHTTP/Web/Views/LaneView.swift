import CronEngine
import CronModel
import CronSchedule

/// The last half hour and the next hour, a row for each job: what ran as bars, what runs up to now, what comes as ticks.
/// Places are seconds from the left edge.
struct LaneView: Sendable {
    static let back = Span.minutes(30)
    static let ahead = Span.minutes(60)
    static let rows = 20
    /// Ticks that are drawn one by one; more become a band with their number.
    static let ticks = 60

    static let now = Int(back.microseconds / 1_000_000)
    static let width = now + Int(ahead.microseconds / 1_000_000)

    let rows: [LaneRowView]
    let hasRows: Bool
    let isTable: Bool
    let summary: String
    /// What is not drawn.
    let notes: [String]
    let width: String
    let now: String

    /// Whether any of it falls into the time before now.
    static func shows(_ run: Run, at now: Instant) -> Bool {
        if run.status == .running || run.status == .failed { return true }
        // What waits for its slot is a tick of the schedule.
        if run.status.isWaiting { return run.scheduledFor <= now }
        return max(run.current?.finishedAt ?? run.lastSlot, run.scheduledFor) > now - back && run.scheduledFor <= now
    }

    init(_ facts: NowFacts, _ known: [JobID: JobAnswer], isTable: Bool) {
        let byJob = Dictionary(grouping: facts.shownRuns, by: \.jobID)
        let horizon = facts.now + Self.ahead
        let candidates = known.values.filter { job in
            byJob[job.id] != nil || job.state == .active && job.nextRunTime.map { $0 <= horizon } ?? false
        }
        // What runs or waits goes first, then what comes soonest; rows stay where they are, by name.
        let chosen = candidates.map { job in (job, Self.urgency(of: byJob[job.id] ?? [], job, horizon)) }
            .sorted { ($0.1, $0.0.id) < ($1.1, $1.0.id) }.prefix(Self.rows).map(\.0)
        rows = chosen.sorted { ($0.shownName, $0.id) < ($1.shownName, $1.id) }.map {
            LaneRowView($0, byJob[$0.id] ?? [], now: facts.now)
        }
        hasRows = !rows.isEmpty
        self.isTable = isTable
        width = "\(Self.width)"
        now = "\(Self.now)"
        let count = rows.count == 1 ? "1 job" : "\(rows.count) jobs"
        let counts = rows.reduce(into: (past: 0, failed: 0, running: 0, coming: 0)) { sums, row in
            sums.past += row.pastCount
            sums.failed += row.failedCount
            sums.running += row.runningCount
            sums.coming += row.comingCount
        }
        summary =
            "\(count): \(counts.past) runs in the last 30 minutes, \(counts.failed) of them failed; "
            + "\(counts.running) running; \(counts.coming) to come in the next hour."
        var notes: [String] = []
        if candidates.count > rows.count || facts.hasMoreComing && facts.coming.last?.nextRunTime ?? horizon < horizon {
            let all = "\(candidates.count)\(facts.hasMoreComing ? " or more" : "")"
            notes.append("\(rows.count) of \(all) jobs are shown: those that run or wait, then those that run soonest.")
        }
        if facts.recent.next != nil, let oldest = facts.recent.items.last, oldest.scheduledFor > facts.now - Self.back {
            notes.append(
                "What ended well is shown from the newest \(NowFacts.recent) runs, "
                    + "which go back \(DurationText.coarse(facts.now - oldest.scheduledFor)).")
        }
        self.notes = notes
    }

    /// Smaller is more urgent.
    private static func urgency(of runs: [Run], _ job: JobAnswer, _ horizon: Instant) -> Int64 {
        if runs.contains(where: \.status.isLive) { return .min }
        if job.state == .active, let next = job.nextRunTime, next <= horizon { return next.microseconds }
        return .max - (runs.map(\.scheduledFor.microseconds).max() ?? 0)
    }
}

/// One job's row.
struct LaneRowView: Sendable {
    /// Bars nearer to each other than this become one, with their number.
    static let gap = 30
    /// The least that can be seen, in seconds.
    static let narrowest = 20

    let name: String
    let path: String
    /// What the picture shows, in words.
    let words: String
    let past: String
    let present: String
    let coming: String
    let bars: [LaneBarView]
    let running: [LaneBarView]
    /// A path of lines.
    let ticks: String?
    let band: LaneBarView?
    let badges: [LaneBadgeView]

    let pastCount: Int
    let failedCount: Int
    let runningCount: Int
    let comingCount: Int

    init(_ job: JobAnswer, _ runs: [Run], now: Instant) {
        name = job.shownName
        path = "/jobs/\(job.id)"
        let place = LanePlace(start: now - LaneView.back)
        let ended = runs.filter { !$0.status.isLive }
        let under = runs.filter { $0.status == .running || $0.status == .failed }
        let waits = runs.filter(\.status.isWaiting)
        let clusters = LaneCluster.of(ended + waits, place, now: now)
        let failed = ended.filter { $0.status == .dead } + waits.filter { $0.status == .retrying }

        // Slots of the schedule, while it is followed.
        let horizon = now + LaneView.ahead
        let slotCount = job.state == .active ? job.slotCount(after: now, through: horizon) : 0
        // Of a job that ends after so many runs only the next one is certain.
        let isEnding = job.definition["max_runs"].map { $0 != .null } ?? false
        let count = isEnding ? min(slotCount, 1) : slotCount
        let isBand = count > LaneView.ticks
        let slots =
            count == 0 || isBand
            ? [] : job.slots(after: now, through: horizon, limit: min(count, LaneView.ticks)).prefix(count)
        ticks = slots.isEmpty ? nil : slots.map { "M\(place.second($0)) 5v14" }.joined()
        band = isBand ? LaneBarView("band", from: LaneView.now, to: LaneView.width) : nil

        bars = clusters.map { $0.bar }
        running = under.map { run in
            let start = run.current?.startedAt ?? run.dueAt
            // It goes on to the right of now, where it is cut off: as time goes by more of it is seen.
            return LaneBarView("running", from: max(-LaneView.width, place.second(start)), to: LaneView.width)
        }
        badges =
            clusters.filter { $0.count > 1 }.map { LaneBadgeView("×\($0.count)", at: $0.middle) }
            + (isBand ? [LaneBadgeView("×\(count)", at: (LaneView.now + LaneView.width) / 2)] : [])

        pastCount = ended.reduce(0) { $0 + ($1.skippedCount ?? 1) }
        failedCount = failed.count
        runningCount = under.count
        comingCount = count
        past = Self.pastWords(ended)
        present = Self.presentWords(under, waits, now: now)
        coming = Self.comingWords(job, count, now: now)
        words = [past, present, coming].filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private static func pastWords(_ runs: [Run]) -> String {
        let counts = runs.reduce(into: [RunStatus: Int]()) { $0[$1.status, default: 0] += $1.skippedCount ?? 1 }
        return RunStatus.allCases.compactMap { status in counts[status].map { "\($0) \(status.name.lowercased())" } }
            .joined(separator: ", ")
    }

    private static func presentWords(_ running: [Run], _ waiting: [Run], now: Instant) -> String {
        var parts: [String] = []
        if let oldest = running.compactMap({ $0.current?.startedAt }).min() {
            let count = running.count == 1 ? "running" : "\(running.count) running, the oldest"
            parts.append("\(count) for \(DurationText.coarse(now - oldest))")
        }
        let counts = waiting.reduce(into: [RunStatus: Int]()) { $0[$1.status, default: 0] += 1 }
        parts += RunStatus.allCases.compactMap { status in counts[status].map { "\($0) \(status.name.lowercased())" } }
        return parts.joined(separator: ", ")
    }

    private static func comingWords(_ job: JobAnswer, _ count: Int, now: Instant) -> String {
        guard job.state == .active else { return job.state.rawValue }
        guard let next = job.nextRunTime else { return "" }
        let late = now - next
        let distance = late > .zero ? "now" : "in \(DurationText.coarse(next - now))"
        let isOverdue = late > TimeText.overdueAfter
        let when = isOverdue ? "overdue by \(DurationText.coarse(late))" : "next \(distance)"
        return count > 1 ? "\(when), \(count) in the next hour" : when
    }
}

/// Where an instant is in the lane.
struct LanePlace: Sendable {
    let start: Instant

    func second(_ instant: Instant) -> Int {
        Int(max(-Int64(LaneView.width), min(Int64(LaneView.width), (instant - start).microseconds / 1_000_000)))
    }
}

/// Runs of a job that lie so near to each other that they are drawn as one.
private struct LaneCluster {
    var from: Int
    var to: Int
    var status: RunStatus
    var count: Int

    var middle: Int { (max(0, from) + min(to, LaneView.now)) / 2 }
    var bar: LaneBarView { LaneBarView(status.name.lowercased(), from: from, to: to) }

    static func of(_ runs: [Run], _ place: LanePlace, now: Instant) -> [LaneCluster] {
        let marks = runs.map { mark($0, place, now: now) }.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
        return marks.reduce(into: []) { clusters, mark in
            guard var last = clusters.last, mark.from - last.to < LaneRowView.gap, last.isWaiting == mark.isWaiting
            else {
                clusters.append(mark)
                return
            }
            last.to = max(last.to, mark.to)
            last.count += mark.count
            if mark.weight > last.weight { last.status = mark.status }
            clusters[clusters.count - 1] = last
        }
    }

    private static func mark(_ run: Run, _ place: LanePlace, now: Instant) -> LaneCluster {
        let start: Instant
        let end: Instant
        if run.status.isWaiting {
            (start, end) = (run.dueAt, run.dueAt)
        } else {
            start = run.current?.startedAt ?? run.scheduledFor
            end = max(start, run.current?.finishedAt ?? run.lastSlot)
        }
        let from = place.second(start)
        return LaneCluster(
            from: from, to: max(from + LaneRowView.narrowest, place.second(end)), status: run.status,
            count: run.skippedCount ?? 1)
    }

    private var isWaiting: Bool { status.isWaiting }

    /// Of several the heaviest gives the look.
    private var weight: Int {
        switch status {
        case .dead: 5
        case .retrying, .failed: 4
        // Where some ran, those that did not are no more than a hole.
        case .success: 3
        case .cancelled: 2
        default: 1
        }
    }
}

struct LaneBarView: Sendable {
    let key: String
    let x: String
    let length: String

    init(_ key: String, from: Int, to: Int) {
        self.key = key
        x = "\(from)"
        length = "\(max(1, to - from))"
    }
}

struct LaneBadgeView: Sendable {
    let text: String
    /// Percent of the width, with a tenth.
    let place: String

    init(_ text: String, at second: Int) {
        self.text = text
        let tenths = max(0, min(1_000, second * 1_000 / LaneView.width))
        place = "\(tenths / 10).\(tenths % 10)%"
    }
}
