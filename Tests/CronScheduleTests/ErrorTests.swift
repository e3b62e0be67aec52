import CronSchedule
import Testing

@Suite("Refusals name kind, field, column and hint (Docs/schedules.md §7)")
struct ErrorTests {
    @Test(arguments: [
        ("75 * * * *", "minute 75 is outside 0-59 (column 1)"),
        (
            "*/90 * * * *",
            "step 90 exceeds the minute field's 60 values (column 3); for every 90 minutes use \"@every 90m\""
        ),
        ("* * * *", "expected 5, 6 or 7 fields, found 4"),
        ("", "expected 5, 6 or 7 fields, found 0"),
        (" \t ", "expected 5, 6 or 7 fields, found 0"),
        ("* * * * * * * *", "expected 5, 6 or 7 fields, found 8"),
        ("@dayly", "unknown macro \"@dayly\" (column 1); did you mean \"@daily\"?"),
        ("0 0 25-5 * *", "range 25-5 runs backwards in day-of-month (column 5)"),
        ("0 9 * * MONDAY", "\"MONDAY\" is not a day name (column 9); use MON"),
        ("0 9 1 JANUARY *", "\"JANUARY\" is not a month name (column 7); use JAN"),
    ])
    func verbatim(text: String, message: String) {
        #expect(refusal(text)?.message == message)
        #expect(refusal(text)?.description == message)
    }

    /// Text, column, field.
    @Test(arguments: [
        ("TZ=UTC  75 * * * *", 9, "minute"), ("0 0 0 * *", 5, "day-of-month"), ("0 0 32 * *", 5, "day-of-month"),
        ("0 24 * * *", 3, "hour"), ("60 0 0 * * *", 1, "second"), ("0 0 * 13 *", 7, "month"), ("0 0 * 0 *", 7, "month"),
        ("0 0 * * 8", 9, "day-of-week"), ("* * * * * * 1969", 13, "year"), ("* * * * * * 2200", 13, "year"),
        ("* * * * * * 2030-2020", 13, "year"), ("1,,2 * * * *", 3, "minute"), ("1, * * * *", 2, "minute"),
        (",1 * * * *", 1, "minute"), ("/5 * * * *", 1, "minute"), ("*5 * * * *", 2, "minute"),
        ("** * * * *", 2, "minute"),
        ("1-5-9 * * * *", 4, "minute"), ("1/2/3 * * * *", 4, "minute"), ("0~59 * * * *", 2, "minute"),
        ("1.5 * * * *", 2, "minute"), ("0x1f * * * *", 2, "minute"), ("*/0 * * * *", 3, "minute"),
        ("*/ * * * *", 2, "minute"),
        ("1- * * * *", 2, "minute"), ("-1 * * * *", 1, "minute"), ("+1 * * * *", 1, "minute"),
        ("? * * * *", 1, "minute"),
        ("0 0 ?,1 * *", 5, "day-of-month"), ("0 0 * ? *", 7, "month"), ("0 0 L-0 * *", 7, "day-of-month"),
        ("0 0 L-31 * *", 7, "day-of-month"), ("0 0 L/2 * *", 6, "day-of-month"), ("0 0 1-5W * *", 8, "day-of-month"),
        ("0 0 1W/2 * *", 7, "day-of-month"), ("0 0 0W * *", 5, "day-of-month"), ("0 0 32W * *", 5, "day-of-month"),
        ("0 0 WL * *", 5, "day-of-month"), ("0 0 L-3L * *", 8, "day-of-month"), ("0 0 * * L", 9, "day-of-week"),
        ("0 0 * * 1-5L", 12, "day-of-week"), ("0 0 * * 5#0", 11, "day-of-week"), ("0 0 * * 5#6", 11, "day-of-week"),
        ("0 0 * * 5#", 10, "day-of-week"), ("0 0 * * 5#2/2", 12, "day-of-week"), ("0 0 * * 5L/2", 11, "day-of-week"),
        ("0 0 * * 1,+2", 11, "day-of-week"), ("0 0 * * 1+", 10, "day-of-week"), ("0 0 * * +", 9, "day-of-week"),
        ("0 0 + * 1", 5, "day-of-month"), ("0 0 * * *#1", 10, "day-of-week"),
        ("0 0 * * 0#99999999999999999999", 11, "day-of-week"),
        ("99999999999999999999999999 * * * *", 1, "minute"), ("* * * * * 2026", 11, "day-of-week"),
        ("0 0 */32 * *", 7, "day-of-month"),
        ("0 0 * * */8", 11, "day-of-week"), ("0 0 1 */13 *", 9, "month"), ("0 0 0 1 1 * */231", 15, "year"),
        ("*/61 0 0 * * *", 3, "second"), ("0 */25 * * *", 5, "hour"), ("MON * * * *", 1, "minute"),
        ("0 0 * MON *", 7, "month"),
        ("0 0 1-L * *", 7, "day-of-month"), ("0 0 5L * *", 6, "day-of-month"), ("0 0 * * 5W", 10, "day-of-week"),
    ])
    func columns(text: String, column: Int, field: String) {
        let error = refusal(text)
        #expect(error?.column == column, "\(error?.message ?? "accepted")")
        #expect(error?.field == field, "\(error?.message ?? "accepted")")
        #expect(error?.message.contains("\n") == false)
        #expect(error?.message.contains("(column \(column))") == true)
    }

