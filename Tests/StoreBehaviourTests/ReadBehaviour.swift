import CronModel
import CronSchedule
import CronTesting
import Testing

/// Lists, accounts, nodes, creation.
@Suite struct ReadBehaviour {
    @Test(arguments: Driver.allCases)
    func runsAreFilteredAndPagedInOrder(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.misfire.mode = .skip }
            let other = try await world.create("*/2 * * * * *")
            world.clock.advance(by: .seconds(100))
            try await world.plan()
            var query = RunQuery(owner: world.owner)
            query.jobID = job.id
            query.from = TestClock.start + .seconds(20)
            query.to = TestClock.start + .seconds(42)
            let window = try await world.store.runs(query).items
            #expect(
                window.map(\.scheduledFor) == [1, 40, 41].map { TestClock.start + .seconds($0) }, "the range reaches in"
            )

            var all = RunQuery(owner: world.owner)
            all.limit = 7
            var seen: [Run] = []
            repeat {
                let page = try await world.store.runs(all)
                seen += page.items
                all.after = page.next
            } while all.after != nil
            let whole = try await world.runs(job) + (try await world.runs(other))
            #expect(seen.count == whole.count)
            #expect(Set(seen.map(\.id)) == Set(whole.map(\.id)))
            #expect(zip(seen, seen.dropFirst()).allSatisfy { ($0.scheduledFor, $0.id) < ($1.scheduledFor, $1.id) })
            all.after = nil
            all.descending = true
            #expect(try await world.store.runs(all).items.map(\.id) == seen.suffix(7).reversed().map(\.id))
            all.statuses = [.skipped]
            #expect(try await world.store.runs(all).items.allSatisfy { $0.status == .skipped })
            #expect(try await world.store.runs(RunQuery(owner: UserID(high: 1, low: 5))).items.isEmpty)
        }
    }

    @Test(arguments: Driver.allCases)
    func failedSelectsRetryingAndDead(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("in 1s") { $0.retry.maxRetries = 1 }
            try await world.create("in 1s") { $0.retry.maxRetries = 0 }
            try await world.create("in 1h")
            world.clock.advance(by: .seconds(1))
            try await world.runDue(World.transient)
            var query = RunQuery(owner: world.owner)
            query.statuses = [.failed]
            #expect(Set(try await world.store.runs(query).items.map(\.status)) == [.retrying, .dead])
        }
    }

    /// Each store seeks them elsewhere than what has ended: in the same order, page by page, and nobody else's.
    @Test(arguments: Driver.allCases)
    func whatHasNotEndedIsFoundAmongAllThatHas(driver: Driver) async throws {
        try await World.with(driver) { world in
            for _ in 0..<3 { try await world.create("in 1s") { $0.retry.baseDelay = .hours(1) } }
            world.clock.advance(by: .seconds(1))
            try await world.runDue(World.transient)
            let done = try await world.create("in 1s")
            world.clock.advance(by: .seconds(1))
            try await world.runDue()
            var query = RunQuery(owner: world.owner)
            let retrying = try await world.store.runs(query).items.filter { $0.status == .retrying }.map(\.id)
            #expect(retrying.count == 3)
            query.statuses = [.running, .pending, .queued, .retrying]
            #expect(try await world.store.runs(query).items.map(\.id) == retrying)
            query.jobID = done.id
            #expect(try await world.store.runs(query).items.isEmpty)
            query.jobID = nil
            query.descending = true
            query.limit = 2
            let page = try await world.store.runs(query)
            #expect(page.items.map(\.id) == [retrying[2], retrying[1]])
            query.after = page.next
            #expect(try await world.store.runs(query).items.map(\.id) == [retrying[0]])
            #expect(try await world.store.runs(query).next == nil)
            query = RunQuery(owner: UserID(high: 1, low: 5))
            query.statuses = [.retrying]
            #expect(try await world.store.runs(query).items.isEmpty)
        }
    }

    @Test(arguments: Driver.allCases)
    func jobsAreFoundByNameStateTagAndText(driver: Driver) async throws {
        try await World.with(driver) { world in
            let a = try await world.create("0 * * * * *") {
                $0.name = "Nightly Report"
                $0.tags = ["billing", "eu"]
                $0.type = "report"
            }
            try await world.create("0 * * * * *") { $0.name = "cleanup" }
            try await world.change(a, .pause)
            for narrow in [
                { (q: inout JobQuery) in q.state = .paused }, { $0.tag = "eu" }, { $0.type = "report" },
                { $0.text = "REPORT" },
            ] {
                var query = JobQuery(owner: world.owner)
                narrow(&query)
                #expect(try await world.store.jobs(query).items.map(\.job.id) == [a.id])
            }
            #expect(try await world.store.job(named: "Nightly Report", owner: world.owner)?.job.id == a.id)
            #expect(try await world.store.job(named: "nightly report", owner: world.owner) == nil)
        }
    }

    @Test(arguments: Driver.allCases)
    func attemptsOfManyRunsAreReadTogether(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.overlap = .allow }
            world.clock.advance(by: .seconds(3))
            let claims = try await world.claims().filter { $0.dueAt <= world.clock.now }
            try #require(claims.count == 3)
            _ = try await world.start(claims)
            try await world.finish(claims[0])
            try await world.finish(claims[1], World.transient)
            // The third was taken from its node before its answer came.
            try await world.register(2)
            try await world.finish(claims[2])
            world.clock.advance(by: .seconds(1))
            try await world.runDue()

            let runs = try await world.runs(job)
            let absent = RunID(high: 5, low: 5)
            let found = try await world.store.attempts(of: runs.map(\.id) + [absent], owner: world.owner)
            #expect(Set(found.keys) == Set(runs.map(\.id)), "those without attempts have an empty list")
            #expect(
                runs.prefix(4).map { found[$0.id]?.map { $0.outcome?.kind } } == [
                    [.success], [.httpError, .success], [.leaseLost, .success], [.success],
                ])
            #expect(found[runs[2].id]?.first?.lateOutcome == .success)
            #expect(runs.dropFirst(4).allSatisfy { found[$0.id] == [] })
            for run in runs {
                #expect(try await world.store.attempts(of: run.id, owner: world.owner) == found[run.id])
            }
            let stranger = UserID(high: 1, low: 2)
            #expect(try await world.store.attempts(of: runs.map(\.id), owner: stranger).isEmpty)
            #expect(try await world.store.attempts(of: runs[0].id, owner: stranger) == nil)
            #expect(try await world.store.attempts(of: [RunID](), owner: world.owner).isEmpty)
        }
    }

    @Test(arguments: Driver.allCases)
    func namesAreUniqueAmongLiveJobs(driver: Driver) async throws {
        try await World.with(driver) { world in
            let first = try await world.create("in 1s") { $0.name = "x" }
            await #expect(throws: StoreError.conflict("a job named \"x\" exists")) {
                try await world.create("in 1s") { $0.name = "x" }
            }
            world.clock.advance(by: .seconds(1))
            try await world.runDue()
            let second = try await world.create("in 1s") { $0.name = "x" }
            #expect(try await world.store.job(named: "x", owner: world.owner)?.job.id == second.id)
            await #expect(throws: StoreError.conflict("a job named \"x\" exists"), "finished jobs hold no name") {
                try await world.edit(first, rearm: true) { _ in }
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func nodesAreKnownUntilTheyRetire(driver: Driver) async throws {
        try await World.with(driver) { world in
            #expect(try await world.store.heartbeat(node: world.node, lease: .seconds(15)).isAlive)
            try await world.register(2)
            let nodes = try await world.store.nodes().filter { $0.pid != World.reaperPID }
            #expect(nodes.map { $0.deadAt != nil } == [true, false])
            #expect(!(try await world.store.heartbeat(node: NodeID(high: 1, low: 1), lease: .seconds(15)).isAlive))
            try await world.store.retire(node: world.node)
            #expect(try await world.store.nodes().allSatisfy { $0.deadAt != nil })
        }
    }

    @Test(arguments: Driver.allCases)
    func aQuotaCountsTheSpacesJobsAlsoAtOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let (owner, definitions) = (world.owner, (0..<10).map { _ in world.definition("@daily") })
            let made = try await withThrowingTaskGroup(of: Bool.self) { group in
                for (number, definition) in definitions.enumerated() {
                    let draft = JobDraft(
                        id: JobID(high: 6, low: UInt64(number)), userID: owner, definition: definition, quota: 4)
                    group.addTask {
                        switch try await store.createJobs([draft])[0] {
                        case .success: return true
                        case .failure(let error):
                            #expect(error == .limitReached("there are 4 jobs already; the space may have 4"))
                            return false
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(made == 4)
        }
    }
}
