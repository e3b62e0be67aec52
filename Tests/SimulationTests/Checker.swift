import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HashTreeCollections

/// What must hold, whatever happens. It sees every commit and every byte that leaves, and believes no node.
final class Checker {
    private let database: MemoryDatabase
    private(set) var violations: [String] = []
    private var epochs: [JobID: [Epoch]] = [:]
    private var acknowledged: [JobID: [Acknowledged]] = [:]
    /// The version with which a definition came.
    private var versions: [ActionDefinition: Int64] = [:]
    private var sends: [ClaimToken: Int] = [:]
    private var bytes: [RunID: Int] = [:]
    /// What people have heard the beginning of.
    private var told: Set<NoticeID> = []

    /// A stretch of a job's life with the same slots.
    private struct Epoch {
        var job: Job
        var since: Instant
        var until: Instant?
    }

    /// What a person was told.
    private struct Acknowledged {
        var job: Job
        var at: Instant
    }

    init(_ database: MemoryDatabase) { self.database = database }

    var sentCount: Int { sends.count }
    private var now: Instant { database.clock.now }

    func report(_ what: String) { violations.append("\(now): \(what)") }
    private func expect(_ holds: Bool, _ what: @autoclosure () -> String) { if !holds { report(what()) } }
}

// MARK: - Commits

extension Checker {
    func created(_ job: Job) {
        epochs[job.id] = [Epoch(job: job, since: job.createdAt)]
        note(job)
    }

    private func note(_ job: Job) { versions[job.definition.action] = versions[job.definition.action] ?? job.version }

    func changed(_ job: Job) {
        note(job)
        guard var last = epochs[job.id]?.popLast() else { return }
        let isOver = last.job.anchor != job.anchor || !last.job.definition.hasSameSlots(as: job.definition)
        if isOver { last.until = job.updatedAt }
        epochs[job.id]?.append(last)
        if isOver { epochs[job.id]?.append(Epoch(job: job, since: job.updatedAt)) }
    }

    func acknowledged(_ job: Job) { acknowledged[job.id, default: []].append(Acknowledged(job: job, at: now)) }

    /// T3 has been committed.
    func started(_ answers: [StartAnswer]) {
        for case .started(let context, let dueAt) in answers {
            guard let run = database.tables.runs[context.runID], let job = database.tables.jobs[context.jobID] else {
                report("a run that does not exist was started")
                continue
            }
            expect(
                run.status == .running && run.fence == context.fence, "run \(run.id) was started as \(run.status.name)")
            expect(context.action == job.definition.action, "run \(run.id) was started under an old definition")
            expect(job.deletedAt == nil, "run \(run.id) of a deleted job was started")
            expect(
                !run.needsActiveJob || job.state == .active || job.state == .finished,
                "run \(run.id) of a \(job.state) job was started")
            expect(dueAt <= now + StartRequest.earlyLimit, "run \(run.id) was started \(dueAt - now) early")
            let running = database.tables.runningByKey[run.overlapKey] ?? []
            // Jobs that share a key are each judged by their own limit: after a strict one a loose one may start.
            let jobs = running.compactMap { database.tables.runs[$0] }.compactMap { database.tables.jobs[$0.jobID] }
            let limit = jobs.map(\.runningLimit).max() ?? job.runningLimit
            expect(running.count <= limit, "\(running.count) runs of \(job.definition.name) are RUNNING, \(limit) may be")
        }
    }

    /// T5 has been committed.
    func finished(_ batch: [Finish], _ answers: [FinishAnswer]) {
        for case (let finish, .applied(let status, _)) in zip(batch, answers) {
            guard let run = database.tables.runs[finish.token.runID] else { continue }
            let ended = run.events.last { $0.from == .running }
            expect(
                ended?.fence == finish.token.fence && run.current?.fence == finish.token.fence
                    && run.current?.outcome == finish.outcome && run.status == status,
                "an outcome of run \(run.id) was applied under fence \(finish.token.fence), the run's is \(run.fence)")
        }
    }
}

// MARK: - Effects

