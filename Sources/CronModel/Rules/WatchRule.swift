package import CronSchedule

/// T8: which of a job's alert rules are broken and which are whole again, judged from its runs and the time.
package struct WatchRule {
    private var watch: Watch
    private let job: Job
    private let policy: AlertPolicy
    /// Whether ends are told; nil when the job has no alerts to say so.
    private let recovery: Bool?
    private let now: Instant
    private var random: RandomSource
    private var next: [Instant] = []
    /// The last run that was in time, and when it was.
    private var inTime: [AlertRule: (run: Run, at: Instant)] = [:]
    /// Rules that a run breaks now: what is late is not over because another was in time.
    private var late: Set<AlertRule> = []

    /// - Parameters:
    ///   - runs: those that something happened to, in whatever order.
    ///   - live: the job's live runs.
    package static func judge(
        _ watch: inout Watch, job: Job, runs: [Run], live: [Run], now: Instant, random: inout RandomSource
    ) {
        let policy = job.deletedAt == nil ? job.definition.alerts : nil
        var rule = WatchRule(
            watch: watch, job: job, policy: policy ?? AlertPolicy(channels: []), recovery: policy?.recovery, now: now,
            random: random)
        rule.endForeign()
        if policy != nil { rule.judge(runs, live) }
        watch = rule.watch
        random = rule.random
        watch.judgeAt = rule.next.min()
        watch.isOver = policy == nil || job.state == .finished
    }

    /// Problems of rules that the job no longer has.
    private mutating func endForeign() {
        for rule in watch.problems.keys.sorted() where !policy.has(rule) {
            close(rule, job.deletedAt == nil ? "The job no longer has this alert." : "The job was deleted.")
        }
    }

    private mutating func judge(_ runs: [Run], _ live: [Run]) {
        judgeState()
        for run in runs.sorted(by: { ($0.lastEventAt, $0.id) < ($1.lastEventAt, $1.id) }) { judge(run) }
        for run in live { judgeLive(run) }
        judgeSlot()
        for (rule, last) in inTime.sorted(by: { $0.key < $1.key }) where !late.contains(rule) {
            // One that was in time before it began says nothing of it, though it is heard of only now.
            guard let problem = watch.problems[rule], last.at >= problem.since else { continue }
            close(rule, "The run of \(last.run.scheduledFor) was in time.")
        }
        judgeSilence()
    }
}

// MARK: - The rules

extension WatchRule {
    private mutating func judgeState() {
        let isActive = job.state == .active
        // What nobody wanted to run was not silent.
        if isActive, !watch.isActive { watch.quietSince = now }
        watch.isActive = isActive
        if job.state == .disabled {
            open(.disabled, nil, "\(job.definition.name) was disabled", job.stateReason ?? "It runs no more.")
        } else {
            close(.disabled, "The job is \(job.state.rawValue) again.")
        }
    }

    /// A run that something happened to.
    private mutating func judge(_ run: Run) {
        judgeFailure(run)
        judgeStart(run)
        if run.status.isLive { return }
        let end = run.lastEventAt
        if let limit = policy.finishBy, run.isTimed, !run.isMissed, end >= run.scheduledFor + limit {
            open(
                .finishBy, run, "\(job.definition.name) did not finish in time",
                "The run of \(run.scheduledFor) ended \(run.status.name) \((end - run.scheduledFor).coarse) after its slot; the limit is \(limit).")
        }
        if run.status == .success { succeeded(run, at: end) }
    }

    private mutating func judgeFailure(_ run: Run) {
        guard let failure = run.lastFailure else { return }
        let (name, error) = (job.definition.name, run.lastError.map { ": \($0)" } ?? ".")
        if failure.at > watch.failedUntil ?? Instant(microseconds: .min) {
            open(
                .firstFailure, run, "\(name) failed",
                "Attempt \(failure.attempt) of the run of \(run.scheduledFor) failed\(error)")
        }
        guard run.status == .dead else { return }
        let why = run.reason.map { " (\($0.name))" } ?? ""
        let attempts = "\(run.attempt) attempt\(run.attempt == 1 ? "" : "s")"
        open(
            .dead, run, "\(name) has a dead run",
            "The run of \(run.scheduledFor) ended DEAD\(why) after \(attempts)\(error)")
    }

    private mutating func judgeStart(_ run: Run) {
        guard let limit = policy.startWithin, run.isTimed else { return }
        if let started = run.firstStartedAt, started < due(run) + limit {
            noteInTime(.startWithin, run, at: started)
        } else if let started = run.firstStartedAt {
            openLate(run, "started \((started - due(run)).coarse) late", limit)
        } else if run.isMissed {
            openLate(run, "never started (\(run.reason?.name ?? "skipped"))", limit)
        }
    }

