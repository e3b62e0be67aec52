import CronSchedule
import Testing

@Suite("One-shot times, delays and intervals (Docs/schedules.md §3, §9)")
struct OneShotTests {
    @Test(arguments: [
        ("2026-02-01T10:00:00Z", "2026-02-01T10:00:00.000000Z"),
        ("2026-02-01t10:00:00z", "2026-02-01T10:00:00.000000Z"),
        ("2026-02-01 10:00:00+01:00", "2026-02-01T09:00:00.000000Z"),
        ("2026-02-01T10:00:00.1239Z", "2026-02-01T10:00:00.123000Z"),
        ("2026-02-01 10:00:00", "2026-02-01T09:00:00.000000Z"), ("2026-02-01T10:00", "2026-02-01T09:00:00.000000Z"),
        ("2026-02-01", "2026-01-31T23:00:00.000000Z"), ("2026-07-01 10:00", "2026-07-01T08:00:00.000000Z"),
        ("2026-02-01 10:00:00 Asia/Tokyo", "2026-02-01T01:00:00.000000Z"),
        ("2026-02-01 Asia/Tokyo", "2026-01-31T15:00:00.000000Z"),
        ("2026-02-01T10:00:00+01:00[Europe/Paris]", "2026-02-01T09:00:00.000000Z"),
        ("2026-02-01T10:00:00Z[Asia/Tokyo]", "2026-02-01T10:00:00.000000Z"),
        ("2026-02-01T10:00:00[Asia/Tokyo]", "2026-02-01T01:00:00.000000Z"),
        ("2026-02-01T10:00:00+01:00[!Europe/Paris]", "2026-02-01T09:00:00.000000Z"),
        ("TZ=Asia/Tokyo 2026-02-01 10:00", "2026-02-01T01:00:00.000000Z"),
        ("@1767225600", "2026-01-01T00:00:00.000000Z"), ("@1767225600123", "2026-01-01T00:00:00.123000Z"),
        ("2026-10-25T02:30:00+01:00[Europe/Paris]", "2026-10-25T01:30:00.000000Z"),
        ("2026-10-25T02:30:00+02:00[Europe/Paris]", "2026-10-25T00:30:00.000000Z"),
    ])
    func absolute(text: String, expected: String) throws {
        let schedule = try Schedule(text, options: .init(timezone: "Europe/Paris"))
        #expect(schedule.kind == .at)
        #expect(schedule.isOneShot)
        #expect(schedule.oneShotInstant?.description == expected)
        #expect(schedule.notices.isEmpty)
        let moment = try #require(schedule.oneShotInstant)
        #expect(schedule.next(after: moment - .microseconds(1)) == moment)
        #expect(schedule.next(after: moment) == nil)
        #expect(schedule.previous(before: moment) == nil)
        #expect(schedule.previous(before: moment + .microseconds(1)) == moment)
        #expect(schedule.count(after: moment - .seconds(1), through: moment) == 1)
        #expect(schedule.count(after: moment, through: moment + .days(9)) == 0)
    }

    @Test(arguments: [
        "1767225600", "20260201", "24:00", "2026-02-01T24:00:00", "2026-02-01T23:59:60Z", "2026-02-30", "2025-02-29",
        "2026-13-01", "2026-00-01", "2026-01-00", "2026-1-1", "2026-02-01T10", "2026-02-01T10:60",
        "2026-02-01T10:00:00+24:00",
        "2026-02-01T10:00:00+0100", "2026-02-01T10:00:00+02:00[Europe/Paris]", "2026-02-01T10:00:00[Nowhere/City]",
        "2026-02-01T10:00:00Z Z",
        "2026-02-01T10:00:00[u-ca=gregory]", "2026-02-01T10:00:00Z[Europe/Paris][x]", "2200-01-01", "1969-12-31",
        "@12345678901",
        "@12345678901234", "@-5", "@1767225600 5", "@17672256001234567890123456", "2026-02-01 10:00 Asia/Tokyo x",
        "2026-02-01T10:00:00.Z",
        "TZ=Asia/Tokyo 2026-02-01 10:00 Europe/Paris", "1969-12-31T23:00:00-00:30", "2026-02-01T10:00:00Zjunk",
        "0000-00-00", "now now",
        "in", "in 5", "in 5 parsecs", "in 1 month", "in 2 years", "P1M", "P1Y", "P", "PT", "P1DT", "PT1.5H", "P1H",
        "PT1D",
        "in 30m 2h", "in 1h1h",
        "in -5m", "in 99999999999999999999 days", "PT99999999999999999999S", "in 9999999 days", "P1.5D", "today",
        "@every",
        "@every 5",
        "@every 0s", "@every 500ms", "@every 1.5h", "@every PT0.5S", "@every 1h 30m", "@every 30m1h", "@every 5m5m",
        "@every 9999999999d",
        "@every -5m", "@every P1M", "@every1h", "@every 99999999999999999999s", "@every +5s", "@every 300y",
    ])
    func refused(text: String) {
        #expect(refusal(text, .init(timezone: "Europe/Paris", anchor: Instant(seconds: 0), now: nil)) != nil)
    }

