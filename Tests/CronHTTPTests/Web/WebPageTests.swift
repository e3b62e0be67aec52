import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// What pages show, and to whom.
@Suite struct WebPageTests {
    private static let evil = "\"><img src=x onerror=alert(1)>\u{301}'"

    @Test func hostileTextIsTextOnEveryPage() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let evil = JSONValue.string(Self.evil)
            let job = try await ann.job([
                "name": evil, "tags": [evil], "payload": ["<b>": evil],
                "action": ["type": "test", "url": evil],
            ])
            var outcome = Outcome(kind: .httpError, verdict: .permanent, reach: .answered, error: Self.evil)
            outcome.output = "\(Self.evil)\n\u{1B}[31mred\u{1B}[0m \u{202E}drow\u{7}"
            let run = try await bed.triggered(job)
            for token in try await bed.startDueRuns() {
                _ = try await bed.store.finish([Finish(token: token, outcome: outcome)], node: TestBed.node)
            }
            let tag = PercentText.encoded(Self.evil)
            for path in [
                "/jobs", "/jobs/\(job)", "/runs/\(run)", "/jobs?tag=\(tag)", "/jobs?q=\(tag)", "/jobs?type=\(tag)",
                "/login?next=\(tag)", "/jobs/\(tag)",
            ] {
                let page = try await browser.get(path)
                #expect(!page.text.contains("<img") && !page.text.contains("onerror=alert(1)>"), "\(path) \(page)")
                #expect(!page.text.unicodeScalars.contains("\u{1B}") && !page.text.unicodeScalars.contains("\u{202E}"))
            }
            let page = try await browser.get("/runs/\(run)")
            #expect(page.text.contains("&quot;&gt;&lt;img src=x"), "\(page)")
            #expect(page.text.contains("\nred \u{FFFD}drow\u{2407}"), "\(page)")
            _ = try await browser.post("/jobs/\(job)/pause", ["_csrf": page.form("/logout")?["_csrf"] ?? ""])
            let told = try await browser.get("/jobs")
            #expect(told.text.contains("is paused.") && !told.text.contains("<img"))
        }
    }

    /// One renderer: a script gets what the page holds.
    @Test func aFragmentIsTheRegionOfItsPage() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["tags": ["a", "b"]])
            let run = try await bed.deadLetter(of: job)
            let same: HTTPFields = [.requestID: "same"]
            for (path, region) in [
                ("/jobs", JobsPages.region), ("/jobs/\(job)", JobPages.region), ("/runs/\(run)", RunPages.region),
                ("/jobs?q=none", JobsPages.region),
            ] {
                let page = try await browser.get(path, headers: same)
                let fragment = try await browser.fragment(path, region, headers: same)
                #expect(fragment.headers[.contentType] == "\(WebRequest.fragmentType); charset=utf-8")
                let shown = try #require(page.region(region), "\(path) \(page)")
                #expect(fragment.text == shown, "\(path)")
                // A name that is no region of the page gets the page.
                #expect(try await browser.fragment(path, "layout").isPage)
            }
        }
    }

    /// A form that a script sends: the same address, then the region, with what the page would have told.
    @Test func aFormByScriptIsAnsweredWithItsRegion() async throws {
        try await TestBed().browsing { browser, ann in
            let job = try await ann.job()
            let page = try await browser.get("/jobs")
            let form = try #require(page.form("/jobs/\(job)/pause"))
            let script: HTTPFields = [
                .origin: WebClient.origin, .accept: WebRequest.fragmentType, .cronppRegion: JobsPages.region,
            ]
            let sent = try await browser.post("/jobs/\(job)/pause", form, headers: script)
            let answer = try await browser.fragment(try #require(sent.location), JobsPages.region)
            #expect(answer.text.contains("state paused"))
            #expect(answer.headers[.cronppFlash] == "nightly%20is%20paused.")
            #expect(try await browser.fragment("/jobs", JobsPages.region).headers[.cronppFlash] == nil)
            var refused = form
            refused["_csrf"] = nil
            let plain = try await browser.post("/jobs/\(job)/pause", refused, headers: script)
            #expect(plain.status == 403 && plain.headers[.contentType] == "text/plain; charset=utf-8", "\(plain)")
        }
    }

    @Test func aViewerSeesNoButtonAndIsRefused() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let run = try await bed.deadLetter(of: job)
            let client = TestClient(client: browser.client, bed: bed)
            for (role, buttons) in [("viewer", 0), ("operator", 4), ("editor", 5)] {
                _ = try await AccessTests.member(role, of: ann, client)
                var member = WebClient(browser.client)
                try await member.signIn(role)
                let pages = [try await member.get("/jobs/\(job)"), try await member.get("/runs/\(run)")]
                let forms = pages.flatMap { $0.text.matches(of: /action="(\/(?:jobs|runs)\/[^"]+\/[a-z]+)"/) }
                #expect(forms.count == buttons, "\(role) \(forms.map { $0.1 })")
                let token = try #require(pages[0].form("/logout")?["_csrf"])
                if role == "operator" {
                    #expect(try await member.post("/jobs/\(job)/delete", ["_csrf": token]).status == 403)
                }
                guard role == "viewer" else { continue }
                for route in bed.server.web?.routes ?? [] where route.method == .post {
                    // What only asks is for everybody who may read.
                    guard case .allowed(let needed) = route.access, needed != Permission(.jobs, .read) else { continue }
                    let path = WebGateTests.path(route, job: job, run: "\(run)", bed)
                    let refused = try await member.post(path, ["_csrf": token])
                    #expect(refused.status == 403 && refused.text.contains(needed.text), "\(path) \(refused)")
                    let line = try await ann.call(.get, "/audit?order=desc&limit=1").items.first
                    #expect(line?["act"] == "denied" && line?["after"]?["path"] == .string(route.path), "\(path)")
                }
            }
            #expect(try await ann.call(.get, "/jobs/\(job)").json["state"] == "active")
        }
    }

    @Test func othersThingsAreNotFound() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let run = try await bed.deadLetter(of: job).description
            _ = try await TestClient(client: browser.client, bed: bed).user("eve")
            var eve = WebClient(browser.client)
            try await eve.signIn("eve")
            let token = try #require(try await eve.get("/jobs").form("/logout")?["_csrf"])
            for route in bed.server.web?.routes ?? [] where route.path.contains("{id}") {
                let path = WebGateTests.path(route, job: job, run: run, bed)
                let answer = route.method == .get ? try await eve.get(path) : try await eve.post(path, ["_csrf": token])
                #expect(answer.status == 404 && answer.isPage, "\(path) \(answer)")
                #expect(!answer.text.contains("nightly"))
            }
        }
    }

    @Test func theListIsNarrowedAndTurned() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            for number in 10..<(11 + JobsPages.rows) {
                _ = try await ann.job(["name": .string("job \(number)"), "tags": number == 10 ? ["first"] : []])
            }
            func names(_ page: WebAnswer) -> [String] {
                page.text.matches(of: /<th scope="row"><a href="\/jobs\/[^"]+" dir="auto">([^<]+)</).map { String($0.1) }
            }
            let first = try await browser.get("/jobs")
            #expect(names(first).count == JobsPages.rows && names(first).first == "job 10")
            #expect(first.text.contains("<span class=\"count\">51</span>"), "\(first)")
            let next = try #require(first.text.firstMatch(of: /href="([^"]+)" rel="next"/)).1
            let second = try await browser.get(String(next).replacing("&amp;", with: "&"))
            #expect(names(second) == ["job 60"] && second.text.contains("First rows"))
            #expect(names(try await browser.get("/jobs?tag=first")) == ["job 10"])
            #expect(names(try await browser.get("/jobs?q=JOB+1&state=&tag=&type=&sort=name")).count == 10)
            #expect(names(try await browser.get("/jobs?order=desc")).first == "job 60")
            let none = try await browser.get("/jobs?state=paused")
            #expect(names(none).isEmpty && none.text.contains("No job matches"))
            #expect(try await browser.get("/jobs?status=PENDING&sort=next_run_time").status == 200)
        }
    }

    @Test func aPageOfFiftyJobsIsSmall() async throws {
        try await TestBed().browsing { browser, ann in
            for number in 0..<JobsPages.rows { _ = try await ann.job(["name": .string("job number \(number)")]) }
            let size = try await browser.get("/jobs").text.utf8.count
            #expect(size <= 70 * 1_024, "\(size) bytes")
        }
    }

    @Test func aRunTellsWhatWasTried() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let run = try await bed.deadLetter(of: job)
            var page = try await browser.get("/runs/\(run)")
            for words in ["state dead", "Attempt 1", "http error", "HTTP 400", "refused", "no such thing", "permanent"] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            page = try await browser.follow(try await browser.submit("/runs/\(run)/redrive", on: page))
            #expect(page.text.contains("The run is tried again.") && page.text.contains("state pending"), "\(page)")
            page = try await browser.follow(try await browser.submit("/runs/\(run)/cancel", on: page))
            #expect(page.text.contains("The run is cancelled."), "\(page)")
            _ = try await ann.call(.delete, "/jobs/\(job)")
            #expect(try await browser.get("/runs/\(run)").text.contains("a job that is deleted"))
        }
    }
}