extension Checker {
    /// A definition may be this old when a byte leaves: the time from sending a start to sending its effect, and a timer's
    /// lag. The start itself was committed before the edit.
    private static let sendLimit = EngineSettings.sendWindow + .milliseconds(1)

    /// An attempt is under way; `leftByte` unless it cannot even connect.
    func sent(_ context: AttemptContext, leftByte: Bool) {
        let token = ClaimToken(runID: context.runID, fence: context.fence)
        sends[token, default: 0] += 1
        expect(sends[token] == 1, "attempt \(context.attempt) of run \(context.runID) was made twice")
        if leftByte { bytes[context.runID, default: 0] += 1 }
        if context.delivery == .atMostOnce {
            expect(bytes[context.runID, default: 0] <= 1, "at-most-once run \(context.runID) was sent twice")
        }
        guard let run = database.tables.runs[context.runID] else {
            return report("run \(context.runID) was sent but is no more")
        }
        expect(
            run.status == .running && run.fence == context.fence, "run \(run.id) was sent after it had been taken away")
        expect(now >= run.dueAt && now >= run.scheduledFor, "run \(run.id) was sent \(run.dueAt - now) early")
        checkAgainstAcknowledged(run, context)
    }

    private func checkAgainstAcknowledged(_ run: Run, _ context: AttemptContext) {
        let known = acknowledged[run.jobID]?.filter { $0.at < now - Self.sendLimit }.max {
            $0.job.version < $1.job.version
        }
        guard let known, let job = database.tables.jobs[run.jobID] else { return }
        let used = versions[context.action] ?? 0
        let newest = versions[known.job.definition.action] ?? 0
        expect(used >= newest, "run \(run.id) was sent under version \(used) after \(newest) had been acknowledged")
        guard job.version == known.job.version else { return }
        expect(known.job.deletedAt == nil, "run \(run.id) was sent after its job was deleted")
        expect(!run.needsActiveJob || known.job.state != .paused, "run \(run.id) was sent after its job was paused")
    }
}

// MARK: - What people are told

extension Checker {
    func told(_ notice: Notice) {
        if notice.isResolved {
            expect(told.contains(notice.problem), "the end of \(notice.rule) was told before its beginning")
        } else {
            told.insert(notice.problem)
        }
    }
}

// MARK: - The end

extension Checker {
    /// Whether runs that were planned before `instant` are still on their way.
    func hasLive(since instant: Instant) -> Bool {
        database.tables.runs.values.contains { $0.status.isLive && ($0.events.first?.at ?? instant) < instant }
    }

    func checkEnd(since calm: Instant) {
        for run in database.tables.runs.values.sorted(by: { $0.id < $1.id }) {
            for problem in LedgerCheck.path(of: run) { report(problem) }
            if run.status.isLive, let first = run.events.first, first.at < calm {
                report(
                    "run \(run.id) is still \(run.status.name) \(run.blockedOn == nil ? "" : "and parked ")due \(run.dueAt)"
                )
            }
        }
        for (id, list) in epochs.sorted(by: { $0.key < $1.key }) { checkSlots(id, list) }
    }

    private func checkSlots(_ id: JobID, _ list: [Epoch]) {
        guard let job = database.tables.jobs[id] else { return report("job \(id) is gone") }
        let rows = database.tables.runs.values.filter { $0.jobID == id && $0.origin == .schedule }
            .sorted { $0.scheduledFor < $1.scheduledFor }
        for problem in LedgerCheck.slots(of: job, rows) { report(problem) }
        for epoch in list {
            // What a deleted job had still to come vanished with it.
            let end = min(epoch.until ?? job.cursor, job.deletedAt ?? job.cursor)
            for problem in LedgerCheck.coverage(of: epoch.job, rows, after: epoch.since, through: end) {
                report(problem)
            }
        }
        // A planner that does nothing loses nothing: the cursor must have come along.
        if job.state == .active, job.deletedAt == nil, let slot = job.nextSlot {
            expect(slot > now - .seconds(2), "\(job.definition.name) is planned up to \(job.cursor) only")
        }
    }
}
