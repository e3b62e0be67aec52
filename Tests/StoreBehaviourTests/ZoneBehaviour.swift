import CronModel
import CronSchedule
import CronTesting
import Testing

/// Jobs with several time zones: a run of its own for each zone and local time.
@Suite struct ZoneBehaviour {
    /// 2027-01-15, around the clock's start at 08:00 UTC.
    private func at(_ hour: Int64, _ minute: Int64 = 0) -> Instant {
        TestClock.start + .hours(hour - 8) + .minutes(minute)
    }

    private func zoned(_ runs: [Run]) -> [String] {
        runs.filter { $0.origin == .schedule }.sorted { $0.slot < $1.slot }.map { run in
            let minutes = (run.scheduledFor - at(0)).microseconds / 60_000_000
            let time = "\(minutes / 60):\(minutes % 60)"
            return "\(time) \(run.zone) \(run.status.name)\(run.skippedCount.map { " ×\($0)" } ?? "")"
        }
    }

    /// Looks every ten minutes of so many hours, running what is due.
    private func pass(_ hours: Int64, _ world: World) async throws {
        for _ in 0..<hours * 6 {
            world.clock.advance(by: .minutes(10))
            try await world.runDue()
        }
    }

    @Test(arguments: Driver.allCases)
    func itIsNineInEachZoneOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 9 * * *") {
                $0.timezones = ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Europe/Paris"]
            }
            #expect(job.nextSlot == at(14), "in New York; in Berlin it is nine at this moment")
            try await pass(24, world)
            #expect(
                zoned(try await world.runs(job)) == [
                    "14:0 America/New_York SUCCESS", "24:0 Asia/Tokyo SUCCESS", "32:0 Europe/Berlin SUCCESS",
                    "32:0 Europe/Paris SUCCESS",
                ])
        }
    }

    @Test(arguments: Driver.allCases)
    func zonesOverlapWithThemselvesOnly(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("* * * * * *") { $0.timezones = ["UTC", "Asia/Kolkata"] }
            let claims = try await world.plan().claims
            world.clock.advance(by: .seconds(2))
            let due = claims.filter { $0.dueAt <= world.clock.now }
            let verdicts = try await world.start(due).map(\.verdictName)
            #expect(due.count == 4 && verdicts.sorted() == ["skipped", "skipped", "started", "started"])
            let running = try await world.runs(job).filter { $0.status == .running }
            #expect(Set(running.map(\.zone)) == ["UTC", "Asia/Kolkata"] && Set(running.map(\.scheduledFor)).count == 1)
        }
    }

    @Test(arguments: Driver.allCases)
    func afterAnOutageEachZonesNewestRuns(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * *") { $0.timezones = ["UTC", "Asia/Kolkata"] }
            world.clock.set(at(11, 45))
            try await world.runDue()
            #expect(
                zoned(try await world.runs(job)) == [
                    "8:30 Asia/Kolkata SKIPPED ×3", "9:0 UTC SKIPPED ×2", "11:0 UTC SUCCESS", "11:30 Asia/Kolkata SUCCESS",
                ])
        }
    }

    @Test(arguments: Driver.allCases)
    func aPauseIsARangeInEachZone(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * *") { $0.timezones = ["UTC", "Asia/Kolkata"] }
            try await world.change(job, .pause)
            world.clock.set(at(11, 45))
            try await world.change(job, .resume(.last))
            try await world.runDue()
            #expect(
                zoned(try await world.runs(job)) == [
                    "8:30 Asia/Kolkata SKIPPED ×3", "9:0 UTC SKIPPED ×2", "11:0 UTC SUCCESS", "11:30 Asia/Kolkata SUCCESS",
                ])
            #expect(try await world.view(job).job.nextSlot == at(12))
        }
    }

    @Test(arguments: Driver.allCases)
    func anEditOfTheZonesPlansTheFutureAnew(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * *") { $0.timezones = ["UTC"] }
            world.clock.set(at(8, 59) + .seconds(58))
            try await world.plan()
            #expect(try await world.runs(job).count == 1, "planned, and perhaps claimed")
            try await world.edit(job) { $0.timezones = ["Asia/Tokyo", "UTC"] }
            world.clock.set(at(9))
            try await world.runDue()
            #expect(zoned(try await world.runs(job)) == ["9:0 Asia/Tokyo SUCCESS", "9:0 UTC SUCCESS"])
            try await world.edit(job) { $0.timezones = [] }
            world.clock.set(at(10))
            try await world.runDue()
            #expect(try await world.runs(job).last?.zone == "")
        }
    }

    @Test(arguments: Driver.allCases)
    func aLocalMomentComesOnceInEachZone(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("2027-01-15 18:00:00") { $0.timezones = ["Europe/Berlin", "Asia/Tokyo"] }
            #expect(zoned(try await world.runs(job)) == ["9:0 Asia/Tokyo PENDING", "17:0 Europe/Berlin PENDING"])
            try await pass(10, world)
            #expect(zoned(try await world.runs(job)) == ["9:0 Asia/Tokyo SUCCESS", "17:0 Europe/Berlin SUCCESS"])
            #expect(try await world.view(job).job.state == .finished)
        }
    }

    @Test(arguments: Driver.allCases)
    func maxRunsCountsTheRunsOfAllZones(driver: Driver) async throws {
        try await World.with(driver) { world in
            let job = try await world.create("0 * * * *") {
                $0.timezones = ["UTC", "Asia/Tokyo"]
                $0.maxRuns = 3
            }
            try await pass(4, world)
            #expect(try await world.runs(job).count == 3)
            #expect(try await world.view(job).job.state == .finished)
        }
    }
}
