import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import CronHTTP

/// What people do, without any script.
@Suite(.timeLimit(.minutes(2))) struct WebFlowTests {
    private static let account = [
        "email": "Ann@Example.org", "name": "Ann", "password": "correct horse battery", "setup_code": TestBed.setupCode,
    ]

    @Test func fromTheFirstStartToADeletedJob() async throws {
        let bed = try await TestBed(registration: .first, setupCode: TestBed.setupCode)
        try await bed.run { client in
            var browser = WebClient(client.client)
            let login = try await browser.follow(try await browser.get("/"))
            #expect(login.location == "/setup", "there is nobody yet")
            let setup = try await browser.follow(login)
            #expect(setup.isPage && setup.text.contains("Setup code"))
            let made = try await browser.submit("/setup", on: setup, Self.account)
            #expect(made.location == "/", "\(made)")
            let empty = try await browser.follow(made)
            #expect(empty.text.contains("No jobs yet") && empty.text.contains("ann@example.org"), "\(empty)")

            let ann = try await client.signedIn("ann")
            let id = try await ann.job()
            let path = "/jobs/\(id)"
            var page = try await browser.get("/jobs")
            for words in ["nightly", "At 03:00 every day, in UTC", "0 3 * * *", "in 18 h 30 m", "none yet"] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            page = try await browser.follow(try await browser.submit("\(path)/pause", on: page))
            #expect(page.text.contains("nightly is paused.") && page.text.contains("state paused"), "\(page)")
            #expect(try await ann.call(.get, path).json["state"] == "paused")
            #expect(!(try await browser.get("/jobs")).text.contains("nightly is paused."), "told once")
            // The flash's own form takes it back.
            page = try await browser.follow(try await browser.post(
                "\(path)/resume", ["_csrf": page.form("\(path)/resume")?["_csrf"] ?? "", "_next": path]))
            #expect(page.text.contains("runs by its schedule again") && page.text.contains("<h1 dir=\"auto\">nightly</h1>"))
            #expect(try await ann.call(.get, path).json["state"] == "active")

            let triggered = try await browser.submit("\(path)/run", on: page)
            let again = try await browser.submit("\(path)/run", on: page)
            #expect(triggered.location == again.location)
            let runs = try await ann.call(.get, "/runs?job_id=\(id)").items
            #expect(runs.count == 1, "one page's button starts one run: \(runs)")
            page = try await browser.follow(again)
            #expect(page.text.contains("The run was started already."))
            #expect(page.text.contains("state pending") && page.text.contains("trigger"), "\(page)")

            page = try await browser.follow(try await browser.submit("\(path)/delete", on: page))
            #expect(page.text.contains("nightly is deleted.") && page.text.contains("No jobs yet"), "\(page)")
            #expect(try await ann.call(.get, path).status == 404)
        }
    }

    @Test func whatIsWrongWithAFormIsSaidBesideIt() async throws {
        let bed = try await TestBed(registration: .first, setupCode: TestBed.setupCode)
        try await bed.run { client in
            var browser = WebClient(client.client)
            var typed = Self.account
            typed["email"] = "ann \"<b>"
            typed["password"] = "short"
            let refused = try await browser.post("/setup", typed)
            #expect(refused.status == 422 && refused.isPage)
            #expect(refused.text.contains("value=\"ann &quot;&lt;b&gt;\""), "what was typed stays")
            #expect(refused.text.contains("<a href=\"#email\">Email</a> is not an email address"), "\(refused)")
            #expect(refused.text.contains("aria-describedby=\"password-error password-hint\""))
            #expect(!refused.text.contains("short\""), "but no password")
            typed = Self.account
            typed["setup_code"] = "wrong"
            let code = try await browser.post("/setup", typed)
            #expect(code.status == 403 && code.text.contains("is not the setup code"), "\(code)")
            #expect(try await !bed.store.hasUsers())
        }
    }

    @Test func aWrongPasswordAndAnUnknownUserLookAlike() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            _ = try await client.user("ann")
            var browser = WebClient(client.client)
            let same: HTTPFields = [.origin: WebClient.origin, .requestID: "r"]
            let wrong = try await browser.post("/login", ["email": "a@example.org", "password": "x"], headers: same)
            let known = try await browser.post("/login", ["email": "ann@example.org", "password": "x"], headers: same)
            #expect(wrong.status == 422 && wrong.text.contains("the email or the password is wrong"), "\(wrong)")
            #expect(known.text.replacing("ann@", with: "a@") == wrong.text && known.status == 422)
            #expect(browser.cookies.isEmpty)
            // The throttle of the API counts here too.
            var last = known
            for _ in 1...LoginThrottle.freeFailures {
                last = try await browser.post("/login", ["email": "ann@example.org", "password": "x"])
            }
            #expect(last.status == 429 && last.headers[.retryAfter] != nil, "\(last)")
            #expect(last.text.contains("too many failed attempts; try again in"))
        }
    }

    @Test func setupIsThereOnlyWhereSomebodyMayRegister() async throws {
        for (registration, isOpen) in [(Registration.first, false), (.closed, false), (.open, true)] {
            let bed = try await TestBed(registration: registration)
            try await bed.someAccount("ann")
            try await bed.run { client in
                var browser = WebClient(client.client)
                #expect(try await browser.get("/setup").status == (isOpen ? 200 : 303))
                #expect(try await browser.get("/login").text.contains("Make one") == isOpen)
                let refused = try await browser.post("/setup", Self.account)
                #expect(refused.status == (isOpen ? 409 : 403), "\(refused)")
            }
        }
    }

    @Test func lookAndZoneAreRemembered() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["timezone": "Asia/Tokyo"])
            var page = try await browser.get("/jobs")
            #expect(page.text.contains("data-theme=\"auto\"") && page.text.contains("18:00:00 UTC"))
            let chosen = try await browser.post("/choices", ["theme": "dark", "_next": "/jobs?q=n"])
            #expect(chosen.location == "/jobs?q=n")
            _ = try await browser.post("/choices", ["zone": "job"])
            page = try await browser.get("/jobs/\(job)")
            #expect(page.text.contains("data-theme=\"dark\"") && page.text.contains("03:00:00 JST"), "\(page)")
            _ = try await browser.post("/choices", ["zone": "mine"])
            browser.set(.browserZone, "Europe/Berlin")
            page = try await browser.get("/jobs/\(job)")
            #expect(page.text.contains("19:00:00 CET") && page.text.contains("Europe/Berlin, UTC+01:00"), "\(page)")
            browser.set(.browserZone, "../../etc/passwd")
            #expect(try await browser.get("/jobs/\(job)").text.contains("18:00:00 UTC"))
            #expect(try await browser.post("/choices", ["theme": "pink"]).status == 422)
        }
    }

    /// Over a socket: a page's events, by the cookie.
    @Test func aPageIsToldWhatHappens() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let cookie = "cronpp_session=\(browser.cookies[WebCookie.session.rawValue] ?? "")"
            let page = try await browser.get("/jobs")
            let last = String(try #require(page.text.firstMatch(of: /data-event="([^"]+)"/)).1)
            try await LiveServer.run(bed) { server in
                let stream = try await EventClient.connect(server.port)
                // The page's own id: what happened since it was read is told, and nothing else.
                let job = try await ann.job()
                try await stream.ask(Self.live(cookie, after: last))
                #expect(stream.status == 200 && stream.headers["content-type"] == "text/event-stream")
                #expect(try await stream.event()?.data["job_id"] == .string(job))
                let lost = try await EventClient.connect(server.port)
                try await lost.ask(Self.live(cookie, after: "elsewhere-1"))
                #expect(try await lost.event()?.name == "gap")
                let nobody = try await EventClient.connect(server.port)
                try await nobody.ask(Self.live("cronpp_session=x", after: last))
                #expect(nobody.status == 401)
            }
        }
    }

    private static func live(_ cookie: String, after last: String) -> HTTPRequestHead {
        HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/live?after=\(last)",
            headers: ["host": "here", "cookie": cookie, "accept": "text/event-stream"])
    }
}

extension TestBed {
    /// An account that was there before the test, however accounts are made.
    fileprivate func someAccount(_ name: String) async throws {
        var random = RandomSource(seed: 1)
        let id = UserID(at: clock.now, using: &random)
        try await store.createUser(
            User(id: id, email: "\(name)@example.org", name: nil, passwordHash: "", createdAt: clock.now),
            onlyFirst: false, audit: nil)
    }
}
