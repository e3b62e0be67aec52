import CronSchedule
import Testing

@Suite("Clock changes (Docs/schedules.md §5)")
struct DSTTests {
    private static let newYork: [(String, [String], [String])] = [
        ("30 2 * * *", ["03:00:00-04:00"], ["02:30:00-05:00"]),
        ("30 1 * * *", ["01:30:00-05:00"], ["01:30:00-04:00"]),
        ("0,20,40 2 * * *", ["03:00:00-04:00"], ["02:00:00-05:00", "02:20:00-05:00", "02:40:00-05:00"]),
        ("*/15 2 * * *", [], ["02:00:00-05:00", "02:15:00-05:00", "02:30:00-05:00", "02:45:00-05:00"]),
        (
            "0-59/15 2 * * *", ["03:00:00-04:00"],
            ["02:00:00-05:00", "02:15:00-05:00", "02:30:00-05:00", "02:45:00-05:00"]
        ),
        (
            "0 1-4 * * *", ["01:00:00-05:00", "03:00:00-04:00", "04:00:00-04:00"],
            ["01:00:00-04:00", "02:00:00-05:00", "03:00:00-05:00", "04:00:00-05:00"]
        ),
        ("0 30 2 * * *", ["03:00:00-04:00"], ["02:30:00-05:00"]),
        ("0 30 1 * * *", ["01:30:00-05:00"], ["01:30:00-04:00"]),
        (
            "*/30 0 1 * * *", ["01:00:00-05:00", "01:00:30-05:00"],
            ["01:00:00-04:00", "01:00:30-04:00", "01:00:00-05:00", "01:00:30-05:00"]
        ),
    ]

    @Test(arguments: newYork)
    func newYorkTable(expression: String, spring: [String], autumn: [String]) throws {
        let gap = try runs(expression, in: "America/New_York", from: "2021-03-14T05:00:00Z", to: "2021-03-15T04:00:00Z")
        #expect(gap == spring.map { "2021-03-14T" + $0 })
        let fold = try runs(
            expression, in: "America/New_York", from: "2021-11-07T04:00:00Z", to: "2021-11-08T05:00:00Z")
        #expect(fold == autumn.map { "2021-11-07T" + $0 })
    }

