import CronSchedule
import Testing

@Suite("Fields: ranges, steps, wraparound, names (Docs/schedules.md §1, §2)")
struct FieldTests {
    /// Pairs of texts that must mean the same.
    @Test(arguments: [
        ("0 0 * * 1/2", "0 0 * * 1,3,5"), ("0 0 * * 7/2", "0 0 * * 0/2"), ("0 0 * * 0/2", "0 0 * * 0,2,4,6"),
        ("22-4/2 * * * * *", "22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,54,56,58,0,2,4 * * * * *"),
        ("0 22-4/2 * * *", "0 22,0,2,4 * * *"), ("0 23-1 * * *", "0 23,0,1 * * *"),
        ("0 0 1 11-2 *", "0 0 1 11,12,1,2 *"),
        ("0 0 1 NOV-FEB *", "0 0 1 1,2,11,12 *"), ("0 0 * * 5-7", "0 0 * * FRI,SAT,SUN"),
        ("0 0 * * 0-7", "0 0 * * 0-6"),
        ("0 0 * * 7-3", "0 0 * * 0-3"), ("0 0 * * SUN-TUE", "0 0 * * 0-2"), ("0 0 * * FRI-SUN", "0 0 * * 5,6,0"),
        ("0 0 * * FRI-MON", "0 0 * * 5,6,0,1"), ("0 0 * * SAT-SUN", "0 0 * * 6,0"), ("0 0 * * 5-5", "0 0 * * 5"),
        ("0 0 * * 5-5/2", "0 0 * * 5"), ("0 0 * * 7-7", "0 0 * * 0"), ("5-5/7 * * * *", "5 * * * *"),
        ("10/20 * * * *", "10,30,50 * * * *"), ("0-59/15 * * * *", "0,15,30,45 * * * *"),
        ("1,1,1 * * * *", "1 * * * *"),
        ("0 0 * * 0,7", "0 0 * * 0"), ("007 00 * * *", "7 0 * * *"), ("0 0 ? * 1", "0 0 * * 1"),
        ("0 0 5 * ?", "0 0 5 * *"),
        ("0 0 * jan mon", "0 0 * JAN MON"), ("  0\t0  1 *   *\t", "0 0 1 * *"), ("0 0 0 1 1 * *", "0 0 1 1 *"),
        ("*/60 * * * *", "0 * * * *"), ("0 */24 * * *", "0 0 * * *"), ("0 0 */31 * *", "0 0 1 * *"),
        ("0 0 1 */12 *", "0 0 1 1 *"), ("0 0 * * */7", "0 0 * * 0"), ("0 0 * * MON-SUN/2", "0 0 * * 1,3,5,0"),
        ("0 0 * * 6-2/3", "0 0 * * 6,2"), ("50-10/10 * * * *", "50,0,10 * * * *"), ("0 0 * * 1-7/3", "0 0 * * 1,4,0"),
        ("0 0 0 1 1 * 2020/50", "0 0 0 1 1 * 2020,2070,2120,2170"), ("0 0 0 1 1 * */230", "0 0 0 1 1 * 1970"),
        ("0 0 L * *", "0 0 l * *"), ("0 0 LW * *", "0 0 lw * *"), ("0 0 * * FRIL", "0 0 * * 5L"),
        ("0 0 * * 5#L", "0 0 * * FRIL"), ("0 0 * * 7L", "0 0 * * 0L"), ("0 0 * * MON-WED#2", "0 0 * * 1#2,2#2,3#2"),
        ("0 0 * * FRI-MON#L", "0 0 * * 5L,6L,0L,1L"), ("0 0 * * 5-7#1", "0 0 * * FRI#1,SAT#1,SUN#1"),
        ("00000000000000000000000000000000000005 0 * * *", "5 0 * * *"),
    ])
    func same(left: String, right: String) throws {
        for start in ["1969-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2027-12-28T11:12:13Z"] {
            let one = try localRuns(left, after: start, count: 60)
            #expect(try one == localRuns(right, after: start, count: 60))
            #expect(!one.isEmpty || start > "2026")
        }
    }

