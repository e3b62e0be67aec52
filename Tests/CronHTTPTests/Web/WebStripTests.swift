import CronModel
import CronSchedule
import HTTPTypes
import Testing

@testable import CronEngine
@testable import CronHTTP

/// The week to come, as numbers and as a picture.
@Suite struct WebStripTests {
    /// Two days before the clocks of Europe go ahead.
    private static let spring = "2027-03-26T11:00:00.000000Z"

    private static func week(
        _ schedule: String, _ zone: String = "Europe/Berlin", after: String = spring, more: JSONValue = [:]
    ) throws -> ScheduleWeek {
        let asked: JSONValue = ["schedule": .string(schedule), "timezone": .string(zone), "after": .string(after)]
        return try SchedulePreview.read(asked.merging(patch: more), now: try Instant(rfc3339: after)).week
    }

    @Test func daysAreThoseOfTheZone() throws {
        let week = try Self.week("30 2 * * *")
        #expect(week.days.map(\.count) == [0, 1, 1, 1, 1, 1, 1, 1] && week.changes.count == 1)
        let sunday = week.days[2]
        #expect(sunday.from.description == "2027-03-27T23:00:00.000000Z" && sunday.to - sunday.from == .hours(23))
        #expect(sunday.slots.map(\.description) == ["2027-03-28T01:00:00.000000Z"], "the hour that there is not")
        #expect(week.changes == sunday.slots)
        for (before, after) in zip(week.days, week.days.dropFirst()) { #expect(before.to == after.from) }
        #expect(week.days.last?.to == (try Instant(rfc3339: Self.spring)) + ScheduleWeek.length + .microseconds(1))
    }

    @Test(arguments: [
        ("30 2 * * *", "Europe/Berlin", "7 firings in the next 7 days, at most 1 a day. On Sun 28 the clocks go 1 h ahead."),
        ("0 * * * *", "Europe/Berlin", "168 firings in the next 7 days, at most 24 a day. On Sun 28 the clocks go 1 h ahead."),
        ("* * * * *", "UTC", "10,080 firings in the next 7 days, at most 1,440 a day."),
        ("0 0 1 1 *", "UTC", "No firing in the next 7 days."), ("2027-03-28T09:00:00Z", "UTC", "1 firing in the next 7 days."),
    ])
    func theSentenceSaysTheSame(_ schedule: String, _ zone: String, _ sentence: String) throws {
        #expect(StripView(try Self.week(schedule, zone))?.sentence == sentence)
    }

    @Test func halfAnHourIsToldToo() throws {
        let strip = try #require(StripView(try Self.week("@daily", "Australia/Lord_Howe", after: "2027-04-01T00:00:00Z")))
        #expect(strip.sentence.hasSuffix("On Sun 4 the clocks go 30 m back."), "\(strip.sentence)")
        #expect(strip.changes.count == 1)
    }

    @Test func slotsOfSeveralZonesAreCountedTogether() throws {
        let more: JSONValue = ["timezone": nil, "timezones": ["Europe/Berlin", "Asia/Tokyo"]]
        let week = try Self.week("0 9 * * *", more: more)
        #expect(week.zone == "Europe/Berlin" && week.days.map(\.count) == [0, 2, 2, 2, 2, 2, 2, 2])
        #expect(week.days[1].slots == week.days[1].slots.sorted())
    }

    @Test func aTickForEachSlotAndBarsWhereThereAreVeryMany() throws {
        let ticks = try #require(StripView(try Self.week("*/15 * * * *", "UTC")))
        #expect(ticks.ticks.count { $0 == "M" } == 672 && ticks.bars.isEmpty)
        #expect(ticks.nights.count { $0 == "M" } == 7 && ticks.midnights.count { $0 == "M" } == 7)
        let bars = try #require(StripView(try Self.week("* * * * *", "UTC")))
        #expect(bars.ticks.isEmpty && bars.bars.count { $0 == "M" } == 8)
        #expect(bars.labels.map(\.day).contains("Sun 28"))
        let second = try #require(StripView(try Self.week("* * * * * *", "UTC")))
        #expect(second.ticks.isEmpty && second.sentence.hasPrefix("604,800 firings"), "\(second.sentence)")
    }

    @Test func theAPITellsTheNumbers() async throws {
        try await TestBed().run { client in
            let ann = try await client.user("ann")
            let preview = try await ann.call(
                .post, "/schedules/preview",
                ["schedule": "30 2 * * *", "timezone": "Europe/Berlin", "after": .string(Self.spring)])
            let days = preview.json["days"]?.arrayValue ?? []
            #expect(days.count == 8 && days.map { $0["count"] } == [0, 1, 1, 1, 1, 1, 1, 1], "\(preview)")
            #expect(
                days[2] == [
                    "date": "2027-03-28", "from": "2027-03-27T23:00:00.000000Z", "to": "2027-03-28T22:00:00.000000Z",
                    "count": 1,
                ])
        }
    }

    @Test func thePreviewShowsIt() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, _ in
            let page = try await browser.get("/jobs/preview?schedule=0+9+*+*+*&timezone=UTC")
            #expect(page.text.contains("<figcaption>7 firings in the next 7 days, at most 1 a day."), "\(page)")
            #expect(page.text.contains("<path class=\"slots\" d=\"M"), "\(page)")
            let wrong = try await browser.get("/jobs/preview?schedule=61+9+*+*+*")
            #expect(!wrong.text.contains("firings"), "\(wrong)")
        }
    }
}
