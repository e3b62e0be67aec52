import CronModel
import CronSchedule
import CronTesting
import Foundation
import Testing

/// The same random sequence of verbs on every store, compared after each step. `CRONPP_RANDOM_SEEDS` asks for more.
@Suite struct RandomVerbs {
    private static let seeds = UInt64(ProcessInfo.processInfo.environment["CRONPP_RANDOM_SEEDS"] ?? "") ?? 16
    private static let steps = 120

    @Test(arguments: 1...seeds, [Driver.sqlite, .postgres])
    func storesAgree(seed: UInt64, driver: Driver) async throws {
        try await World.with(.memory, seed: seed) { memory in
            try await World.with(driver, seed: seed) { other in
                var left = RandomWalk(memory, seed: seed)
                var right = RandomWalk(other, seed: seed)
                for step in 1...Self.steps {
                    let expected = try await left.step()
                    let found = try await right.step()
                    #expect(expected == found, "seed \(seed), step \(step)")
                    if expected != found { return }
                }
                try await memory.checkInvariants()
                try await other.checkInvariants()
            }
        }
    }
}

/// One walk: draws a verb, makes it, and tells all that can be seen afterwards.
struct RandomWalk {
    private let world: World
    private var random: RandomSource
    private var jobs: [Job] = []
    private var claims: [Claim] = []
    private var running: [Claim] = []
    private var incarnation: UInt64 = 1

    init(_ world: World, seed: UInt64) {
        self.world = world
        random = RandomSource(seed: seed &* 7919)
    }

    mutating func step() async throws -> [String] {
        let kind = Int.random(in: 0..<20, using: &random)
        let verb = try await act(kind)
        return ["\(kind): \(verb)"] + (try await sight())
    }

    private mutating func act(_ kind: Int) async throws -> String {
        switch kind {
        case 0, 1: return try await create()
        case 2, 3, 4, 5:
            let span = Span.milliseconds(Int64.random(in: 1...4_000, using: &random))
            world.clock.advance(by: kind == 5 && Bool.random(using: &random) ? .seconds(200) : span)
            return "clock"
        case 6, 7, 8:
            let answer = try await world.plan(claims: Int.random(in: 0...6, using: &random))
            claims += answer.claims
            return "plan \(answer.claims.count) \(answer.planned)"
        case 9, 10:
            let found = try await world.claim(Int.random(in: 1...6, using: &random))
            claims += found
            return "claim \(found.count)"
        case 11, 12, 13: return try await start()
        case 14, 15, 16: return try await finish()
        case 17: return try await person()
        case 18: return try await change()
        default:
            guard Int.random(in: 0..<5, using: &random) == 0 else { return "nothing" }
            incarnation += 1
            claims = []
            running = []
            let taken = try await world.register(incarnation)
            return "crash \(taken.queued) \(taken.running)"
        }
    }

    private mutating func create() async throws -> String {
        let schedules = ["* * * * * *", "*/3 * * * * *", "in 2s", "@every 2s", "0 * * * * *", "in 90s"]
        let overlaps: [OverlapPolicy] = [.allow, .skip, .queue(2), .cancelOther]
        let schedule = pick(schedules)
        let overlap = pick(overlaps)
        let misfire = pick(MisfirePolicy.Mode.allCases)
        let delivery = pick(Delivery.allCases)
        let key = pick([nil, nil, nil, "one", "two"])
        let rate = pick([nil, nil, nil, StartRate(count: 2, per: .seconds(4))])
        let limit = pick([nil, nil, 1, 2])
        let jitter = Bool.random(using: &random) ? Span.zero : .milliseconds(700)
        let zones = pick([[], [], [], ["UTC", "Asia/Kolkata"]])
        let job = try await world.create(schedule) {
            $0.overlap = overlap
            $0.concurrencyKey = key
            $0.rateLimit = rate
            $0.maxConcurrent = limit
            $0.misfire.mode = misfire
            $0.misfire.after = .seconds(5)
            $0.misfire.catchupLimit = 3
            $0.delivery = delivery
            $0.jitter = jitter
            $0.retry.maxRetries = 2
            $0.timezones = zones
        }
        jobs.append(job)
        return "create \(schedule) \(zones)"
    }

    private mutating func start() async throws -> String {
        guard !claims.isEmpty else { return "start nothing" }
        claims.shuffle(using: &random)
        let batch = Array(claims.prefix(3))
        claims.removeFirst(batch.count)
        let answers = try await world.start(batch, early: .milliseconds(Int64.random(in: 0...50, using: &random)))
        for (claim, answer) in zip(batch, answers) {
            switch answer {
            case .started: running.append(claim)
            case .putBack: claims.append(claim)
            default: break
            }
        }
        return answers.map { answer in
            guard case .started(let attempt, _) = answer else { return answer.verdictName }
            return "started after \(attempt.progress ?? "nothing")"
        }.joined(separator: ",")
    }