    @Test(arguments: [
        ("* * *\n* *", 6), ("* * * * *\r", 10), ("*\u{a0}* * * *", 2), ("１ * * * *", 1), ("* * * * *\u{0}", 10),
        ("* * * * *\u{b}", 10), ("0 0 * * пн", 9), ("TZ=Europe/Zürich 0 0 * * *", 12),
    ])
    func strangeCharacters(text: String, column: Int) {
        #expect(refusal(text)?.column == column)
        #expect(refusal(text)?.kind == .syntax)
    }

    @Test(arguments: [
        "TZ= 0 0 * * *", "TZ=Nowhere/City 0 0 * * *", "TZ=europe/berlin 0 0 * * *", "TZ=/etc/passwd 0 0 * * *",
        "TZ=../../etc/passwd 0 0 * * *", "TZ=Europe/../UTC 0 0 * * *", "TZ=zone.tab 0 0 * * *",
        "TZ=tzdata.zi * * * * *",
        "TZ=right/UTC * * * * *", "TZ=posix/UTC * * * * *", "TZ=Europe * * * * *", "TZ=UTC/ * * * * *",
        "TZ=. * * * * *",
        "TZ=localtime * * * * *", "TZ=:UTC * * * * *", "TZ=EST5EDT4 * * * * *",
    ])
    func zones(text: String) {
        #expect(refusal(text)?.kind == .zone, "\(text)")
    }

    @Test func zoneOfTheOptions() {
        #expect(refusal("* * * * *", .init(timezone: ""))?.kind == .zone)
        #expect(refusal("* * * * *", .init(timezone: "Mars/Olympus\n"))?.message.contains("\n") == false)
        #expect(refusal("* * * * *", .init(timezone: "europe/berlin"))?.hint == "did you mean \"Europe/Berlin\"?")
        #expect(refusal("* * * * *", .init(timezone: String(repeating: "A", count: 100_000)))?.kind == .zone)
    }

    @Test func otherHints() {
        #expect(refusal("* * * * * 2026")?.hint?.contains("did you mean 7 fields?") == true)
        #expect(refusal("0 */36 * * *")?.hint == "for every 36 hours use \"@every 36h\"")
        #expect(refusal("tz=UTC 0 0 * * *")?.hint == "use TZ= or CRON_TZ=")
        #expect(refusal("@reboots")?.hint == "did you mean \"@reboot\"?")
        #expect(refusal("@daily 5")?.column == 8)
        #expect(refusal("@whatever")?.kind == .macro)
        #expect(refusal("@")?.kind == .macro)
        #expect(
            refusal("1767225600")?.message
                == "bare digits are ambiguous (column 1); write \"@1767225600\" for an epoch time")
    }

    @Test func textLimit() throws {
        let blanks = String(repeating: " ", count: 1_024 - 9)
        #expect(try Schedule("* * * * *" + blanks).kind == .cron)
        #expect(refusal("* * * * *" + blanks + " ")?.kind == .tooLong)
        #expect(refusal(String(repeating: "1,", count: 1_000_000))?.kind == .tooLong)
    }
}
