import CronModel
import CronSchedule
import Testing

@testable import CronHTTP

/// Times, lengths of time, JSON, forms and hostile text, as pages write and read them.
@Suite struct WebTextTests {
    private static func text(zone: WebChoices.Zone = .utc, browser: String? = nil) throws -> TimeText {
        var choices = WebChoices()
        choices.zone = zone
        choices.browserZone = browser
        return TimeText(now: try Instant(rfc3339: "2026-03-28T23:30:00Z"), choices: choices)
    }

    @Test func aTimeIsNearAndAbsolute() throws {
        let soon = try Self.text().view(Instant(rfc3339: "2026-03-28T23:33:12Z"), zone: "Asia/Tokyo")
        #expect(soon.relative == "in 3 m 12 s" && soon.absolute == "23:33:12" && soon.zone == "UTC")
        #expect(soon.datetime == "2026-03-28T23:33:12.000000Z")
        let past = try Self.text().view(Instant(rfc3339: "2026-03-24T20:00:00Z"), zone: "UTC")
        #expect(past.relative == "4 d 3 h ago" && past.absolute == "Tue 2026-03-24 20:00:00")
        #expect(try Self.text().view(Instant(rfc3339: "2026-03-28T23:30:00.4Z"), zone: "UTC").relative == "now")
    }

    /// Whose zone it is shown in, on both sides of a change of clocks.
    @Test func aTimeIsInTheZoneThatWasChosen() throws {
        let instant = try Instant(rfc3339: "2026-03-29T01:30:00Z")
        let mine = try Self.text(zone: .mine, browser: "Europe/Berlin").view(instant, zone: "Asia/Tokyo")
        #expect(mine.absolute == "03:30:00" && mine.zone == "CEST" && mine.zoneTitle == "Europe/Berlin, UTC+02:00")
        let before = try Self.text(zone: .mine, browser: "Europe/Berlin").view(
            Instant(rfc3339: "2026-03-29T00:30:00Z"), zone: "UTC")
        #expect(before.absolute == "01:30:00" && before.zone == "CET")
        let job = try Self.text(zone: .job).view(instant, zone: "Asia/Tokyo")
        #expect(job.absolute == "10:30:00" && job.zone == "JST")
        let gone = try Self.text(zone: .job).view(instant, zone: "Nowhere/Gone")
        #expect(gone.zone == "UTC" && gone.absolute == "Sun 2026-03-29 01:30:00")
        #expect(try Self.text(zone: .mine).view(instant, zone: "Asia/Tokyo").zone == "UTC")
    }

    @Test func whatShouldHaveHappenedIsOverdue() throws {
        let times = try Self.text()
        #expect(times.ahead(times.now - .minutes(12), zone: "UTC").relative == "overdue by 12 m")
        #expect(times.ahead(times.now - .minutes(12), zone: "UTC").isOverdue)
        #expect(!times.ahead(times.now - .seconds(5), zone: "UTC").isOverdue)
        #expect(times.ahead(times.now + .days(400), zone: "UTC").relative == "in 400 d")
    }

    @Test func lengthsHaveUnits() {
        for (micros, text) in [
            (0, "0.0 ms"), (420, "0.4 ms"), (85_900, "85 ms"), (1_240_000, "1.24 s"), (1_005_000, "1.00 s"),
            (59_999_000, "59.99 s"), (60_000_000, "1 m"), (192_000_000, "3 m 12 s"), (7_500_000_000, "2 h 5 m"),
            (86_400_000_000, "1 d"), (-5, "0.0 ms"),
        ] as [(Int64, String)] {
            #expect(DurationText.exact(Span(microseconds: micros)) == text)
        }
    }

    @Test func controlsAndEscapesBecomeMarks() {
        #expect(ShownText.output("a\u{1B}[1;31mb\u{1B}[0mc\r\nd\te\u{0}") == "abc\nd\te\u{2400}")
        #expect(ShownText.output("\u{1B}]8;;http://x\u{7}link\u{1B}]8;;\u{7}") == "link")
        #expect(ShownText.output("\u{1B}[31") == "" && ShownText.output("\u{1B}") == "")
        #expect(ShownText.line("a\nb\u{202E}c\u{2066}d\u{9B}e") == "a\u{240A}b\u{FFFD}c\u{FFFD}d\u{FFFD}e")
        #expect(ShownText.line("größer 🙂 日本") == "größer 🙂 日本")
    }

    @Test func JSONIsIndented() {
        let value: JSONValue = ["b": [1, 2], "a": ["c": [], "d": nil], "e": [["f": "g\n"]], "h": [:]]
        #expect(
            PrettyJSON.text(value) == """
                {
                  "a": {
                    "c": [],
                    "d": null
                  },
                  "b": [1, 2],
                  "e": [
                    {
                      "f": "g\\n"
                    }
                  ],
                  "h": {}
                }
                """)
    }

    @Test func formsAreRead() throws {
        func form(_ text: String) throws -> FormFields { try FormFields(Array(text.utf8)) }
        let fields = try form("a=1+2&b=%C3%A9%0D%0Ax&empty=&_csrf=t&c")
        #expect(fields.json == ["a": "1 2", "b": "é\nx"] && fields["_csrf"] == "t" && fields["c"] == "")
        #expect(throws: Problem.self) { try form("a=1&a=2") }
        #expect(throws: Problem.self) { try form("a=%F") }
        #expect(throws: Problem.self) { try form("a=%ff") }
        #expect(throws: Problem.self) { try form("a=%00") }
        #expect(try form("").json == [:])
        let many = (0..<FormFields.most).map { "f\($0)=x" }.joined(separator: "&")
        #expect(try form(many).json.objectValue?.count == FormFields.most)
        #expect(throws: Problem.self) { try form("\(many)&one=more") }
    }

    @Test func whatTheNextPageTellsIsSealed() throws {
        let keys = WebKeys(secrets: [TestBed.secret])
        let flash = Flash("done; \"ü\"", undo: LocalPath("/jobs/1/resume"))
        #expect(Flash(cookie: flash.cookie(keys), keys) == flash)
        let other = Flash("x").cookie(WebKeys(secrets: [[UInt8](repeating: 9, count: 32)]))
        for cookie in ["", ".", other, flash.cookie(keys) + "A", "e30." + keys.seal("e30", for: .flash)] {
            #expect(Flash(cookie: cookie, keys) == nil, "\(cookie)")
        }
    }
}
