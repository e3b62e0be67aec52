import CronSchedule
import Testing

@testable import CronHTTP

/// How real time is cut up by the clocks of a zone.
@Suite struct CalendarGridTests {
    private static func grid(_ range: CalendarRange, _ now: String, _ zone: String) throws -> CalendarGrid {
        try CalendarGrid(range, at: Instant(rfc3339: now), in: zone)
    }

    private static func stretches(_ row: CalendarGrid.Row) -> [CalendarStretch] {
        row.cells.compactMap { if case .stretch(let stretch) = $0 { stretch } else { nil } }
    }

    /// A day as it is shown in the calendar of a moment.
    struct Day: Sendable {
        let now: String
        let zone: String
        let day: String
        let cells: Int
        let minutes: Int64
    }

    /// Days of 23, 24, 24.5, 23.5 and 25 hours, a date that does not exist, and an offset of three quarters.
    static let days: [Day] = [
        Day(now: "2027-03-25T10:00:00Z", zone: "Europe/Berlin", day: "Sun 28 Mar", cells: 23, minutes: 1_380),
        Day(now: "2027-10-29T10:00:00Z", zone: "Europe/Berlin", day: "Sun 31 Oct", cells: 25, minutes: 1_500),
        Day(now: "2027-04-01T10:00:00Z", zone: "Australia/Lord_Howe", day: "Sun 4 Apr", cells: 25, minutes: 1_470),
        Day(now: "2027-09-30T10:00:00Z", zone: "Australia/Lord_Howe", day: "Sun 3 Oct", cells: 24, minutes: 1_410),
        Day(now: "2011-12-29T10:00:00Z", zone: "Pacific/Apia", day: "Sat 31 Dec", cells: 24, minutes: 1_440),
        Day(now: "2026-11-02T08:30:00Z", zone: "Asia/Kathmandu", day: "Mon 2 Nov", cells: 24, minutes: 1_440),
    ]

    @Test(arguments: days)
    func aDayHasItsRealHours(of known: Day) throws {
        let zone = known.zone
        let grid = try Self.grid(.week, known.now, zone)
        #expect(grid.rows.count == CalendarGrid.days)
        let row = try #require(grid.rows.first { $0.local.dayText == known.day })
        let stretches = Self.stretches(row).sorted { $0.start < $1.start }
        #expect(stretches.count == known.cells)
        let length = stretches.reduce(Span.zero) { $0 + ($1.end - $1.start) }
        #expect(length == .minutes(known.minutes))
        #expect(row.cells.count { $0 == .gap } == (known.cells == 23 ? 1 : 0))
        for (before, after) in zip(stretches, stretches.dropFirst()) { #expect(before.end == after.start) }
        for stretch in stretches {
            let from = try ZoneCatalog.localTime(of: stretch.start, in: zone)
            let last = try ZoneCatalog.localTime(of: stretch.end - .seconds(1), in: zone)
            #expect(from.day == last.day && from.hour == last.hour)
            #expect(from.utcOffsetSeconds == last.utcOffsetSeconds)
        }
    }

    @Test func theHourThatIsThereTwiceHasTwoColumns() throws {
        let grid = try Self.grid(.week, "2027-10-29T10:00:00Z", "Europe/Berlin")
        #expect(grid.columns.count == 25)
        #expect(Array(grid.columns[2...3]) == [.hour(2, pass: 0), .hour(2, pass: 1)])
        #expect(grid.rows.count { $0.cells[3] == .none } == CalendarGrid.days - 1)
        #expect(
            grid.changes == [
                "Sun 31 Oct: at 03:00 CEST the clocks go back to 02:00 CET; what lies between is there twice."
            ])
    }

    @Test func aDateThatDoesNotExistIsNoRow() throws {
        let grid = try Self.grid(.week, "2011-12-29T10:00:00Z", "Pacific/Apia")
        let days = grid.rows.map(\.local.dayText)
        #expect(Array(days.prefix(3)) == ["Thu 29 Dec", "Sat 31 Dec", "Sun 1 Jan"], "\(days)")
        #expect(grid.changes.first?.contains("go on to 00:00 of Sat 31 Dec") == true, "\(grid.changes)")
    }

    struct Quarters: Sendable {
        let now: String
        let zone: String
        let first: [String]
        let rows: Int
        let parts: Int
        let gaps: Int
    }

    /// The current hour and those after it, by real time.
    static let quarters: [Quarters] = [
        Quarters(now: "2026-11-02T08:30:00Z", zone: "UTC", first: ["08", "09", "10"], rows: 24, parts: 96, gaps: 0),
        Quarters(
            now: "2027-03-28T00:10:00Z", zone: "Europe/Berlin", first: ["01", "02", "03"], rows: 25, parts: 96, gaps: 4),
        Quarters(
            now: "2027-10-31T00:10:00Z", zone: "Europe/Berlin", first: ["02", "02", "03"], rows: 24, parts: 96, gaps: 0),
        Quarters(
            now: "2027-04-03T14:40:00Z", zone: "Australia/Lord_Howe", first: ["01", "01", "02"], rows: 25, parts: 98,
            gaps: 0),
        Quarters(
            now: "2027-10-02T15:10:00Z", zone: "Australia/Lord_Howe", first: ["01", "02", "03"], rows: 25, parts: 98,
            gaps: 2),
        Quarters(
            now: "2026-11-02T08:30:00Z", zone: "Asia/Kathmandu", first: ["14", "15", "16"], rows: 24, parts: 96, gaps: 0),
    ]

    @Test(arguments: quarters)
    func aDayInQuarters(known: Quarters) throws {
        let grid = try Self.grid(.day, known.now, known.zone)
        #expect(grid.rows.prefix(3).map { ClockText.two($0.hour) } == known.first)
        #expect(grid.rows.count == known.rows)
        let all = grid.rows.flatMap(Self.stretches)
        #expect(all.count == known.parts)
        #expect(grid.rows.flatMap(\.cells).count { $0 == .gap } == known.gaps)
        for (before, after) in zip(all, all.dropFirst()) { #expect(before.end == after.start) }
        #expect(all.allSatisfy { $0.end - $0.start == .minutes(15) })
        let stretches = grid.stretches
        let first = try #require(stretches.first)
        #expect(first.start <= grid.now && first.end > grid.now)
    }

    /// Each zone of this machine, over the days at which most clocks are changed.
    @Test(arguments: ["2027-03-13T05:20:00Z", "2027-03-27T22:05:00Z", "2027-10-03T14:59:59Z", "2027-11-07T05:00:00Z"])
    func noMomentIsLostAnywhere(now: String) throws {
        for zone in ZoneCatalog.identifiers {
            for range in CalendarRange.allCases {
                let grid = try Self.grid(range, now, zone)
                let edges = CalendarGrid.edges(grid.stretches, after: grid.now)
                #expect(edges.count > 24 && edges.count < 200, "\(zone)")
                #expect(edges == edges.sorted() && Set(edges).count == edges.count, "\(zone)")
                for (before, after) in zip(grid.stretches, grid.stretches.dropFirst()) {
                    #expect(before.end == after.start, "\(zone)")
                }
            }
        }
    }

    @Test func stepsOfColourFollowTheBusiest() {
        let steps = [1, 4, 5, 16, 17, 36, 37, 64, 65, 100].map { CalendarCellView.step($0, of: 100) }
        #expect(steps == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
        #expect(CalendarCellView.step(1, of: 1) == 5)
        let texts = [0, 9_999, 10_000, 999_999, 36_000_000].map { CalendarCellView.compact($0) }
        #expect(texts == ["0", "9999", "10k", "999k", "36M"])
    }
}