    @Test func wildAcrossBoth() throws {
        let gap = try runs(
            "*/30 * * * *", in: "America/New_York", from: "2021-03-14T06:01:00Z", to: "2021-03-14T07:01:00Z")
        #expect(gap == ["2021-03-14T01:30:00-05:00", "2021-03-14T03:00:00-04:00"])
        let fold = try runs(
            "*/30 * * * *", in: "America/New_York", from: "2021-11-07T05:00:00Z", to: "2021-11-07T07:00:00Z")
        #expect(
            fold == ["01:00:00-04:00", "01:30:00-04:00", "01:00:00-05:00", "01:30:00-05:00"].map { "2021-11-07T" + $0 })
    }

    @Test func gapSkip() throws {
        let runs = try localRuns(
            "30 2 * * *", in: "America/New_York", after: "2021-03-13T12:00:00Z", count: 1, gap: .skip)
        #expect(runs == ["2021-03-15T02:30:00-04:00"])
        let never = try Schedule("0 30 2 14 3 * 2021", options: .init(timezone: "America/New_York", dstGap: .skip))
        #expect(never.neverFires)
        let once = try Schedule("0 30 2 14 3 * 2021", options: .init(timezone: "America/New_York"))
        #expect(!once.neverFires)
    }

    @Test func foldOptions() throws {
        let window = (from: "2021-11-07T04:00:00Z", to: "2021-11-08T05:00:00Z")
        func foldRuns(_ fold: Schedule.DSTFold) throws -> [String] {
            try runs("30 1 * * *", in: "America/New_York", from: window.from, to: window.to, fold: fold)
        }
        #expect(try foldRuns(.first) == ["2021-11-07T01:30:00-04:00"])
        #expect(try foldRuns(.last) == ["2021-11-07T01:30:00-05:00"])
        #expect(try foldRuns(.both) == ["2021-11-07T01:30:00-04:00", "2021-11-07T01:30:00-05:00"])
        let wild = try runs("*/30 1 * * *", in: "America/New_York", from: window.from, to: window.to, fold: .last)
        #expect(wild.count == 4)
    }

    /// A start inside the second pass never goes back.
    @Test func startInsideSecondPass() throws {
        let runs = try localRuns("30 1 * * *", in: "America/New_York", after: "2021-11-07T06:10:00Z", count: 1)
        #expect(runs == ["2021-11-08T01:30:00-05:00"])
        let schedule = try Schedule("30 1 * * *", options: .init(timezone: "America/New_York"))
        #expect(try schedule.previous(before: at("2021-11-07T06:20:00Z")) == at("2021-11-07T05:30:00Z"))
    }

    /// Expression, zone, after, first run in local time.
    @Test(arguments: [
        // Lord Howe: 30 minutes, 02:00 -> 02:30.
        (
            "15 2 * * *", "Australia/Lord_Howe", "2021-10-02T00:00:00Z",
            ["2021-10-03T02:30:00+11:00", "2021-10-04T02:15:00+11:00"]
        ),
        (
            "45 1 * * *", "Australia/Lord_Howe", "2021-04-03T12:00:00Z",
            ["2021-04-04T01:45:00+11:00", "2021-04-05T01:45:00+10:30"]
        ),
        // Troll: 2 hours, 01:00 -> 03:00.
        (
            "30 1 * * *", "Antarctica/Troll", "2022-03-26T12:00:00Z",
            ["2022-03-27T03:00:00+02:00", "2022-03-28T01:30:00+02:00"]
        ),
        (
            "30 1 * * *", "Antarctica/Troll", "2022-10-29T12:00:00Z",
            ["2022-10-30T01:30:00+02:00", "2022-10-31T01:30:00+00:00"]
        ),
        // Kathmandu 1986: 15 minutes at midnight.
        (
            "0 0 * * *", "Asia/Kathmandu", "1985-12-31T00:00:00Z",
            ["1986-01-01T00:15:00+05:45", "1986-01-02T00:00:00+05:45"]
        ),
        // Casablanca: clocks go back at the start of Ramadan.
        (
            "30 2 * * *", "Africa/Casablanca", "2024-03-09T12:00:00Z",
            ["2024-03-10T02:30:00+01:00", "2024-03-11T02:30:00+00:00"]
        ),
        (
            "30 2 * * *", "Africa/Casablanca", "2024-04-13T12:00:00Z",
            ["2024-04-14T03:00:00+01:00", "2024-04-15T02:30:00+01:00"]
        ),
        // Dublin: standard time is summer time there.
        (
            "30 1 * * *", "Europe/Dublin", "2024-03-30T12:00:00Z",
            ["2024-03-31T02:00:00+01:00", "2024-04-01T01:30:00+01:00"]
        ),
        (
            "30 1 * * *", "Europe/Dublin", "2024-10-26T12:00:00Z",
            ["2024-10-27T01:30:00+01:00", "2024-10-28T01:30:00+00:00"]
        ),
        // Gaps at midnight.
        (
            "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z",
            ["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]
        ),
        (
            "0 0 * * *", "America/Havana", "2024-03-09T12:00:00Z",
            ["2024-03-10T01:00:00-04:00", "2024-03-11T00:00:00-04:00"]
        ),
        (
            "0 0 * * *", "Asia/Beirut", "2024-03-30T12:00:00Z",
            ["2024-03-31T01:00:00+03:00", "2024-04-01T00:00:00+03:00"]
        ),
        // St John's 2010: at 00:01.
        (
            "30 0 * * *", "America/St_Johns", "2010-03-13T12:00:00Z",
            ["2010-03-14T01:01:00-02:30", "2010-03-15T00:30:00-02:30"]
        ),
        (
            "30 23 * * *", "America/St_Johns", "2010-11-06T12:00:00Z",
            ["2010-11-06T23:30:00-02:30", "2010-11-07T23:30:00-03:30"]
        ),
        // Whole lost days.
        (
            "0 12 * * *", "Pacific/Apia", "2011-12-29T23:00:00Z",
            ["2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"]
        ),
        (
            "0 12 * * *", "Pacific/Kiritimati", "1994-12-30T23:00:00Z",
            ["1995-01-01T00:00:00+14:00", "1995-01-01T12:00:00+14:00"]
        ),
        (
            "0 12 * * *", "Pacific/Kwajalein", "1993-08-21T01:00:00Z",
            ["1993-08-22T00:00:00+12:00", "1993-08-22T12:00:00+12:00"]
        ),
        // Monrovia 1972: the gap ends at 00:44:30.
        (
            "0 0 * * *", "Africa/Monrovia", "1972-01-06T12:00:00Z",
            ["1972-01-07T00:45:00+00:00", "1972-01-08T00:00:00+00:00"]
        ),
        (
            "35,45 44 0 * * *", "Africa/Monrovia", "1972-01-06T12:00:00Z",
            ["1972-01-07T00:44:35+00:00", "1972-01-07T00:44:45+00:00"]
        ),
        (
            "0,50 44 0 * * *", "Africa/Monrovia", "1972-01-06T12:00:00Z",
            ["1972-01-07T00:44:50+00:00", "1972-01-07T00:45:00+00:00"]
        ),
    ])
    func oddZones(expression: String, zone: String, after: String, expected: [String]) throws {
        #expect(try localRuns(expression, in: zone, after: after, count: expected.count) == expected)
    }

    @Test func lostDayBelongsToItsDate() throws {
        // The date test is on the pattern's date: the 30th was lost in Apia, and runs at the start of the 31st.
        #expect(
            try localRuns("0 12 30 12 *", in: "Pacific/Apia", after: "2011-12-29T23:00:00Z", count: 1)
                == ["2011-12-31T00:00:00+14:00"])
        // All lost times and a regular run at the gap's end make one run.
        #expect(
            try localRuns("0 0,6,12 30,31 12 *", in: "Pacific/Apia", after: "2011-12-30T09:00:00Z", count: 3)
                == ["2011-12-31T00:00:00+14:00", "2011-12-31T06:00:00+14:00", "2011-12-31T12:00:00+14:00"])
    }

    @Test(arguments: [2_038, 2_050, 2_100, 2_150, 2_199])
    func rulesHoldBeyond2037(year: Int) throws {
        let summer = try localRuns("0 12 1 7 *", in: "Europe/Berlin", after: "\(year)-06-01T00:00:00Z", count: 1)
        #expect(summer == ["\(year)-07-01T12:00:00+02:00"])
        let winter = try localRuns("0 12 1 1 *", in: "America/New_York", after: "\(year)-01-01T00:00:00Z", count: 1)
        #expect(winter == ["\(year)-01-01T12:00:00-05:00"])
        let gap = try localRuns("30 2 * 3 SUN#2", in: "America/New_York", after: "\(year)-01-01T00:00:00Z", count: 1)
        #expect(gap.first?.hasSuffix("T03:00:00-04:00") == true)
    }

    @Test func localTimeAtAnyInstant() throws {
        for instant in [Instant(microseconds: .min), Instant(microseconds: .max), try at("2600-07-01T00:00:00Z")] {
            for zone in ["UTC", "America/New_York", "Antarctica/Troll", "Africa/Casablanca"] {
                #expect(!(try ZoneCatalog.localTime(of: instant, in: zone).text.isEmpty))
            }
        }
        let summer = try ZoneCatalog.localTime(of: at("2600-07-01T00:00:00Z"), in: "Europe/Berlin")
        #expect(summer.text == "2600-07-01T02:00:00+02:00")
        #expect(summer.abbreviation == "CEST")
        let sydney = try ZoneCatalog.localTime(of: at("2600-01-01T00:00:00Z"), in: "Australia/Sydney")
        #expect(sydney.utcOffsetSeconds == 39_600)
        #expect(try ZoneCatalog.localTime(of: at("2026-02-01T09:00:00Z"), in: "Europe/Paris").weekday == 0)
    }

    @Test func catalog() {
        #expect(ZoneCatalog.version?.hasPrefix("20") == true)
        #expect(ZoneCatalog.identifiers.count > 300)
        #expect(ZoneCatalog.identifiers.contains("America/Argentina/Ushuaia"))
        #expect(ZoneCatalog.exists("Asia/Kolkata"))
        #expect(!ZoneCatalog.exists("asia/kolkata"))
        #expect(!ZoneCatalog.exists("right/UTC"))
        #expect(ZoneCatalog.identifiers.allSatisfy { ZoneCatalog.exists($0) })
    }
}
