import CronEngine
import CronModel
import CronSchedule
import CronTesting
import Testing

@testable import CronHTTP

/// Counting slots agrees with walking from each to the next.
@Suite struct SlotCountTests {
    /// Around changes of clocks by an hour, by half of one and by a day.
    @Test(arguments: [
        ("2027-03-26T08:30:00Z", "Europe/Berlin"), ("2027-10-28T21:17:03Z", "Europe/Berlin"),
        ("2027-04-01T10:00:00Z", "Australia/Lord_Howe"), ("2027-09-30T10:00:00Z", "Australia/Lord_Howe"),
        ("2011-12-28T10:00:00Z", "Pacific/Apia"), ("2027-02-26T23:59:59Z", "UTC"),
    ])
    func countsAreThoseOfTheSchedules(start: String, zone: String) async throws {
        let now = try Instant(rfc3339: start)
        var random = RandomSource(seed: UInt64(bitPattern: now.microseconds))
        var drafts: [JobDraft] = []
        let owner = UserID(high: 1, low: 1)
        for number in 0..<60 {
            var definition = JobDefinition(
                name: "job \(number)", schedule: Self.schedule(&random),
                action: ActionDefinition(type: "test", fields: [:]))
            definition.timezone = number % 4 == 0 ? "America/New_York" : zone
            if number % 7 == 0 { definition.timezones = [zone, "UTC"] }
            definition.dstFold = Schedule.DSTFold.allCases.randomElement(using: &random) ?? .first
            definition.dstGap = Schedule.DSTGap.allCases.randomElement(using: &random) ?? .shift
            if number % 5 == 0 { definition.startAt = now + .hours(Int64.random(in: 1...90, using: &random)) }
            if number % 6 == 0 { definition.endAt = now + .hours(Int64.random(in: 20...160, using: &random)) }
            if number % 9 == 0, definition.timezones.isEmpty { definition.maxRuns = Int.random(in: 1...40, using: &random) }
            drafts.append(JobDraft(id: JobID(at: now, using: &random), userID: owner, definition: definition))
        }
        let clock = TestClock(now)
        let store = MemoryStore(clock: clock, seed: 1)
        // Refused are those that have no slot in their window.
        let made = try await store.createJobs(drafts).compactMap { try? $0.get().job.job }
        #expect(made.count > 40)
        let jobs = JobControl(
            store: store, actions: ActionRegistry([TestAction()]),
            signal: RecordingSignal(events: LocalEvents(node: "here", clock: clock), clock: clock),
            vault: Vault(store: store, ring: KeyRing(current: TestBed.secret)))

        let expected = made.flatMap { Self.walk($0, after: now, through: now + .days(9)) }.sorted()
        for (range, shown) in [(CalendarRange.week, zone), (.day, zone), (.week, "Asia/Kathmandu")] {
            let grid = try CalendarGrid(range, at: now, in: shown)
            let edges = CalendarGrid.edges(grid.stretches, after: now)
            let counts = try await jobs.slotCounts(JobQuery(owner: owner), edges: edges)
            #expect(counts.jobs.count == made.count && !counts.jobs.isCut)
            var rest = expected[...]
            for (index, count) in counts.counts.enumerated() {
                rest = rest.drop { $0 < edges[index] }
                let slots = Array(rest.prefix { $0 < edges[index + 1] })
                #expect(count == slots.count, "\(shown) \(edges[index])")
                guard index % 29 == 0 else { continue }
                let list = try await jobs.slots(
                    JobQuery(owner: owner), from: edges[index], to: edges[index + 1], places: 0..<100_000)
                #expect(list.items?.map(\.at) == slots)
            }
        }
    }

    /// From one slot to the next, in each zone.
    private static func walk(_ job: Job, after: Instant, through: Instant) -> [Instant] {
        var all = job.zones.flatMap { zone in
            if let moment = zone.schedule.oneShotInstant { return [moment] }
            var slots: [Instant] = []
            while let slot = zone.schedule.next(after: slots.last ?? after), slot <= through { slots.append(slot) }
            return slots
        }.sorted().filter { slot in
            (job.definition.startAt.map { slot >= $0 } ?? true) && (job.definition.endAt.map { slot < $0 } ?? true)
        }
        if let most = job.definition.maxRuns { all = Array(all.prefix(most)) }
        return all
    }

    private static func schedule(_ random: inout RandomSource) -> String {
        let minutes = ["0", "30", "*/7", "H", "15,45", "*", "59"]
        let hours = ["*", "2", "1-3", "*/6", "H", "0,23"]
        func any(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "*" }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return "@every \(Int.random(in: 20...5_000, using: &random))s"
        case 1: return "in \(Int.random(in: 1...9_000, using: &random))m"
        case 2: return "*/\(Int.random(in: 5...40, using: &random)) \(any(minutes)) \(any(hours)) * * *"
        default: return "\(any(minutes)) \(any(hours)) * * \(any(["*", "SUN", "MON-FRI", "SAT,SUN"]))"
        }
    }
}
