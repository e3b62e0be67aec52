import CronModel
import CronSchedule
import CronTesting
import Testing

/// What lists of jobs and runs are narrowed to, and in which order they come.
@Suite struct ListBehaviour {
    @Test(arguments: Driver.allCases)
    func jobsAreSelectedByWhatTheirRunsSay(driver: Driver) async throws {
        try await World.with(driver) { world in
            let good = try await world.create("*/2 * * * * *")
            world.clock.advance(by: .seconds(2))
            try await world.runDue()
            let dead = try await world.create("in 1s") { $0.retry.maxRetries = 0 }
            world.clock.advance(by: .seconds(1))
            let retrying = try await world.create("in 1s") { $0.retry.baseDelay = .hours(1) }
            try await world.change(good, .pause)
            world.clock.advance(by: .seconds(1))
            try await world.runDue(World.transient)
            let new = try await world.create("0 0 * * * *")

            func found(_ narrow: (inout JobQuery) -> Void) async throws -> [JobID] {
                var query = JobQuery(owner: world.owner)
                narrow(&query)
                let page = try await world.store.jobs(query).items.map(\.job.id)
                let selection = try await world.store.selectJobs(query)
                #expect(selection.count == page.count && selection.jobs.map(\.id) == page.sorted())
                return page
            }
            #expect(try await found { $0.statuses = [.success] } == [good.id])
            #expect(try await found { $0.statuses = [.dead, .success] } == [good.id, dead.id])
            #expect(try await found { $0.statuses = [.failed] } == [dead.id, retrying.id])
            #expect(try await found { $0.statuses = [.pending] } == [new.id])
            #expect(try await found { $0.statuses = [.running] } == [])

            let next = try #require(try await world.view(new).nextRunTime)
            #expect(try await found { $0.next = InstantRange(from: next) } == [new.id])
            #expect(try await found { $0.next = InstantRange(to: next) } == [], "the others run no more or not now")
            let tick = Span(microseconds: 1)
            #expect(try await found { $0.next = InstantRange(from: next, to: next + tick) } == [new.id])
            #expect(try await found { $0.next = InstantRange(from: next + tick) } == [])
            #expect(try await found { $0.created = InstantRange(to: dead.createdAt) } == [good.id])
            #expect(
                try await found { $0.created = InstantRange(from: dead.createdAt, to: new.createdAt) } == [
                    dead.id, retrying.id,
                ])
            #expect(try await found { $0.ids = [new.id, good.id, JobID(high: 1, low: 1)] } == [good.id, new.id])
            #expect(try await found { $0.ids = [] } == [])
            try await world.change(new, .delete)
            #expect(try await found { $0.ids = [new.id] } == [])
            var few = JobQuery(owner: world.owner)
            few.limit = 1
            let selection = try await world.store.selectJobs(few)
            #expect(selection.count == 3 && selection.jobs.count == 1, "all are counted, the first are named")
        }
    }

    @Test(arguments: Driver.allCases)
    func pagesAreExactInEveryOrder(driver: Driver) async throws {
        try await World.with(driver) { world in
            // Ties in every order but that of names, and names whose bytes, letters and cases disagree.
            let names = ["b", "B", "ä", "z", "a", "Z", "zz", "10", "9", "é"]
            for (index, name) in names.enumerated() {
                let schedule = index % 4 == 3 ? "in 1s" : index % 2 == 0 ? "0 0 * * * *" : "0 30 * * * *"
                let job = try await world.create(schedule) { $0.name = name }
                if index % 5 == 1 { try await world.change(job, .pause) }
                if index % 3 == 2 { world.clock.advance(by: .seconds(1)) }
                if index % 4 == 2 { try await world.edit(job) { $0.priority = 1 } }
            }
            try await world.runDue()
            for sort in JobSort.allCases {
                var query = JobQuery(owner: world.owner)
                query.sort = sort
                let whole = try await world.store.jobs(query).items
                #expect(whole.count == names.count)
                let cursors = whole.map { PageCursor($0.job, next: $0.nextRunTime, sort: sort) }
                #expect(zip(cursors, cursors.dropFirst()).allSatisfy(Self.isBefore), "\(sort)")
                if sort == .nextRunTime {
                    let times = whole.map(\.nextRunTime)
                    #expect(times.drop { $0 != nil }.allSatisfy { $0 == nil } && times.contains(nil))
                }
                for isDescending in [false, true] {
                    query.descending = isDescending
                    query.limit = 3
                    query.after = nil
                    var seen: [JobID] = []
                    repeat {
                        let page = try await world.store.jobs(query)
                        seen += page.items.map(\.job.id)
                        query.after = page.next
                    } while query.after != nil
                    let expected = whole.map(\.job.id)
                    #expect(seen == (isDescending ? expected.reversed() : expected), "\(sort)")
                }
            }
        }
    }

    private static func isBefore(_ left: PageCursor, _ right: PageCursor) -> Bool {
        guard left.name == right.name else { return left.name.utf8.lexicographicallyPrecedes(right.name.utf8) }
        return (left.at, left.high, left.low) < (right.at, right.high, right.low)
    }

    @Test(arguments: Driver.allCases)
    func runsAreSelectedByTheirJobsAndOrigin(driver: Driver) async throws {
        try await World.with(driver) { world in
            var jobs: [Job] = []
            for index in 0..<6 {
                jobs.append(
                    try await world.create("*/2 * * * * *") {
                        $0.tags = index < 4 ? ["low", "n\(index)"] : ["high"]
                        $0.type = index % 2 == 0 ? "even" : nil
                        $0.overlap = .allow
                        $0.retry.maxRetries = 0
                    })
            }
            world.clock.advance(by: .seconds(4))
            try await world.runDue()
            let triggered = try #require(try await world.change(jobs[0], .trigger(payload: nil)).triggered)
            try await world.change(jobs[1], .trigger(payload: nil))
            world.clock.advance(by: .seconds(2))
            try await world.runDue(World.permanent)
            _ = try await world.store.redriveRun(triggered.id, owner: world.owner, payload: nil, audit: nil)

            var all = RunQuery(owner: world.owner)
            all.limit = 1_000
            let whole = try await world.store.runs(all).items
            #expect(whole.count > 20)
            let byID = Dictionary(jobs.map { ($0.id, $0.definition) }, uniquingKeysWith: { first, _ in first })
            func check(_ narrow: (inout RunQuery) -> Void, _ holds: (Run, JobDefinition) -> Bool) async throws {
                let expected = whole.filter { run in byID[run.jobID].map { holds(run, $0) } ?? false }.map(\.id)
                #expect(!expected.isEmpty)
                for isDescending in [false, true] {
                    var query = RunQuery(owner: world.owner)
                    query.limit = 4
                    query.descending = isDescending
                    narrow(&query)
                    var seen: [RunID] = []
                    repeat {
                        let page = try await world.store.runs(query)
                        seen += page.items.map(\.id)
                        query.after = page.next
                    } while query.after != nil
                    #expect(seen == (isDescending ? expected.reversed() : expected))
                }
            }
            try await check({ $0.tag = "low" }) { $1.tags.contains("low") }
            try await check({ $0.type = "even" }) { $1.type == "even" }
            try await check({
                $0.tag = "low"
                $0.type = "even"
            }) { $1.tags.contains("low") && $1.type == "even" }
            try await check({
                $0.tag = "n1"
                $0.jobID = jobs[1].id
            }) { run, _ in run.jobID == jobs[1].id }
            try await check({
                $0.tag = "low"
                $0.statuses = [.success]
            }) {
                $1.tags.contains("low") && $0.status == .success
            }
            try await check({
                $0.tag = "low"
                $0.statuses = [.dead]
            }) {
                $1.tags.contains("low") && $0.status == .dead
            }
            try await check({ $0.origins = [.trigger] }) { run, _ in run.origin == .trigger }
            try await check({
                $0.origins = [.schedule, .redrive]
                $0.tag = "high"
            }) { run, definition in
                run.origin == .schedule && definition.tags.contains("high")
            }
            try await check({ $0.ids = whole.prefix(5).map(\.id) }) { run, _ in
                whole.prefix(5).contains { $0.id == run.id }
            }

            var dead = RunQuery(owner: world.owner)
            #expect(try await world.store.deadLetterCount(dead) == whole.count { $0.status == .dead })
            #expect(try await world.store.deadLetterCount(dead, upTo: 1) == 1, "no more are counted")
            dead.tag = "n1"
            #expect(
                try await world.store.deadLetterCount(dead)
                    == whole.count { $0.status == .dead && $0.jobID == jobs[1].id })
            dead.to = TestClock.start
            #expect(try await world.store.deadLetterCount(dead) == 0)
            try await world.change(jobs[1], .delete)
            all.tag = "n1"
            #expect(try await world.store.runs(all).items.isEmpty, "nobody has the tag any more")
        }
    }
}
