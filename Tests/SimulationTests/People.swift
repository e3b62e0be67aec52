import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HashTreeCollections

/// People, who create, edit, pause, trigger and cancel at any moment.
final class People {
    private unowned let simulation: Simulation
    private let owner = UserID(high: 9, low: 9)
    private var jobCount = 0
    /// Told by every definition, so that what runs can be compared with what was saved.
    private var edit: Int64 = 0

    init(_ simulation: Simulation) { self.simulation = simulation }

    func begin() {
        for _ in 0..<3 { create() }
        next()
    }

    private func next() {
        simulation.after(simulation.span(50...1_200)) { [self] in
            guard !simulation.isCalm else { return }
            act()
            next()
        }
    }

    private func act() {
        let kind = simulation.random.fraction()
        if kind < 0.1, jobCount < 6 { return create() }
        if kind < 0.3 { return person() }
        guard let job = anyJob() else { return create() }
        switch kind {
        case ..<0.4: change(job, .pause)
        case ..<0.55: change(job, .resume(simulation.pick(ResumePolicy.allCases)))
        case ..<0.65: change(job, .trigger(payload: nil))
        case ..<0.68: change(job, .cancelRuns)
        case ..<0.7: change(job, .delete)
        default: change(job, .edit(edited(job.definition), rearm: simulation.chance(0.1)))
        }
    }

    private var schedules: [String] {
        ["* * * * * *", "*/2 * * * * *", "*/3 * * * * *", "@every 2s", "in 3s", "in 8s"]
    }

    private func create() {
        jobCount += 1
        edit += 1
        var definition = JobDefinition(
            name: "job-\(jobCount)", schedule: simulation.pick(schedules),
            action: ActionDefinition(type: "test", fields: ["edit": .integer(edit)]))
        definition.overlap = simulation.pick([.skip, .skip, .allow, .queue(2), .cancelOther])
        if definition.overlap == .allow, simulation.chance(0.5) { definition.maxConcurrent = 1 }
        if simulation.chance(0.3) { definition.concurrencyKey = simulation.pick(["one", "two"]) }
        if simulation.chance(0.15) { definition.rateLimit = StartRate(count: 2, per: .seconds(2)) }
        definition.delivery = simulation.pick(Delivery.allCases)
        definition.misfire.mode = simulation.pick(MisfirePolicy.Mode.allCases)
        definition.misfire.after = .seconds(3)
        definition.misfire.catchupLimit = 3
        definition.retry.strategy = .fixed
        definition.retry.baseDelay = .milliseconds(300)
        definition.retry.maxRetries = 2
        definition.timeout = TimeoutPolicy(attempt: .seconds(2))
        if simulation.chance(0.3) { definition.jitter = .milliseconds(700) }
        if simulation.chance(0.2) { definition.timezones = ["UTC", "Asia/Kolkata"] }
        if simulation.chance(0.2) { definition.expiry.after = .seconds(5) }
        if simulation.chance(0.4) { definition.alerts = alerts() }
        let draft = JobDraft(
            id: JobID(at: simulation.clock.now, using: &simulation.random), userID: owner, definition: definition)
        let checker = simulation.checker
        simulation.line.call(
            .createJobs([draft]),
            onCommit: { created in
                if case .success(let job) = created[0] { checker.created(job.job.job) }
            },
            reply: { [self] _ in wake() })
    }

    private func alerts() -> AlertPolicy {
        var alerts = AlertPolicy(channels: ["ops"])
        alerts.on = Set(AlertRule.events)
        alerts.startWithin = .seconds(1)
        alerts.finishBy = .seconds(3)
        alerts.maxSilence = .seconds(5)
        return alerts
    }

    private func edited(_ old: JobDefinition) -> JobDefinition {
        edit += 1
        var definition = old
        definition.action.fields["edit"] = .integer(edit)
        if simulation.chance(0.4) { definition.schedule = simulation.pick(schedules) }
        if simulation.chance(0.2) { definition.misfire.mode = simulation.pick(MisfirePolicy.Mode.allCases) }
        if simulation.chance(0.1) { definition.alerts = definition.alerts == nil ? alerts() : nil }
        if simulation.chance(0.2) { definition.concurrencyKey = simulation.pick([nil, "one", "two"]) }
        return definition
    }

    private func change(_ job: Job, _ change: JobChange) {
        let checker = simulation.checker
        simulation.line.call(
            .changeJob(job.id, owner: owner, version: nil, change),
            onCommit: { checker.changed($0.job.job) },
            reply: { [self] result in
                guard case .success(let changed) = result else { return }
                checker.acknowledged(changed.job.job)
                tell(changed.cancelRequests)
                wake()
            })
    }

    private func person() {
        let runs = simulation.database.tables.runs.values.filter { $0.status.isLive || $0.status == .dead }
            .sorted { $0.id < $1.id }
        guard !runs.isEmpty else { return }
        let run = simulation.pick(runs)
        let verb: MemoryVerb<Run> =
            switch simulation.random.fraction() {
            case ..<0.5: .cancelRun(run.id, owner: owner)
            case ..<0.9: MemoryVerb.redriveRun(run.id, owner: owner, payload: nil).map(\.run)
            default: .discardRun(run.id, owner: owner)
            }
        simulation.line.call(verb) { [self] result in
            guard case .success(let run) = result else { return }
            if run.cancelRequested, run.status == .running { tell([run.id]) }
            wake()
        }
    }

    private func anyJob() -> Job? {
        let jobs = simulation.database.tables.jobs.values.filter { $0.deletedAt == nil }.sorted { $0.id < $1.id }
        return jobs.isEmpty ? nil : simulation.pick(jobs)
    }

    /// The node that served the request knows at once; the others find out for themselves.
    private func wake() { simulation.pick(simulation.nodes).post { _ in .wake } }

    private func tell(_ runs: [RunID]) {
        if !runs.isEmpty { simulation.pick(simulation.nodes).post { _ in .cancel(runs) } }
    }
}