    private mutating func judgeLive(_ run: Run) {
        guard run.isTimed else { return }
        if let limit = policy.startWithin, run.firstStartedAt == nil, isPast(due(run) + limit) {
            late.insert(.startWithin)
            openLate(run, "has not started", limit)
        }
        if let limit = policy.finishBy, isPast(run.scheduledFor + limit) {
            late.insert(.finishBy)
            open(
                .finishBy, run, "\(job.definition.name) did not finish in time",
                "The run of \(run.scheduledFor) is \(run.status.name) \((now - run.scheduledFor).coarse) after its slot; the limit is \(limit).")
        }
    }

    /// A slot that no node has planned.
    private mutating func judgeSlot() {
        guard let slot = job.nextSlot else { return }
        if let limit = policy.startWithin, isPast(slot + job.definition.jitter + limit) {
            late.insert(.startWithin)
            open(
                .startWithin, nil, "\(job.definition.name) did not start in time",
                "The run of \(slot) has not been planned; it was to start within \(limit).")
        }
        if let limit = policy.finishBy { _ = isPast(slot + limit) }
    }

    private mutating func judgeSilence() {
        guard let limit = policy.maxSilence, job.state == .active else { return }
        guard isPast(watch.quietSince + limit) else { return }
        open(
            .maxSilence, nil, "\(job.definition.name) has been silent for \(limit)",
            "No run has succeeded since \(watch.quietSince).")
    }

    private mutating func succeeded(_ run: Run, at end: Instant) {
        watch.quietSince = max(watch.quietSince, end)
        watch.failedUntil = max(watch.failedUntil ?? end, end)
        let text = "The run of \(run.scheduledFor) succeeded."
        close(.dead, text)
        close(.firstFailure, text)
        close(.maxSilence, text)
        if let limit = policy.finishBy, run.isTimed, end < run.scheduledFor + limit { noteInTime(.finishBy, run, at: end) }
    }

    private mutating func noteInTime(_ rule: AlertRule, _ run: Run, at moment: Instant) {
        if let last = inTime[rule], last.at > moment { return }
        inTime[rule] = (run, moment)
    }
}

// MARK: - What is told

extension WatchRule {
    private mutating func openLate(_ run: Run, _ what: String, _ limit: Span) {
        open(
            .startWithin, run, "\(job.definition.name) did not start in time",
            "The run of \(run.scheduledFor) \(what); it was to start within \(limit).")
    }

    private mutating func open(_ rule: AlertRule, _ run: Run?, _ title: String, _ text: String) {
        guard policy.has(rule), watch.problems[rule] == nil else { return }
        let problem = Problem(
            id: NoticeID(at: now, using: &random), since: now, run: run?.id, title: title, text: text,
            channels: policy.channels, recovery: policy.recovery)
        watch.problems[rule] = problem
        tell(rule, problem, problem.text, isResolved: false)
    }

    private mutating func close(_ rule: AlertRule, _ why: String) {
        guard let problem = watch.problems.removeValue(forKey: rule), !problem.isUntold else { return }
        guard recovery ?? problem.recovery else { return }
        tell(rule, problem, "\(why) It had lasted \((now - problem.since).coarse).", isResolved: true)
    }

    private mutating func tell(_ rule: AlertRule, _ problem: Problem, _ text: String, isResolved: Bool) {
        watch.add(
            Notice(
                id: NoticeID(at: now, using: &random), jobID: job.id, userID: job.userID,
                jobName: job.definition.name, rule: rule, problem: problem.id, isResolved: isResolved, channels: problem.channels, title: problem.title, text: text,
                run: problem.run, createdAt: now, dueAt: now))
    }

    /// Whether a limit is over; if it is not, it is looked at again when it is.
    private mutating func isPast(_ limit: Instant) -> Bool {
        if limit <= now { return true }
        next.append(limit)
        return false
    }

    private func due(_ run: Run) -> Instant { job.dueAt(slot: run.scheduledFor, zone: run.zone) }
}

extension Run {
    /// Its time limits are those of its slot: a redriven one had its chance.
    fileprivate var isTimed: Bool { budgetBase == 0 && redriveOf == nil }

    fileprivate var lastEventAt: Instant { events.last?.at ?? scheduledFor }

    fileprivate var lastFailure: RunEvent? { events.last { $0.to == .failed } }

    fileprivate var lastError: String? {
        current?.outcome.flatMap { $0.verdict == .success ? nil : $0.error ?? $0.kind.rawValue }
    }
}

extension Span {
    /// For people: nobody reads microseconds of a minute.
    fileprivate var coarse: Span {
        let unit: Int64 = microseconds >= 10_000_000 ? 1_000_000 : 1_000
        return Span(microseconds: microseconds / unit * unit)
    }
}
