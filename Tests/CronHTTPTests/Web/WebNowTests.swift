import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// The page of what happens now, and that of the cluster.
@Suite struct WebNowTests {
    private static let evil = "\"><img src=x onerror=alert(1)>"

    @Test func aSpaceWithoutJobsIsShownHowToBegin() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            var page = try await browser.get("/")
            for preset in ["webhook", "sql", "alert"] {
                #expect(page.text.contains("href=\"/jobs/new?preset=\(preset)\""))
            }
            #expect(!page.text.contains("Next runs") && !page.text.contains("data-lane"), "\(page)")
            let client = TestClient(client: browser.client, bed: bed)
            _ = try await AccessTests.member("viewer", of: ann, client)
            var viewer = WebClient(browser.client)
            try await viewer.signIn("viewer")
            page = try await viewer.get("/")
            #expect(page.text.contains("No jobs yet") && !page.text.contains("/jobs/new"), "\(page)")
            _ = try await ann.job()
            page = try await browser.get("/")
            #expect(!page.text.contains("No jobs yet") && page.text.contains("in 18 h 30 m"), "\(page)")
        }
    }

    @Test func everyTileIsTheLinkToWhatItCounts() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            #expect(try await Self.tiles(&browser).map(\.number) == ["0", "0", "0", "0", "0"])
            let failing = try await ann.job(["name": "failing"])
            _ = try await bed.deadLetter(of: failing)
            _ = try await bed.triggered(try await ann.job(["name": "slow"]))
            _ = try await bed.startDueRuns()
            _ = try await ann.job(["name": "late", "schedule": "*/5 * * * *"])
            _ = try await ann.call(.post, "/jobs/\(try await ann.job(["name": "resting"]))/pause")
            bed.clock.advance(by: .minutes(17))
            let tiles = try await Self.tiles(&browser)
            #expect(tiles.map(\.number) == ["1", "1", "1", "1", "1"])
            #expect(
                tiles.map(\.path) == [
                    "/runs?status=RUNNING", "/jobs?state=active&amp;sort=next_run_time",
                    "/runs?status=FAILED&amp;from=2026-11-01T08%3A47%3A00.000000Z&amp;order=desc", "/dead",
                    "/jobs?state=paused",
                ])
            let page = try await browser.get("/")
            #expect(page.text.contains("overdue by 12 m"), "\(page)")
            // The same by the API.
            let later = try await TestClient(client: browser.client, bed: bed).signedIn("ann")
            let failed = try await later.call(.get, "/runs?status=FAILED&from=2026-11-01T08%3A47%3A00.000000Z")
            #expect(failed.items.count == 1)
        }
    }

    @Test func theLaneTellsWhatRanWhatRunsAndWhatComes() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["name": "each minute", "schedule": "* * * * *"])
            let slow = try await ann.job(["name": "slow"])
            _ = try await ann.job(["name": "each second", "schedule": "@every 1s"])
            _ = try await ann.job(["name": "tomorrow"])
            _ = try await ann.job(["name": "thrice", "schedule": "*/10 * * * *", "max_runs": 3])
            _ = try await bed.deadLetter(of: job)
            _ = try await bed.triggered(slow)
            _ = try await bed.startDueRuns()
            bed.clock.advance(by: .minutes(3))
            let page = try await browser.get("/")
            let rows = page.text.matches(
                of: /<li><a href="[^"]*" dir="auto">([^<]*)<\/a>\n<svg role="img" aria-label="([^"]*)"/)
            let words = Dictionary(uniqueKeysWithValues: rows.map { (String($0.1), String($0.2)) })
            #expect(rows.map { String($0.1) } == ["each minute", "each second", "slow", "thrice"], "in the order of their names")
            #expect(words["each minute"]?.hasPrefix("1 dead; overdue by 2 m") == true, "\(words)")
            #expect(words["slow"] == "running for 3 m; next in 18 h 27 m", "\(words)")
            #expect(words["each second"]?.contains("3600 in the next hour") == true, "\(words)")
            // Ticks one by one, and where they are too many a band with their number.
            let ticks = page.text.matches(of: /class="ticks" d="([^"]*)"/)
            #expect(ticks.map { $0.1.count { $0 == "M" } } == [60, 1], "\(page)")
            #expect(words["thrice"] == "next in 7 m", "what else comes is not certain: \(words)")
            #expect(page.text.contains("<rect class=\"band\" x=\"1800\" y=\"7\" width=\"3600\" height=\"10\"/>"))
            #expect(page.text.contains(">×3600</text>"))
            #expect(page.text.contains("<rect class=\"running\" x=\"1620\" width=\"3780\"/>"), "\(page)")
            let table = try await browser.get("/?lane=table")
            #expect(
                !table.text.contains("data-lane") && table.text.contains("<td data-label=\"Now\">running for 3 m</td>"))
            #expect(try await browser.get("/?lane=x").status == 422)
        }
    }

    @Test func runsTooNearToEachOtherAreOneBar() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            for _ in 0..<4 {
                _ = try await bed.deadLetter(of: job)
                bed.clock.advance(by: .seconds(5))
            }
            bed.clock.advance(by: .minutes(5))
            _ = try await bed.deadLetter(of: job)
            let page = try await browser.get("/")
            #expect(page.text.matches(of: /<rect class="dead"/).count == 2, "\(page)")
            #expect(
                page.text.contains(">×4</text>") && page.text.contains("aria-label=\"5 dead; next in 18 h 24 m\""),
                "\(page)")
            #expect(page.text.contains("<td data-label=\"Count\" class=\"number\">5 runs</td>"))
            #expect(page.text.contains("http error 400"))
        }
    }

    @Test func noMoreRowsThanCanBeRead() async throws {
        try await TestBed().browsing { browser, ann in
            for number in 10..<35 {
                _ = try await ann.job(["name": .string("job \(number)"), "schedule": "*/5 * * * *"])
            }
            let page = try await browser.get("/")
            #expect(page.text.matches(of: /<svg role="img"/).count == LaneView.rows)
            #expect(page.text.contains("20 of 25 jobs are shown"), "\(page)")
            #expect(page.region(NowPages.lists)?.matches(of: /<tr data-row/).count == NowPageView.rows)
        }
    }

    @Test func hostileTextIsText() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["name": .string(Self.evil), "schedule": "*/5 * * * *"])
            _ = try await bed.triggered(job)
            let outcome = Outcome(kind: .httpError, verdict: .permanent, reach: .answered, error: Self.evil)
            for token in try await bed.startDueRuns() {
                _ = try await bed.store.finish([Finish(token: token, outcome: outcome)], node: TestBed.node)
            }
            let now = bed.clock.now
            _ = try await bed.store.register(
                Node(
                    id: NodeID(high: 9, low: 9), pid: 2, host: Self.evil, version: Self.evil, startedAt: now,
                    leaseUntil: now + .hours(1)))
            for path in ["/", "/?lane=table", "/cluster"] {
                let page = try await browser.get(path)
                #expect(page.status == 200 && !page.text.contains("<img"), "\(path) \(page)")
                #expect(page.text.contains("&quot;&gt;&lt;img src=x"), "\(path) \(page)")
            }
        }
    }

    @Test func theirRegionsAreFragmentsOfThem() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            for isEmpty in [true, false] {
                if !isEmpty { _ = try await bed.deadLetter(of: try await ann.job(["schedule": "*/5 * * * *"])) }
                let regions = [
                    ("/", NowPages.picture), ("/?lane=table", NowPages.picture), ("/", NowPages.lists),
                    ("/cluster", ClusterPages.region),
                ]
                for (path, region) in regions {
                    let page = try await browser.get(path)
                    let fragment = try await browser.fragment(path, region)
                    #expect(fragment.text == page.region(region), "\(path) \(page)")
                }
            }
        }
    }

    @Test func aNodeThatLetItsLeaseEndIsLost() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, _ in
            #expect(try await browser.get("/cluster").text.contains("No node has made itself known"))
            try await bed.registerNode()
            var page = try await browser.get("/cluster")
            #expect(page.text.contains("1 node is alive.") && page.text.contains("answers this page"), "\(page)")
            #expect(page.text.contains("</svg> Alive</span>") && page.text.contains("in 1 d"), "\(page)")
            bed.clock.advance(by: .hours(24) + .minutes(12))
            page = try await browser.get("/cluster")
            #expect(page.text.contains("0 nodes are alive, 1 lost in the last hour."), "\(page)")
            #expect(page.text.contains("Its lease ended") && page.text.contains("12 m ago"), "\(page)")
            #expect(page.text.contains("</svg> Lost</span>") && page.text.contains("Up 1 d, since"), "\(page)")
            page = try await browser.get("/")
            #expect(page.text.contains("<p class=\"bad\">0 nodes are alive, 1 lost"), "\(page)")
        }
    }

    @Test func aNodeThatEndsItsLeaseItselfHasStopped() throws {
        let start = try Instant(rfc3339: TestBed.start)
        let now = start + .minutes(10)
        func node(_ number: UInt64, lease: Instant, dead: Instant? = nil) -> Node {
            Node(
                id: NodeID(high: number, low: 0), pid: 1, host: "here", version: "1", startedAt: start,
                leaseUntil: lease,
                deadAt: dead)
        }
        let nodes = [
            node(4, lease: now - .seconds(1), dead: now), node(3, lease: now - .seconds(1)),
            node(2, lease: now - .minutes(1), dead: now - .minutes(1)), node(1, lease: now + .seconds(9)),
        ]
        let view = NodesView(nodes, own: nodes[3].id, TimeText(now: now, choices: WebChoices()))
        #expect(view.rows.map(\.state.word) == ["Alive", "Lost", "Lost", "Stopped"])
        #expect(view.rows.map(\.isOwn) == [true, false, false, false])
        #expect(view.rows.map(\.uptime) == ["10 m", "9 m 59 s", "9 m 59 s", "9 m"])
        #expect(view.summary == "1 node is alive, 2 lost in the last hour")
    }

    private static func tiles(_ browser: inout WebClient) async throws -> [(path: String, number: String)] {
        try await browser.get("/").text
            .matches(of: /<a class="tile [a-z]*" href="([^"]*)"><span class="big">([^<]*)<\/span>/)
            .map { (String($0.1), String($0.2)) }
    }
}