    private mutating func finish() async throws -> String {
        guard !running.isEmpty else { return "finish nothing" }
        let claim = running.remove(at: Int.random(in: 0..<running.count, using: &random))
        var gone = World.permanent
        gone.disablesJob = true
        var half = pick([World.transient, World.permanent])
        half.progress = "\(claim.token.fence)"
        let outcome = pick([
            .success, .success, World.transient, World.permanent, gone, half,
            Outcome(kind: .timeout, verdict: .transient, reach: .maybeSent),
            Outcome(kind: .notSent, verdict: .transient, reach: .nothingSent),
        ])
        if Int.random(in: 0..<6, using: &random) == 0 { running.append(claim) }
        return "\(try await world.finish(claim, outcome))"
    }

    private mutating func person() async throws -> String {
        let runs = try await allRuns()
        guard !runs.isEmpty else { return "nobody" }
        let run = runs[Int.random(in: 0..<runs.count, using: &random)]
        let verb = Int.random(in: 0..<4, using: &random)
        do throws(StoreError) {
            let answer: Run
            switch verb {
            case 0: answer = try await world.store.cancelRun(run.id, owner: world.owner, audit: nil)
            case 1: answer = try await world.store.discardRun(run.id, owner: world.owner, audit: nil)
            default: answer = try await world.store.redriveRun(run.id, owner: world.owner, payload: nil, audit: nil)
            }
            return "\(verb) \(answer.status)"
        } catch {
            return "\(verb) refused"
        }
    }

    private mutating func change() async throws -> String {
        guard !jobs.isEmpty else { return "no job" }
        let job = jobs[Int.random(in: 0..<jobs.count, using: &random)]
        // Only a hand moves this clock: a change that would wait for it is not made.
        let wouldWait = try await allRuns().contains {
            $0.jobID == job.id && $0.status == .running && $0.dueAt > world.clock.now
        }
        guard !wouldWait, let view = try await world.store.job(job.id, owner: world.owner) else { return "not now" }
        var definition = view.job.definition
        let kind = Int.random(in: 0..<9, using: &random)
        let changes: [JobChange]
        switch kind {
        case 0: changes = [.pause]
        case 1: changes = [.resume(pick(ResumePolicy.allCases))]
        case 2: changes = [.trigger(payload: nil)]
        case 3: changes = [.cancelRuns]
        case 4: changes = [.delete]
        case 5:
            definition.tags = ["t"]
            changes = [.edit(definition, rearm: false)]
        case 6:
            definition.schedule = pick(["* * * * * *", "*/4 * * * * *", "in 3s", "@every 3s"])
            definition.timezones = pick([definition.timezones, [], ["Asia/Tokyo", "UTC"]])
            changes = [.edit(definition, rearm: false)]
        case 7: changes = [.edit(definition, rearm: true)]
        default: changes = [.pause, .resume(nil)]
        }
        var told = "change \(kind)"
        for change in changes {
            do throws(StoreError) {
                let changed = try await world.store.changeJob(job.id, owner: world.owner, version: nil, change)
                told += " \(changed.job.job.state) \(changed.cancelRequests.count)"
            } catch {
                told += " refused \(error)"
            }
        }
        return told
    }

    private func allRuns() async throws -> [Run] {
        var query = RunQuery(owner: world.owner)
        query.limit = PageLimit.most
        return try await world.store.runs(query).items
    }

    /// Everything that can be seen, with ids left out: the stores draw them alike, but need not.
    private func sight() async throws -> [String] {
        var lines: [String] = []
        var query = JobQuery(owner: world.owner)
        query.limit = PageLimit.most
        for view in try await world.store.jobs(query).items {
            lines.append(
                "\(view.job.definition.name) \(view.job.state) v\(view.job.version) cursor \(view.job.cursor) next \(String(describing: view.nextRunTime)) planned \(view.job.plannedRuns)"
            )
        }
        for run in try await allRuns() {
            let path = run.events.map { "\($0.to.name):\($0.reason.name):\($0.fence)" }.joined(separator: " ")
            lines.append(
                "\(run.scheduledFor) \(run.origin) \(run.status.name) due \(run.dueAt) f\(run.fence) a\(run.attempt) \(run.blockedOn != nil) \(run.cancelRequested) \(String(describing: run.lastScheduledFor)) \(String(describing: run.current?.outcome?.kind)) \(path)"
            )
        }
        return lines.sorted()
    }

    private mutating func pick<Item>(_ items: [Item]) -> Item { items[Int.random(in: 0..<items.count, using: &random)] }
}
