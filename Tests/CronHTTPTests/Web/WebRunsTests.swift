import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import NIOHTTP1
import Testing

@testable import CronHTTP

/// The lists of runs and dead letters, and what is done to many things at once.
@Suite(.timeLimit(.minutes(2))) struct WebRunsTests {
    private static let evil = "\"><img src=x onerror=alert(1)>\u{301}'"

    @Test func runsAreListedNarrowedAndTurned() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            #expect(try await browser.get("/runs").text.contains("No runs yet"))
            let job = try await ann.job(["name": "first", "tags": ["t"], "max_retries": 3])
            let other = try await ann.job(["name": "second"])
            let dead = try await bed.deadLetter(of: job)
            bed.clock.advance(by: .seconds(1))
            let waiting = try await bed.triggered(other)
            func shows(_ path: String) async throws -> [Bool] {
                let page = try await browser.get(path)
                #expect(page.status == 200, "\(path) \(page)")
                return [dead, waiting].map { page.text.contains("data-row=\"\($0)\"") }
            }
            #expect(try await shows("/runs") == [true, true])
            #expect(try await shows("/runs?status=DEAD&origin=&tag=") == [true, false])
            #expect(try await shows("/runs?job=seco") == [false, true])
            #expect(try await shows("/runs?job_id=\(job)") == [true, false])
            #expect(try await shows("/runs?tag=t") == [true, false])
            #expect(try await shows("/runs?origin=schedule") == [false, false])
            #expect(try await shows("/runs?from=2026-11-02+08:30:01") == [false, true])
            #expect(try await shows("/runs?to=2026-11-02T08:30:01Z") == [true, false])
            let page = try await browser.get("/runs")
            for words in ["state dead", "1 of 4", "refused", "trigger", "permanent", "Start delay"] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            let cancelled = try await browser.follow(try await browser.submit("/runs/\(waiting)/cancel", on: page))
            #expect(cancelled.text.contains("The run is cancelled.") && cancelled.text.contains("<h1>Runs</h1>"))
            let again = try await browser.follow(try await browser.submit("/runs/\(dead)/redrive", on: cancelled))
            #expect(again.text.contains("The run is tried again.") && again.text.contains("state pending"), "\(again)")
        }
    }

    @Test func aWrongFilterIsToldAtItsFieldAndKept() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.job(["name": "alike 1"])
            _ = try await ann.job(["name": "alike 2"])
            for (query, words) in [
                ("from=soon", "<a href=\"#filter-from\">from</a> is not a time"),
                ("job=alike", "several jobs have this"),
                ("job=none", "no job has this"), ("status=GONE", "is not one of"), ("cursor=x", "is not a cursor"),
                ("wrong=1", "wrong"),
            ] {
                let page = try await browser.get("/runs?\(query)&tag=kept")
                #expect(page.status == 422 && page.isPage && page.text.contains(words), "\(query) \(page)")
                #expect(page.text.contains("value=\"kept\""))
            }
            #expect(try await browser.get("/runs?job=alike+1").status == 200)
            #expect(try await browser.get("/dead?status=DEAD").status == 422, "they are in one status")
        }
    }

    @Test func fiftyRunsAreAPage() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["overlap": "allow"])
            for _ in 0...RunsPages.rows {
                bed.clock.advance(by: .seconds(1))
                _ = try await bed.triggered(job)
            }
            let first = try await browser.get("/runs")
            #expect(first.text.matches(of: /<tr data-row/).count == RunsPages.rows)
            #expect(first.text.utf8.count <= 70 * 1_024, "\(first.text.utf8.count) bytes")
            let next = try #require(first.text.firstMatch(of: /href="([^"]+)" rel="next"/)).1
            let second = try await browser.get(String(next).replacing("&amp;", with: "&"))
            #expect(second.text.matches(of: /<tr data-row/).count == 1 && second.text.contains("Newest rows"))
        }
    }

    @Test func equalRunsOfAJobAreOneRow() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["overlap": "allow"])
            for _ in 0..<4 {
                bed.clock.advance(by: .seconds(1))
                _ = try await bed.table(of: job)
            }
            let dead = try await bed.deadLetter(of: job)
            let page = try await browser.get("/runs")
            #expect(
                page.text.matches(of: /<tr data-row/).count == 2 && page.text.contains("×4, all success"), "\(page)")
            #expect(page.text.contains("data-row=\"\(dead)\""))
            let each = try #require(page.text.firstMatch(of: /<a href="([^"]+)">×4/)).1
            let all = try await browser.get(String(each).replacing("&amp;", with: "&"))
            #expect(all.text.matches(of: /<tr data-row/).count == 4 && !all.text.contains("×4"), "\(all)")
        }
    }

    @Test func deadLettersAreGroupedLookedAtAndDecided() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            #expect(try await browser.get("/dead").text.contains("No dead letters"))
            let low = try await ann.job(["name": "low", "overlap": "allow"])
            let high = try await ann.job(["name": "high"])
            for job in [low, low, high] {
                _ = try await bed.deadLetter(of: job)
                bed.clock.advance(by: .seconds(1))
            }
            let page = try await browser.get("/dead")
            #expect(page.text.matches(of: /<tr data-row/).count == 2, "\(page)")
            for words in ["http error, HTTP 400", "refused", ">2</td>", "3 dead letters are put together"] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            // The group of `low`, which is the second: its form is looked at first, then done.
            let ids = page.text.matches(of: /name="ids" value="([^"]+)"/).map { String($0.1) }
            let token = try #require(page.form("/logout")?["_csrf"])
            let review = try await browser.post("/dead/redrive", ["_csrf": token, "ids": ids[1], "_next": "/dead"])
            #expect(review.status == 200 && review.text.contains("Redrive 2 dead letters?"), "\(review)")
            #expect(try await ann.call(.get, "/dead-letters").items.count == 3, "nothing is done yet")
            let form = try #require(review.form("/dead/redrive"))
            #expect(form["expected_count"] == "2")
            let done = try await browser.post("/dead/redrive", form)
            #expect(done.location == "/dead", "\(done)")
            #expect(try await browser.follow(done).text.contains("2 dead letters are tried again."))
            let twice = try await browser.post("/dead/redrive", form)
            #expect(
                twice.status == 409 && twice.text.contains("It was about 2 when you looked, and is about 0 now."),
                "\(twice)")
            #expect(try await ann.call(.get, "/dead-letters").items.count == 1)
            #expect(try await ann.call(.get, "/runs?job_id=\(low)").items.count == 2)
        }
    }

    @Test func theNavigationCountsDeadLetters() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let calm = try await browser.get("/jobs")
            #expect(calm.text.contains("<span>Dead letters</span></a>"), "\(calm)")
            let first = try await bed.deadLetter(of: job)
            for _ in 0..<WebCounts.dead { _ = try await bed.deadLetter(of: job) }
            bed.clock.advance(by: WebCounts.remembered + .seconds(1))
            let page = try await browser.get("/runs/\(first)")
            #expect(page.text.contains("<span>Dead letters</span> <span class=\"count\">100+</span>"), "\(page)")
            let left = try await browser.follow(try await browser.submit("/runs/\(first)/discard", on: page))
            #expect(left.text.contains("<span>Dead letters</span> <span class=\"count\">100</span>"), "\(left)")
        }
    }

    @Test func allThatMatchAreDiscardedIfTheyAreStillAsMany() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["name": "low", "overlap": "allow"])
            let spared = try await bed.deadLetter(of: try await ann.job(["name": "high"]))
            let decided = try await bed.deadLetter(of: job)
            _ = try await bed.deadLetter(of: job)
            bed.clock.advance(by: .seconds(1))
            let page = try await browser.get("/dead?job_id=\(job)")
            #expect(page.text.contains("Job <b dir=\"auto\">low</b>"), "\(page)")
            let token = try #require(page.form("/logout")?["_csrf"])
            let review = try await browser.post("/dead/discard", ["_csrf": token, "job_id": job])
            #expect(review.text.contains("Discard 2 dead letters with job low"), "\(review)")
            let form = try #require(review.form("/dead/discard"))
            _ = try await ann.call(.post, "/runs/\(decided)/discard")
            let refused = try await browser.post("/dead/discard", form)
            #expect(refused.status == 409, "\(refused)")
            #expect(refused.text.contains("It was about 2 when you looked, and is about 1 now. Nothing was done."))
            let now = try #require(refused.form("/dead/discard"))
            #expect(now["expected_count"] == "1")
            // What dies later was not meant.
            bed.clock.advance(by: .seconds(1))
            let later = try await bed.deadLetter(of: job)
            let done = try await browser.follow(try await browser.post("/dead/discard", now))
            #expect(done.text.contains("1 dead letter is discarded."), "\(done)")
            let left = try await ann.call(.get, "/dead-letters").items.map { $0["id"] }
            #expect(left == [.string(spared.description), .string(later.description)])
            for broken in [["expected_count": "x"], ["expected_count": "-1"], ["ids": "x"], ["from": "x"]] {
                let answer = try await browser.post("/dead/discard", broken.merging(["_csrf": token]) { $1 })
                #expect(answer.status == 422 && answer.isPage, "\(broken) \(answer)")
            }
            #expect(try await browser.get("/dead/discard").location == "/dead")
        }
    }

    @Test func allJobsThatMatchAreDecidedTogether() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            for number in 1...3 { _ = try await ann.job(["name": .string("job \(number)"), "tags": ["a"]]) }
            let spared = try await ann.job(["name": "other"])
            var page = try await browser.get("/jobs?tag=a")
            #expect(
                page.text.contains("Pause all 3 that match…") && page.text.contains("Delete all 3 that match…"),
                "\(page)")
            let list = try #require(page.form("/jobs/bulk/pause"))
            #expect(list["tag"] == "a" && list["_next"] == "/jobs?tag=a")
            let review = try await browser.post("/jobs/bulk/pause", list)
            #expect(review.status == 200 && review.text.contains(">Pause 3 jobs with tag a</button>"), "\(review)")
            let added = try await ann.job(["name": "late", "tags": ["a"]])
            let form = try #require(review.form("/jobs/bulk/pause"))
            let refused = try await browser.post("/jobs/bulk/pause", form)
            #expect(
                refused.status == 409 && refused.text.contains("It was about 3 when you looked, and is about 4 now."))
            #expect(try await ann.call(.get, "/jobs/\(added)").json["state"] == "active")
            let done = try await browser.post("/jobs/bulk/pause", try #require(refused.form("/jobs/bulk/pause")))
            page = try await browser.follow(done)
            #expect(done.location == "/jobs?tag=a" && page.text.contains("4 jobs are paused."), "\(page)")
            #expect(try await ann.call(.get, "/jobs/\(spared)").json["state"] == "active")
            #expect(try await ann.call(.get, "/audit?order=desc&limit=1").items.first?["after"]?["count"] == 4)

            // One page's button starts each once.
            let start = try await browser.post("/jobs/bulk/trigger", list)
            let once = try #require(start.form("/jobs/bulk/trigger"))
            for _ in 1...2 { #expect(try await browser.post("/jobs/bulk/trigger", once).status == 303) }
            #expect(try await ann.call(.get, "/runs?tag=a").items.count == 4)

            let all = try await browser.post("/jobs/bulk/delete", ["_csrf": list["_csrf"] ?? ""])
            #expect(all.text.contains(">Delete 5 jobs</button>"), "\(all)")
            page = try await browser.follow(try await browser.submit("/jobs/bulk/delete", on: all))
            #expect(page.text.contains("5 jobs are deleted.") && page.text.contains("No jobs yet"), "\(page)")
        }
    }

    @Test func whoeverMayNotSeesNoButton() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            _ = try await ann.job(["name": "second"])
            _ = try await bed.deadLetter(of: job)
            let client = TestClient(client: browser.client, bed: bed)
            for (role, buttons) in [("viewer", 0), ("operator", 8), ("editor", 9)] {
                _ = try await AccessTests.member(role, of: ann, client)
                var member = WebClient(browser.client)
                try await member.signIn(role)
                var found = 0
                for path in ["/runs", "/dead", "/jobs"] {
                    let page = try await member.get(path)
                    found +=
                        page.text.matches(of: /action="\/(?:dead|jobs\/bulk|runs\/[^"\/]+)\/[a-z]+"[^>]*>(?=[A-Z])/)
                        .count
                    found += page.text.matches(of: /<button>Redrive/).count
                }
                #expect(found == buttons, "\(role)")
            }
        }
    }

    @Test func hostileTextIsText() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let evil = JSONValue.string(Self.evil)
            let job = try await ann.job(["name": evil, "tags": [evil]])
            var outcome = Outcome(kind: .httpError, verdict: .permanent, reach: .answered, error: Self.evil)
            outcome.output = Self.evil
            _ = try await bed.triggered(job)
            for token in try await bed.startDueRuns() {
                _ = try await bed.store.finish([Finish(token: token, outcome: outcome)], node: TestBed.node)
            }
            let tag = PercentText.encoded(Self.evil)
            let token = try #require(try await browser.get("/jobs").form("/logout")?["_csrf"])
            var pages = [
                try await browser.post("/dead/discard", ["_csrf": token, "tag": Self.evil]),
                try await browser.post("/dead/redrive", ["_csrf": token, "job_id": job]),
                try await browser.post("/jobs/bulk/delete", ["_csrf": token, "q": Self.evil]),
            ]
            for path in [
                "/runs", "/dead", "/runs?tag=\(tag)", "/dead?job=\(tag)", "/runs?from=\(tag)", "/runs?\(tag)=1",
            ] {
                pages.append(try await browser.get(path))
            }
            for page in pages {
                #expect(page.isPage && page.text.contains("&lt;img src=x"), "\(page)")
                #expect(!page.text.contains("<img") && !page.text.contains("onerror=alert(1)>"), "\(page)")
            }
        }
    }

    @Test func aRunIsDrawnAndHasNeighbours() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["overlap": "allow"])
            var runs: [RunID] = []
            for _ in 0..<3 {
                bed.clock.advance(by: .seconds(2))
                runs.append(try await bed.triggered(job))
            }
            bed.clock.advance(by: .seconds(3))
            _ = try await bed.startDueRuns()
            bed.clock.advance(by: .seconds(4))
            let page = try await browser.get("/runs/\(runs[1])")
            #expect(page.text.contains("href=\"/runs/\(runs[0])\" rel=\"prev\""), "\(page)")
            #expect(page.text.contains("href=\"/runs/\(runs[2])\" rel=\"next\""))
            for words in [
                "<g class=\"running\">", "attempt 1, 4.00 s", "Started 5.00 s after it was due",
                "1 attempt took 4.00 s",
            ] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            #expect(!page.text.contains("style="))
        }
    }

    /// Over a socket: what an attempt has written, by the cookie.
    @Test func outputIsFollowedByTheCookie() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let run = try await bed.deadLetter(of: try await ann.job())
            let cookie = "cronpp_session=\(browser.cookies[WebCookie.session.rawValue] ?? "")"
            try await LiveServer.run(bed) { server in
                func ask(_ cookie: String) async throws -> EventClient {
                    let stream = try await EventClient.connect(server.port)
                    try await stream.ask(
                        HTTPRequestHead(
                            version: .http1_1, method: .GET, uri: "/runs/\(run)/output",
                            headers: ["host": "here", "cookie": cookie, "accept": "text/event-stream"]))
                    return stream
                }
                let stream = try await ask(cookie)
                #expect(stream.status == 200 && stream.headers["content-type"] == "text/event-stream")
                #expect(try await stream.event()?.name == "attempt")
                #expect(try await stream.event()?.data["text"] == "no such thing")
                #expect(try await ask("cronpp_session=x").status == 401)
            }
        }
    }

    @Test func aTimeIsTypedByTheClocksOfAZone() throws {
        for (text, zone, instant) in [
            ("2026-03-28", "UTC", "2026-03-28T00:00:00Z"),
            ("2026-03-28 14:30", "Europe/Berlin", "2026-03-28T13:30:00Z"),
            ("2026-03-29T03:00:05", "Europe/Berlin", "2026-03-29T01:00:05Z"),
            ("2026-07-01 00:00", "Asia/Tokyo", "2026-06-30T15:00:00Z"),
            ("2026-07-01T00:00:00+02:00", "Asia/Tokyo", "2026-06-30T22:00:00Z"),
        ] {
            #expect(TypedTime.instant(text, in: zone) == (try Instant(rfc3339: instant)), "\(text)")
        }
        for text in ["soon", "2026-13-01", "2026-03-28 25:00", "28.3.2026", "2026-03-28 14"] {
            #expect(TypedTime.instant(text, in: "UTC") == nil, "\(text)")
        }
        #expect(CountText.text(0) == "0" && CountText.text(999) == "999" && CountText.text(1_234_567) == "1,234,567")
    }

    @Test func aLongStoryIsCut() throws {
        let job = Self.story(waits: 60)
        let view = try #require(RunStepsView(job, [], now: job.events.last?.at ?? job.scheduledFor))
        #expect(view.bars.count == RunStepsView.most)
        #expect(view.bars.contains { $0.words.contains(" steps, ") })
        #expect(RunStepsView.steps(of: job, now: job.scheduledFor).reduce(0) { $0 + $1.count } > RunStepsView.most)
    }

    /// A run that was tried again and again.
    private static func story(waits: Int) -> Run {
        let start = Instant(microseconds: 1_700_000_000_000_000)
        var log = RunEventLog()
        func add(_ second: Int, _ from: RunStatus?, _ to: RunStatus, _ reason: RunReason, attempt: Int = 0) {
            log.append(
                RunEvent(
                    at: start + .seconds(Int64(second)), from: from, to: to, reason: reason, fence: 0, attempt: attempt,
                    node: nil, dueAt: nil))
        }
        add(0, nil, .pending, .planned)
        for turn in 0..<waits {
            add(2 * turn + 1, .queued, .running, .started, attempt: turn + 1)
            add(2 * turn + 2, .failed, .retrying, .attemptFailed, attempt: turn + 1)
        }
        add(2 * waits + 1, .retrying, .cancelled, .user)
        return Run(
            stored: RunID(high: 1, low: 1), jobID: JobID(high: 1, low: 1), userID: UserID(high: 1, low: 1),
            origin: .schedule,
            scheduledFor: start, zone: "", dueAt: start, status: .cancelled, reason: .user, fence: 0, attempt: 0,
            log: log)
    }
}