    @Test func gapsAndFolds() throws {
        let paris = Schedule.Options(timezone: "Europe/Paris")
        let gap = try Schedule("2026-03-29 02:30", options: paris)
        #expect(gap.oneShotInstant?.description == "2026-03-29T01:00:00.000000Z")
        #expect(
            gap.notices == [
                "2026-03-29 02:30:00 does not exist in Europe/Paris: the clocks jump over it; it runs at 2026-03-29T03:00:00+02:00"
            ])
        let fold = try Schedule("2026-10-25 02:30", options: paris)
        #expect(fold.oneShotInstant?.description == "2026-10-25T00:30:00.000000Z")
        #expect(fold.notices.count == 1)
        var last = paris
        last.dstFold = .last
        #expect(
            try Schedule("2026-10-25 02:30", options: last).oneShotInstant?.description == "2026-10-25T01:30:00.000000Z"
        )
        var strict = paris
        strict.strictTime = true
        #expect(refusal("2026-03-29 02:30", strict)?.kind == .gap)
        #expect(refusal("2026-10-25 02:30", strict)?.kind == .fold)
        #expect(refusal("2026-10-25 03:00", strict) == nil)
        #expect(refusal("2026-03-29 02:30", .init(timezone: "Europe/Paris", dstGap: .skip))?.kind == .gap)
        #expect(refusal("2026-10-25 02:30", .init(timezone: "Europe/Paris", dstFold: .both))?.kind == .fold)
        #expect(refusal("2026-10-25 02:30", .init(timezone: "Europe/Paris", dstGap: .skip)) == nil)
    }

    /// Wall-clock years count, so these lie outside 1970-2199 in UTC.
    @Test func edgesOfTheYears() throws {
        #expect(
            try Schedule("1970-01-01", options: .init(timezone: "Asia/Tokyo")).oneShotInstant
                == at("1969-12-31T15:00:00Z"))
        #expect(
            try Schedule("2199-12-31 23:59", options: .init(timezone: "Pacific/Pago_Pago")).oneShotInstant
                == at("2200-01-01T10:59:00Z"))
        #expect(refusal("@7258118400")?.kind == .timestamp)
        #expect(refusal("@7258118399") == nil)
    }

    @Test func past() throws {
        let now = try at("2026-02-01T10:00:00Z")
        #expect(refusal("2026-02-01T09:59:59Z", .init(now: now))?.kind == .past)
        #expect(refusal("2026-02-01T10:00:00Z", .init(now: now)) == nil)
        let late = try Schedule("2026-02-01T09:59:59Z", options: .init(now: now, allowPast: true))
        #expect(late.oneShotInstant?.description == "2026-02-01T09:59:59.000000Z")
        #expect(refusal("2026-02-01T09:59:59Z", .init()) == nil)
    }

    @Test(arguments: [
        ("in 30 minutes", Span.minutes(30)), ("in 2h15m", .minutes(135)), ("in 2 hours 15 minutes", .minutes(135)),
        ("IN 1 Day", .hours(24)),
        ("PT30M", .minutes(30)), ("P1D", .hours(24)), ("P2W", .days(14)), ("pt1.5s", .milliseconds(1_500)),
        ("in PT5M", .minutes(5)),
        ("in 1 week", .days(7)), ("in 0s", .zero), ("now", .zero), ("in 90 s", .seconds(90)),
    ])
    func delays(text: String, delay: Span) throws {
        let anchor = try at("2026-02-01T10:00:00.123456Z")
        let schedule = try Schedule(text, options: .init(anchor: anchor))
        #expect(schedule.kind == .delay(delay))
        #expect(schedule.oneShotInstant == anchor + delay)
        let floating = try Schedule(text)
        #expect(floating.oneShotInstant == nil)
        #expect(floating.upcoming(after: anchor, count: 5) == (delay == .zero ? [] : [anchor + delay]))
        #expect(floating.previous(before: anchor) == nil)
    }

    @Test(arguments: [
        ("@every 90m", Span.minutes(90)), ("@every 1w2d3h4m5s", .seconds(788_645)), ("@every PT15M", .minutes(15)),
        ("@every P1DT12H", .hours(36)),
        ("@every P2W", .days(14)), ("@EVERY 1H", .hours(1)), ("TZ=Asia/Tokyo @every 1s", .seconds(1)),
        ("@every 60s", .minutes(1)),
    ])
    func intervals(text: String, length: Span) throws {
        let anchor = try at("2026-02-01T10:00:00.9Z")
        let start = try at("2026-02-01T10:00:00Z")
        let schedule = try Schedule(text, options: .init(anchor: anchor))
        #expect(schedule.kind == .every(length))
        #expect(schedule.next(after: Instant(microseconds: .min)) == start + length)
        #expect(schedule.next(after: start + length) == start + length + length)
        #expect(schedule.previous(before: start + length) == nil)
        #expect(schedule.previous(before: start + length + .microseconds(1)) == start + length)
        #expect(schedule.count(after: anchor, through: start + length + length) == 2)
        #expect(
            schedule.upcoming(after: anchor, count: 3).map { $0 - start } == [
                length, length + length, length + length + length,
            ])
        let floating = try Schedule(text)
        #expect(floating.upcoming(after: anchor, count: 3) == schedule.upcoming(after: anchor, count: 3))
        #expect(floating.count(after: anchor, through: start + length + length) == 2)
    }

    @Test func intervalsIgnoreClockChanges() throws {
        let options = Schedule.Options(timezone: "America/New_York", anchor: try at("2021-03-13T12:00:00Z"))
        let schedule = try Schedule("@every 1d", options: options)
        #expect(try schedule.next(after: at("2021-03-13T12:00:00Z")) == at("2021-03-14T12:00:00Z"))
    }

    @Test func reboot() throws {
        let schedule = try Schedule("@reboot")
        #expect(schedule.kind == .reboot)
        #expect(!schedule.neverFires)
        #expect(schedule.upcoming(after: Instant(seconds: 0), count: 5).isEmpty)
    }
}