    @Test(arguments: [
        ("0 0 L * *", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("0 0 L-2 * *", ["2026-01-29", "2026-02-26", "2026-03-29", "2026-04-28"]),
        ("0 0 L-28 * *", ["2026-01-03", "2026-03-03", "2026-04-02", "2026-05-03"]),
        ("0 0 L-30 * *", ["2026-01-01", "2026-03-01", "2026-05-01", "2026-07-01"]),
        ("0 0 15W * *", ["2026-01-15", "2026-02-16", "2026-03-16", "2026-04-15"]),
        (
            "0 0 1W * *",
            [
                "2026-01-01", "2026-02-02", "2026-03-02", "2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01",
                "2026-08-03",
            ]
        ),
        ("0 0 31W * *", ["2026-01-30", "2026-03-31", "2026-05-29", "2026-07-31"]),
        ("0 0 30W 2,4 *", ["2026-04-30", "2027-04-30"]),
        ("0 0 LW * *", ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"]),
        ("0 0 L-3W * *", ["2026-01-28", "2026-02-25", "2026-03-27", "2026-04-27"]),
        ("0 0 1,L * *", ["2026-01-01", "2026-01-31", "2026-02-01", "2026-02-28"]),
        ("0 0 LW,10 * *", ["2026-01-10", "2026-01-30", "2026-02-10"]),
        ("0 0 1W,15W * *", ["2026-01-01", "2026-01-15", "2026-02-02", "2026-02-16"]),
        ("0 0 * * 5L", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("0 0 * * MON#1", ["2026-01-05", "2026-02-02", "2026-03-02"]),
        ("0 0 * * 4#5", ["2026-01-29", "2026-04-30", "2026-07-30"]),
        ("0 0 * * 1#1,5L", ["2026-01-05", "2026-01-30", "2026-02-02", "2026-02-27"]),
        ("0 0 13 * 5", ["2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"]),
        ("0 0 13 * +5", ["2026-02-13", "2026-03-13", "2026-11-13"]),
        ("0 0 */2 * MON", ["2026-01-05", "2026-01-19", "2026-02-09"]),
        ("0 0 *,5 * MON", ["2026-01-05", "2026-01-12"]),
        ("0 0 1-7 * */7", ["2026-01-04", "2026-02-01", "2026-03-01"]),
        ("0 0 2-31/2 * MON", ["2026-01-02", "2026-01-04", "2026-01-05", "2026-01-06"]),
        ("0 0 1-31 * 1", ["2026-01-01", "2026-01-02", "2026-01-03"]),
        ("0 0 31 2 1-5", ["2026-02-02", "2026-02-03"]),
        ("0 0 29 2 *", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("0 0 L 2 *", ["2026-02-28", "2027-02-28", "2028-02-29"]),
    ])
    func dates(expression: String, expected: [String]) throws {
        let runs = try localRuns(expression, after: "2025-12-31T23:59:59.5Z", count: expected.count)
        #expect(runs == expected.map { $0 + "T00:00:00+00:00" })
    }

    @Test func leapDaySkips2100() throws {
        let runs = try localRuns("0 0 29 2 *", after: "2096-01-01T00:00:00Z", count: 2)
        #expect(runs == ["2096-02-29T00:00:00+00:00", "2104-02-29T00:00:00+00:00"])
    }

    @Test func strictlyAfterWithFractions() throws {
        let schedule = try Schedule("* * * * * *")
        let start = try at("2026-01-01T00:00:00Z")
        #expect(schedule.next(after: start) == start + .seconds(1))
        #expect(schedule.next(after: start + .microseconds(1)) == start + .seconds(1))
        #expect(schedule.next(after: start - .microseconds(1)) == start)
        #expect(schedule.previous(before: start) == start - .seconds(1))
        #expect(schedule.previous(before: start + .microseconds(1)) == start)
    }

    @Test func boundsOf1970And2199() throws {
        let schedule = try Schedule("* * * * * *")
        #expect(try schedule.next(after: Instant(microseconds: .min)) == at("1970-01-01T00:00:00Z"))
        #expect(try schedule.previous(before: Instant(microseconds: .max)) == at("2199-12-31T23:59:59Z"))
        #expect(try schedule.next(after: at("2199-12-31T23:59:59Z")) == nil)
        #expect(try schedule.previous(before: at("1970-01-01T00:00:00Z")) == nil)
        #expect(schedule.next(after: Instant(microseconds: .max)) == nil)
        #expect(schedule.previous(before: Instant(microseconds: .min)) == nil)
        #expect(
            schedule.count(after: Instant(microseconds: .min), through: Instant(microseconds: .max)) == 7_258_118_400)
        #expect(
            try localRuns("0 0 1 1 *", in: "Asia/Tokyo", after: "1960-01-01T00:00:00Z", count: 1) == [
                "1970-01-01T00:00:00+09:00"
            ])
        #expect(
            try localRuns("59 23 31 12 *", in: "Pacific/Pago_Pago", after: "2199-12-31T00:00:00Z", count: 3) == [
                "2199-12-31T23:59:00-11:00"
            ])
    }

    @Test func macros() throws {
        for (macro, fields) in [
            ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
            ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"), ("@DAILY", "0 0 * * *"),
        ] {
            let after = "2026-03-29T00:10:00Z"
            #expect(
                try localRuns(macro, in: "Europe/Berlin", after: after)
                    == localRuns(fields, in: "Europe/Berlin", after: after))
        }
    }

    @Test func zonePrefixWins() throws {
        for text in ["TZ=Asia/Tokyo 0 9 * * *", "CRON_TZ=Asia/Tokyo  0 9 * * *", " TZ=Asia/Tokyo\t0 9 * * *"] {
            let schedule = try Schedule(text, options: .init(timezone: "Europe/Paris"))
            #expect(schedule.zone == "Asia/Tokyo")
            #expect(schedule.hasZonePrefix)
            #expect(try schedule.next(after: at("2026-01-01T00:00:00Z")) == at("2026-01-02T00:00:00Z"))
        }
        let plain = try Schedule("0 9 * * *", options: .init(timezone: "Europe/Paris"))
        #expect(plain.zone == "Europe/Paris")
        #expect(!plain.hasZonePrefix)
    }

    @Test func orRuleGivesANotice() throws {
        #expect(try Schedule("0 0 13 * 5").notices.count == 1)
        #expect(try Schedule("0 0 13 * +5").notices.isEmpty)
        #expect(try Schedule("0 0 */2 * MON").notices.isEmpty)
    }
}
