import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// The page of when jobs will fire.
@Suite struct WebCalendarTests {
    private static let evil = "\"><img src=x onerror=alert(1)>"

    /// Numbers of the cells that lead somewhere, by where.
    private static func cells(_ page: WebAnswer) -> [String: Int] {
        let found = page.text.matches(of: /<td class="h[1-5]"[^>]*><a href="([^"]*)">(\d+)<\/a>/)
        return Dictionary(uniqueKeysWithValues: found.map { (String($0.1).replacing("&amp;", with: "&"), Int($0.2) ?? -1) })
    }

    @Test func aSpaceWithoutJobsIsShownHowToBegin() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            var page = try await browser.get("/calendar")
            #expect(page.text.contains("No jobs yet") && page.text.contains("href=\"/jobs/new\""), "\(page)")
            #expect(!page.text.contains("<table"))
            let client = TestClient(client: browser.client, bed: bed)
            _ = try await AccessTests.member("viewer", of: ann, client)
            var viewer = WebClient(browser.client)
            try await viewer.signIn("viewer")
            page = try await viewer.get("/calendar")
            #expect(page.status == 200 && !page.text.contains("href=\"/jobs/new\""), "\(page)")
            let job = try await ann.job()
            _ = try await ann.call(.post, "/jobs/\(job)/pause")
            page = try await browser.get("/calendar")
            #expect(page.text.contains("All jobs are paused or have ended."), "\(page)")
            page = try await browser.get("/calendar?tag=%3Cb%3E")
            #expect(page.text.contains("No active job has the tag <b dir=\"auto\">&lt;b&gt;</b>"), "\(page)")
        }
    }

    /// Each number leads to a list of as many slots, and all of them are the preview's.
    @Test func aCellLeadsToItsSlots() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.job(["name": "nightly", "schedule": "30 2 * * *", "timezone": "Europe/Berlin"])
            _ = try await ann.job(["name": "often", "schedule": "*/20 9 * * *", "tags": ["x"]])
            let page = try await browser.get("/calendar")
            let cells = Self.cells(page)
            #expect(cells.count == 13 && cells.values.reduce(0, +) == 7 * 3 + 6, "\(page)")
            #expect(page.text.contains("2 active jobs fire 27 times from now to Sun 8 Nov, 24:00, UTC."), "\(page)")
            #expect(page.text.contains("The busiest time is Mon 2 Nov, 09:00, with 3."), "\(page)")
            for (path, count) in cells {
                let list = try await browser.get("/calendar\(path)")
                #expect(list.text.matches(of: /<tr data-row=/).count == count, "\(path) \(list)")
            }
            let list = try await browser.get("/calendar?at=2026-11-03T01:00:00Z")
            #expect(list.text.contains("<h1>Tue 3 Nov, 01:00 to 02:00 UTC</h1>"), "\(list)")
            #expect(list.text.contains("1 slot, the earliest first.") && list.text.contains("nightly"))
            #expect(list.text.contains("<td data-label=\"Job’s clock\">02:30:00 Europe/Berlin</td>"), "\(list)")
            #expect(list.text.contains("datetime=\"2026-11-03T01:30:00.000000Z\""))
            let tagged = try await browser.get("/calendar?tag=x")
            #expect(Self.cells(tagged).count == 7 && Self.cells(tagged).keys.allSatisfy { $0.hasSuffix("&tag=x") })
            #expect(tagged.text.contains("1 active job fires 21 times"), "\(tagged)")
        }
    }

    @Test func theDayInQuarters() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.job(["schedule": "*/10 9 * * *"])
            let page = try await browser.get("/calendar?range=24h")
            #expect(
                Self.cells(page) == [
                    "?at=2026-11-02T09:00:00Z&for=15m&range=24h": 2, "?at=2026-11-02T09:15:00Z&for=15m&range=24h": 1,
                    "?at=2026-11-02T09:30:00Z&for=15m&range=24h": 2, "?at=2026-11-02T09:45:00Z&for=15m&range=24h": 1,
                ], "\(page)")
            let list = try await browser.get("/calendar?at=2026-11-02T09:00:00Z&for=15m&range=24h")
            #expect(list.text.contains("<a href=\"/calendar?range=24h\">Calendar</a>"), "\(list)")
            #expect(list.text.contains("2 slots, the earliest first."), "\(list)")
        }
    }

    @Test func whatIsOverIsHistory() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.job(["schedule": "*/5 * * * *"])
            let page = try await browser.get("/calendar")
            // Half past eight: what of this hour is to come, and blank before.
            #expect(Self.cells(page)["?at=2026-11-02T08:00:00Z"] == 5, "\(page)")
            #expect(page.text.contains("</th>\(String(repeating: "<td></td>", count: 8))<td class=\"h"), "\(page)")
            let now = try await browser.get("/calendar?at=2026-11-02T08:00:00Z")
            #expect(now.text.matches(of: /<tr data-row=/).count == 5, "\(now)")
            let past = try await browser.get("/calendar?at=2026-11-02T07:00:00Z&tag=x")
            #expect(past.text.contains("This time is over") && !past.text.contains("<table"), "\(past)")
            let runs =
                "/runs?from=2026-11-02T07%3A00%3A00.000000Z&amp;to=2026-11-02T08%3A00%3A00.000000Z&amp;tag=x"
            #expect(past.text.contains("href=\"\(runs)\""), "\(past)")
            #expect(try await browser.get(runs.replacing("&amp;", with: "&")).status == 200)
        }
    }

    @Test func timesAreThoseOfTheZoneThatWasChosen() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.job(["schedule": "0 22 * * *", "timezone": "America/New_York"])
            browser.set(.browserZone, "Asia/Tokyo")
            var page = try await browser.get("/calendar")
            #expect(page.text.contains("to Sun 8 Nov, 24:00, Asia/Tokyo"), "\(page)")
            #expect(Self.cells(page)["?at=2026-11-03T03:00:00Z"] == 1, "\(page)")
            #expect(page.text.contains("<td class=\"h5\" data-label=\"12:00\"><a href=\"?at=2026-11-03T03:00:00Z\">"))
            browser.set(.zone, "job")
            page = try await browser.get("/calendar")
            #expect(page.text.contains("24:00, UTC.") && page.text.contains("that of the calendar is UTC"), "\(page)")
            let list = try await browser.get("/calendar?at=2026-11-03T03:00:00Z")
            #expect(list.text.contains("22:00:00 America/New_York"), "\(list)")
        }
    }

    @Test func aJobThatEndsAfterSoManyRunsIsNotCountedBeyond() async throws {
        try await TestBed().browsing { browser, ann in
            _ = try await ann.job(["schedule": "*/10 * * * *", "max_runs": 7])
            let page = try await browser.get("/calendar")
            #expect(Self.cells(page) == ["?at=2026-11-02T08:00:00Z": 2, "?at=2026-11-02T09:00:00Z": 5], "\(page)")
            let list = try await browser.get("/calendar?at=2026-11-02T09:00:00Z")
            #expect(list.text.matches(of: /<tr data-row=/).count == 5, "\(list)")
        }
    }

    @Test func longListsComeInPagesAndTooLongOnesAsANumber() async throws {
        try await TestBed().browsing { browser, ann in
            for number in 0..<5 { _ = try await ann.job(["name": .string("job \(number)"), "schedule": "@every 1s"]) }
            let address = "/calendar?at=2026-11-02T10:00:00Z"
            var page = try await browser.get(address)
            #expect(page.text.contains("1 to 200 of 18,000 slots, the earliest first."), "\(page)")
            #expect(!page.text.contains("Earlier slots"))
            let next = try #require(page.text.firstMatch(of: /href="([^"]+)" rel="next"/)).1
            #expect(next == "?at=2026-11-02T10:00:00Z&amp;page=2")
            page = try await browser.get("\(address)&page=90")
            #expect(page.text.contains("17,801 to 18,000 of 18,000") && !page.text.contains("Later slots"), "\(page)")
            #expect(page.text.contains("10:59:59"))
            page = try await browser.get("\(address)&page=91")
            #expect(page.text.contains("none so late in the list"), "\(page)")
            _ = try await ann.job(["name": "one too many", "schedule": "@every 1s"])
            page = try await browser.get(address)
            #expect(page.text.contains("Jobs fire 21,600 times here.") && !page.text.contains("<table"), "\(page)")
            #expect(Self.cells(try await browser.get("/calendar"))["?at=2026-11-02T10:00:00Z"] == nil, "it is 21k")
            #expect(try await browser.get("/calendar").text.contains(">21k</a>"))
        }
    }

    @Test func theQuietestHoursAreNamed() async throws {
        try await TestBed().browsing { browser, ann in
            _ = try await ann.job(["schedule": "*/5 0-1,7-23 * * *"])
            _ = try await ann.job(["name": "at two", "schedule": "0 2 * * *"])
            for path in ["/calendar", "/calendar?range=24h"] {
                let page = try await browser.get(path)
                let quiet = page.text.matches(of: /<span class="big">([\d,]+)<\/span> (\w+ [\d:]+)/).map { "\($0.1) \($0.2)" }
                #expect(quiet == ["1 Tue 02:00", "0 Tue 03:00", "0 Tue 04:00", "0 Tue 05:00", "0 Tue 06:00"], "\(page)")
            }
        }
    }

    @Test func whatTheAddressSaysWronglyIsNamed() async throws {
        try await TestBed().browsing { browser, _ in
            let at = "at=2026-11-02T10:00:00Z"
            for (query, field) in [
                ("range=1y", "range"), ("at=noon", "at"), ("\(at)&for=2h", "for"), ("\(at)&for=0s", "for"),
                ("\(at)&page=0", "page"), ("\(at)&page=101", "page"), ("\(at)&page=1e1", "page"), ("for=15m", "for"),
                ("q=x", "q"),
            ] {
                let page = try await browser.get("/calendar?\(query)")
                #expect(page.status == 422 && page.text.contains(field), "\(query) \(page)")
            }
        }
    }

    @Test func hostileTextIsText() async throws {
        try await TestBed().browsing { browser, ann in
            let tag = PercentText.encoded(Self.evil)
            _ = try await ann.job(["name": .string(Self.evil), "tags": [.string(Self.evil)]])
            for path in ["/calendar?tag=\(tag)", "/calendar?tag=\(tag)x", "/calendar?at=2026-11-03T03:00:00Z&tag=\(tag)"] {
                let page = try await browser.get(path)
                #expect(page.status == 200 && !page.text.contains("<img"), "\(path) \(page)")
                #expect(page.text.contains("&quot;&gt;&lt;img src=x"), "\(path) \(page)")
            }
        }
    }

    @Test func itsRegionIsAFragmentOfIt() async throws {
        try await TestBed().browsing { browser, ann in
            for isEmpty in [true, false] {
                if !isEmpty { _ = try await ann.job() }
                for path in ["/calendar", "/calendar?range=24h"] {
                    let page = try await browser.get(path)
                    let fragment = try await browser.fragment(path, CalendarPages.region)
                    #expect(fragment.text == page.region(CalendarPages.region), "\(path) \(page)")
                }
            }
        }
    }

    /// Of a thousand jobs, each cell with a number and a link.
    @Test func theHeatMapIsSmall() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            for batch in 0..<10 {
                let jobs = (0..<100).map { number in
                    Jobs.valid.merging(patch: [
                        "name": .string("job \(batch) \(number)"), "schedule": .string("\(number % 60) * * * *"),
                    ])
                }
                let made = try await ann.call(.post, "/jobs/bulk", ["jobs": .array(jobs)])
                try #require(made.status == 200, "\(made)")
            }
            // Midnight: all of seven days lies ahead.
            bed.clock.advance(by: .minutes(15 * 60 + 30))
            let page = try await browser.get("/calendar")
            #expect(Self.cells(page).count == 168, "\(page)")
            #expect(page.text.utf8.count <= 24 * 1_024, "\(page.text.utf8.count) bytes")
            #expect(try await browser.get("/calendar?range=24h").text.utf8.count <= 24 * 1_024)
        }
    }
}
