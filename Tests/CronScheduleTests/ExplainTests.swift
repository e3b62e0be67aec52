import CronSchedule
import Testing

@Suite("Explanations and reasons")
struct ExplainTests {
    @Test(arguments: [
        ("0 9 * * 1-5", "At 09:00 on Monday through Friday, in Europe/Berlin"),
        ("*/5 * * * *", "Every 5 minutes, in Europe/Berlin"),
        ("* * * * *", "Every minute, in Europe/Berlin"),
        ("* * * * * *", "Every second, in Europe/Berlin"),
        ("*/10 * * * * *", "Every 10 seconds of every minute, in Europe/Berlin"),
        ("0 * * * *", "Every hour, on the hour, in Europe/Berlin"),
        ("@hourly", "Every hour, on the hour, in Europe/Berlin"),
        ("@daily", "At 00:00 every day, in Europe/Berlin"),
        ("@weekly", "At 00:00 on Sunday, in Europe/Berlin"),
        ("@yearly", "At 00:00 on the 1st of the month in January, in Europe/Berlin"),
        ("15 * * * *", "At minute 15 of every hour, in Europe/Berlin"),
        ("30 9,17 * * *", "At 09:30 and 17:30 every day, in Europe/Berlin"),
        ("15 30 9 * * *", "At 09:30:15 every day, in Europe/Berlin"),
        (
            "*/15 9-17 * * MON-FRI",
            "Every 15 minutes between 09:00 and 17:59 on Monday through Friday, in Europe/Berlin"
        ),
        ("0 9-17 * * *", "Every hour from 09:00 through 17:00 every day, in Europe/Berlin"),
        ("0 */2 * * *", "Every 2 hours from midnight, in Europe/Berlin"),
        (
            "0 0 13 * 5",
            "At 00:00 on the 13th of the month, and also on Friday (either one is enough, as both day fields are restricted), in Europe/Berlin"
        ),
        ("0 0 13 * +5", "At 00:00 on Friday, but only when that is also the 13th of the month, in Europe/Berlin"),
        ("0 0 L * *", "At 00:00 on the last day of the month, in Europe/Berlin"),
        (
            "0 0 LW,15W * *",
            "At 00:00 on the last weekday and the weekday nearest the 15th of the month, in Europe/Berlin"
        ),
        ("0 0 L-3 * *", "At 00:00 on the 3rd day before the last day of the month, in Europe/Berlin"),
        ("0 0 * * FRI#2", "At 00:00 on the second Friday of the month, in Europe/Berlin"),
        ("0 0 * * 5L", "At 00:00 on the last Friday of the month, in Europe/Berlin"),
        ("0 0 1 JAN-MAR *", "At 00:00 on the 1st of the month in January through March, in Europe/Berlin"),
        ("0 0 0 1 1 * 2030", "At 00:00 on the 1st of the month in January in 2030, in Europe/Berlin"),
        ("TZ=Asia/Tokyo 0 9 * * *", "At 09:00 every day, in Asia/Tokyo"),
        (
            "0 0 30 2 *",
            "At 00:00 on the 30th of the month in February, in Europe/Berlin; never fires: no February has a day 30"
        ),
        ("@every 90m", "Every 1h30m of elapsed time, whatever the clocks do"),
        ("@reboot", "Once at every start of the scheduler"),
        ("in 30m", "Once, 30m after it is set"),
        ("2026-02-01 10:00", "Once, at 2026-02-01T10:00:00+01:00 in Europe/Berlin"),
    ])
    func english(text: String, explanation: String) throws {
        #expect(try Schedule(text, options: .init(timezone: "Europe/Berlin")).explanation() == explanation)
    }

    @Test(arguments: [
        ("0 0 30 2 *", "never fires: no February has a day 30"),
        ("0 0 31 4,6 *", "never fires: no April or June has a day 31"),
        ("0 0 30,31 2 *", "never fires: no February has a day 30 or 31"),
        ("0 0 30W 2 *", "never fires: no February has a day 30"),
        ("0 0 L-29 2 *", "never fires: no February has a day 29 before its last"),
        ("0 0 L * +SUN#1", "never fires: no date meets both the day-of-month and the day-of-week field"),
        ("0 0 0 29 2 * 2023,2025", "never fires: no date matches in 2023 or 2025"),
        ("0 0 0 29 2 * 2100", "never fires: no date matches in 2100"),
    ])
    func reasons(text: String, reason: String) throws {
        let schedule = try Schedule(text)
        #expect(schedule.neverFires)
        #expect(schedule.neverFiresReason == reason)
        #expect(schedule.upcoming(after: Instant(seconds: 0), count: 3).isEmpty)
        #expect(schedule.previous(before: Instant(microseconds: .max)) == nil)
        #expect(schedule.count(after: Instant(microseconds: .min), through: Instant(microseconds: .max)) == 0)
    }

    @Test func pastYearNeverFires() throws {
        let now = try at("2026-02-01T00:00:00Z")
        #expect(try !Schedule("0 0 0 1 1 * 2020").neverFires)
        let past = try Schedule("0 0 0 1 1 * 2020", options: .init(now: now))
        #expect(past.neverFiresReason == "never fires: its last run was at 2020-01-01T00:00:00.000000Z")
        #expect(past.neverFiresColumn == 13)
        #expect(try !Schedule("0 0 31 2 1-5", options: .init(now: now)).neverFires)
        let skipped = try Schedule("0 30 2 14 3 * 2021", options: .init(timezone: "America/New_York", dstGap: .skip))
        #expect(
            skipped.neverFiresReason == "never fires: all its times are skipped by clock changes in America/New_York")
        #expect(skipped.neverFiresColumn == nil)
        #expect(try Schedule("0 0 * * *").neverFiresReason == nil)
    }

    @Test(arguments: [
        ("0 0 30 2 *", 5), ("  TZ=UTC 0 0 30 2 *", 14), ("0 0 0 29 2 * 2100", 14), ("0 0 L * +SUN#1", 5),
    ])
    func theFieldThatForbidsItIsNamed(text: String, column: Int) throws {
        #expect(try Schedule(text).neverFiresColumn == column)
        #expect(try Schedule("* * * * *").neverFiresColumn == nil)
    }

    @Test func everyValidTextHasAnExplanation() throws {
        var source = RandomExpressions(seed: 99)
        for _ in 0..<500 {
            let text = source.valid()
            let line = try Schedule(text).explanation()
            #expect(line != text && line.hasSuffix("UTC") || line.contains("never fires"), "\(text): \(line)")
            #expect(!line.contains("  "), "\(text): \(line)")
        }
    }
}
