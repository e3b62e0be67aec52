import CronEngine
import CronModel
import CronSchedule
import HTTPTypes
import Testing

@testable import CronHTTP

/// What a request for a page passes: who, from where, how often, and what every answer says to browsers.
@Suite struct WebGateTests {
    /// Events and files, and no pages: they have headers of their own.
    static let streams: Set = ["/live", "/runs/{id}/output", "/settings/audit/export"]

    static func path(_ route: WebRoute, job: String, run: String, _ bed: TestBed) -> String {
        route.path.replacing("{id}", with: route.path.hasPrefix("/runs") ? run : job)
            .replacing("{digest}", with: bed.server.web?.site.assets.digest ?? "").replacing("{name}", with: "app.css")
    }

    @Test func everyPageButSigningInNeedsASession() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            var nobody = WebClient(browser.client)
            let routes = try #require(bed.server.web?.routes)
            let open = ["/setup", "/login", "/choices", "/assets/{digest}/{name}", "/favicon.ico"]
            for route in routes {
                #expect((route.access == .open) == open.contains(route.path), "\(route.path)")
                guard route.access != .open else { continue }
                let path = Self.path(route, job: job, run: job, bed)
                let answer = route.method == .get ? try await nobody.get(path) : try await nobody.post(path)
                #expect(answer.status == 303 && answer.location?.hasPrefix("/login") == true, "\(path) \(answer)")
                guard route.method == .get else { continue }
                let byScript = try await nobody.fragment(path, "x")
                #expect(byScript.status == 401 && !byScript.isPage, "\(path) \(byScript)")
            }
        }
    }

    /// Where it comes from × its token, on every form of a session.
    @Test func formsOfOthersDoNothing() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let page = try await browser.get("/jobs/\(job)")
            let token = try #require(page.form("/logout")?["_csrf"])
            var eve = WebClient(browser.client)
            _ = try await TestClient(client: browser.client, bed: bed).user("eve")
            try await eve.signIn("eve")
            let foreign = try #require(try await eve.get("/jobs").form("/logout")?["_csrf"])
            let origins: [(HTTPFields, isOurs: Bool)] = [
                ([.secFetchSite: "same-origin"], true), ([.secFetchSite: "none"], true),
                ([.secFetchSite: "same-origin", .origin: "http://evil.example"], true),
                ([.origin: "http://localhost"], true), ([.origin: "HTTP://LOCALHOST"], true),
                ([.secFetchSite: "same-site"], false), ([.secFetchSite: "cross-site"], false),
                ([.secFetchSite: "cross-site", .origin: "http://localhost"], false), ([:], false),
                ([.origin: "null"], false), ([.origin: "http://localhost:81"], false),
                ([.origin: "http://localhost.evil.example"], false), ([.origin: "http://evil.example"], false),
            ]
            let tokens: [(String?, isOurs: Bool)] = [(token, true), (nil, false), ("", false), (foreign, false)]
            let before = try await ann.call(.get, "/jobs/\(job)").json
            for route in bed.server.web?.routes ?? [] where route.method == .post && route.access != .open {
                let path = Self.path(route, job: job, run: "\(RunID(high: 1, low: 1))", bed)
                for origin in origins {
                    for sent in tokens where !(origin.isOurs && sent.isOurs) {
                        let answer = try await browser.post(
                            path, sent.0.map { ["_csrf": $0] } ?? [:], headers: origin.0)
                        #expect(answer.status == 403 && answer.isPage, "\(path) \(origin) \(sent) \(answer)")
                    }
                }
            }
            #expect(try await ann.call(.get, "/jobs/\(job)").json == before)
            for origin in origins where origin.isOurs {
                let answer = try await browser.post("/jobs/\(job)/pause", ["_csrf": token], headers: origin.0)
                #expect(answer.status == 303, "\(origin) \(answer)")
            }
        }
    }

    @Test func aSignInFromElsewhereIsRefused() async throws {
        try await TestBed().browsing { browser, _ in
            let fields = ["email": "ann@example.org", "password": "correct horse battery"]
            for headers: HTTPFields in [[:], [.origin: "http://evil.example"], [.secFetchSite: "cross-site"]] {
                var nobody = WebClient(browser.client)
                let answer = try await nobody.post("/login", fields, headers: headers)
                #expect(answer.status == 403, "\(answer)")
                #expect(nobody.cookies.isEmpty)
            }
        }
    }

    @Test func thePublicHostIsOursTooBehindAProxyThatChangesHost() {
        let origin = WebOrigin(publicURL: "https://Cron.example.org/")
        #expect(origin.publicAuthority == "cron.example.org")
        #expect(WebOrigin(publicURL: nil).publicAuthority == nil)
    }

    @Test func everyAnswerTellsBrowsersWhatMayHappen() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let run = try await bed.deadLetter(of: job).description
            let policy =
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
                + "trusted-types cronpp"
            var nobody = WebClient(browser.client)
            var answers = [
                try await browser.get("/jobs/\(RunID(high: 1, low: 1))"), try await browser.get("/jobs?sort=x"),
                try await nobody.get("/login"), try await nobody.post("/login"), try await nobody.get("/jobs"),
                try await browser.get("/nothing", headers: [.accept: "text/html"]),
                try await browser.post("/jobs", [:], headers: [.accept: "text/html", .origin: WebClient.origin]),
                try await browser.fragment("/jobs", JobsPages.region),
            ]
            for route in bed.server.web?.routes ?? []
            where route.method == .get && !Self.streams.contains(route.path) && !route.isFree {
                answers.append(try await browser.get(Self.path(route, job: job, run: run, bed)))
            }
            for answer in answers {
                #expect(answer.headers[.contentSecurityPolicy] == policy, "\(answer)")
                #expect(answer.headers[.xContentTypeOptions] == "nosniff")
                #expect(answer.headers[.referrerPolicy] == "same-origin")
                #expect(answer.headers[.crossOriginOpenerPolicy] == "same-origin")
                #expect(answer.headers[.crossOriginResourcePolicy] == "same-origin")
                #expect(answer.headers[.permissionsPolicy]?.contains("camera=()") == true)
                #expect(answer.headers[.cacheControl] == "no-store")
                for mark in [" style=", "<style", "javascript:"] { #expect(!answer.text.contains(mark)) }
                #expect(answer.text.matches(of: /<script/).count == (answer.isPage ? 1 : 0), "\(answer)")
            }
            #expect(answers.count(where: \.isPage) >= 9)
        }
    }

    @Test func lookingChangesNothing() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let run = try await bed.deadLetter(of: job).description
            func state() async throws -> [JSONValue] {
                [
                    try await ann.call(.get, "/audit").json, try await ann.call(.get, "/jobs").json,
                    try await ann.call(.get, "/runs?include=events").json,
                ]
            }
            let before = try await state()
            for route in bed.server.web?.routes ?? [] where route.path != "/live" {
                _ = try await browser.get(Self.path(route, job: job, run: run, bed))
            }
            #expect(try await state() == before)
        }
    }

    @Test func whatGoesWrongIsAPage() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, _ in
            let html: HTTPFields = [.accept: "text/html,*/*;q=0.8", .requestID: "r-1"]
            for (path, status, word) in [
                ("/nothing", 404, "Not found"), ("/jobs/x", 404, "Not found"),
                ("/jobs?limit=0", 422, "The request is not valid"), ("/jobs?cursor=x", 422, "cursor"),
            ] {
                let answer = try await browser.get(path, headers: html)
                #expect(answer.status == status && answer.isPage, "\(path) \(answer)")
                #expect(answer.text.contains(word) && answer.text.contains("<code>r-1</code>"), "\(answer)")
            }
            let method = try await browser.get("/logout", headers: html)
            #expect(method.status == 405 && method.isPage && method.headers[.allow] == "POST", "\(method)")
            // Programs get what they always got.
            let json = try await browser.get("/nothing")
            #expect(json.headers[.contentType] == "application/problem+json")
            let api = try await browser.get("/api/v1/nothing", headers: html)
            #expect(api.headers[.contentType] == "application/problem+json")
        }
    }

    @Test func formsHaveLimits() async throws {
        try await TestBed().browsing { browser, _ in
            var fields = ["email": "ann@example.org"]
            for number in 0...FormFields.most { fields["f\(number)"] = "x" }
            #expect(try await browser.post("/login", fields).status == 422)
            var nobody = WebClient(browser.client)
            let json: HTTPFields = [.origin: WebClient.origin, .contentType: "application/json"]
            #expect(try await nobody.post("/login", ["a": "b"], headers: json).status == 415)
            let big = String(repeating: "x", count: RequestBodyLimit.bytes + 1)
            let html: HTTPFields = [.origin: WebClient.origin, .accept: "text/html"]
            let refused = try await nobody.post("/login", ["password": big], headers: html)
            #expect(refused.status == 413 && refused.isPage && refused.headers[.connection] == "close", "\(refused)")
        }
    }

    @Test func requestsAreCountedAsTheAPIsAre() async throws {
        let bed = try await TestBed(rateLimit: 20)
        try await bed.browsing { browser, _ in
            var last = try await browser.get("/jobs")
            #expect(last.headers[.rateLimit] != nil)
            for _ in 0..<25 { last = try await browser.get("/jobs") }
            #expect(last.status == 429 && last.isPage && last.headers[.retryAfter] != nil, "\(last)")
            #expect(try await browser.get("/favicon.ico").status == 200)
        }
    }

    @Test func aWorkerHasNoPages() async throws {
        var settings = HTTPSettings(registration: .first, jwtSecret: TestBed.secret)
        settings.servesAPI = false
        let bed = try await TestBed()
        let server = try await HTTPServer(
            store: bed.store, actions: ActionRegistry([TestAction()]), signal: bed.signal, events: bed.events,
            outputs: bed.outputs, vault: bed.vault, settings: settings, node: { TestBed.node }, metrics: { "" },
            readiness: { Readiness(isReady: true) })
        #expect(server.web == nil)
    }

    @Test func onlyPathsOfThisServerAreGoneOnTo() async throws {
        let hostile = [
            "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "",
            "/\t/evil.example", "/ x", "/é", "\\\\evil", "/" + String(repeating: "x", count: LocalPath.longest),
        ]
        for path in hostile { #expect(LocalPath(path) == nil, "\(path)") }
        for path in ["/", "/jobs", "/jobs?q=a%20b&x=//y"] { #expect(LocalPath(path)?.text == path) }
        try await TestBed().browsing { browser, _ in
            for path in hostile where !path.isEmpty {
                var nobody = WebClient(browser.client)
                let page = try await nobody.get("/login?next=\(PercentText.encoded(path))")
                if page.status == 200 { #expect(page.form("/login")?["_next"] == "/", "\(path)") }
                let fields = ["email": "ann@example.org", "password": "correct horse battery", "_next": path]
                #expect(try await nobody.post("/login", fields).location == "/")
            }
            var nobody = WebClient(browser.client)
            let asked = try await nobody.get("/jobs?q=a&state=paused")
            let page = try await nobody.follow(asked)
            let entered = try await nobody.submit(
                "/login", on: page, ["email": "ann@example.org", "password": "correct horse battery"])
            #expect(entered.location == "/jobs?q=a&state=paused")
        }
    }

    @Test func filesAreKeptForAsLongAsTheyAreTheSame() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            var nobody = WebClient(client.client)
            let assets = try #require(bed.server.web?.site.assets)
            let types = [
                "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
            ]
            for name in assets.names {
                let answer = try await nobody.get("\(assets.base)/\(name)")
                #expect(answer.status == 200 && answer.headers[.cacheControl] == "public, max-age=31536000, immutable")
                #expect(answer.headers[.contentType] == types[String(name.split(separator: ".").last ?? "")])
                #expect(answer.headers[.xContentTypeOptions] == "nosniff")
            }
            let other = try await nobody.get("/assets/0123456789ab/app.css")
            #expect(other.status == 200 && other.headers[.cacheControl] == "no-store")
            #expect(try await nobody.get("\(assets.base)/app.txt").status == 404)
            #expect(try await nobody.get("\(assets.base)/..%2fapp.css").status == 404)
        }
    }
}
