import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// The index of the settings, one's own account, and what the server says of itself.
@Suite struct WebSettingsTests {
    private static let password = "correct horse battery"

    @Test func theIndexShowsWhatOneMayOpen() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.call(.put, "/secrets/mail", ["value": "s3cr3t"])
            let page = try await browser.get("/settings")
            #expect(page.status == 200 && page.text.contains("<h1>Settings</h1>"), "\(page)")
            #expect(page.text.contains("data-key=\"g s\" aria-current=\"page\""), "\(page)")
            for part in SettingsPart.all { #expect(page.text.contains("href=\"\(part.path)\""), "\(part.path)") }
            for words in ["1 secret<", "1 user<", "no API key yet", "no job type yet"] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            let client = TestClient(client: browser.client, bed: bed)
            _ = try await AccessTests.member("viewer", of: ann, client)
            var viewer = WebClient(browser.client)
            try await viewer.signIn("viewer")
            let less = try await viewer.get("/settings")
            for path in ["/settings/users", "/settings/audit"] {
                #expect(!less.text.contains("href=\"\(path)\""), "\(less)")
                #expect(try await viewer.get(path).status == 403)
            }
            #expect(less.text.contains("href=\"/settings/secrets\"") && less.text.contains("/settings/api-keys"))
            #expect(try await browser.get("/settings?page=2").status == 422)
        }
    }

    @Test func anAccountIsNamed() async throws {
        try await TestBed().browsing { browser, ann in
            var page = try await browser.get("/settings/account")
            for words in ["ann@example.org", "Admin", "your own", "<kbd>?</kbd>"] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            page = try await browser.follow(
                try await browser.submit("/settings/account", on: page, ["name": "Ann <b>"]))
            #expect(page.text.contains("Your name is saved.") && page.text.contains("value=\"Ann &lt;b&gt;\""), "\(page)")
            #expect(try await ann.call(.get, "/me").json["name"] == "Ann <b>")
            let long = String(repeating: "n", count: Accounts.nameLimitBytes + 1)
            let refused = try await browser.submit("/settings/account", on: page, ["name": long])
            #expect(refused.status == 422 && refused.text.contains("<a href=\"#name\">Your name</a>"), "\(refused)")
            #expect(refused.text.contains("value=\"\(long)\""))
            _ = try await browser.submit("/settings/account", on: page, ["name": ""])
            #expect(try await ann.call(.get, "/me").json["name"] == .null)
            let odd = try await browser.submit("/settings/account", on: page, ["_do": "sell"])
            #expect(odd.status == 422 && odd.text.contains("is not what the page had"), "\(odd)")
        }
    }

    @Test func anotherPasswordIsTheOnlyOneAndSignsOthersOut() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            var phone = WebClient(browser.client)
            try await phone.signIn("ann")
            let page = try await browser.get("/settings/account")
            let typed = ["_do": "password", "current_password": "wrong wrong wrong", "new_password": "another horse battery"]
            let wrong = try await browser.submit("/settings/account", on: page, typed)
            #expect(wrong.status == 422 && wrong.text.contains("Current password</a> is wrong"), "\(wrong)")
            #expect(!wrong.text.contains("wrong wrong wrong") && !wrong.text.contains("another horse"))
            let short = try await browser.submit(
                "/settings/account", on: page, typed.merging(["new_password": "short"]) { $1 })
            #expect(short.text.contains("must have at least \(Passwords.fewestCharacters) characters"), "\(short)")
            let empty = try await browser.submit("/settings/account", on: page, ["_do": "password"])
            #expect(empty.status == 422 && empty.text.contains("is required"), "\(empty)")
            let done = try await browser.submit(
                "/settings/account", on: page, typed.merging(["current_password": Self.password]) { $1 })
            #expect(done.location == "/settings/account", "\(done)")
            #expect(try await browser.follow(done).text.contains("You are signed out everywhere else."))
            #expect(try await phone.get("/settings/account").status == 303)
            #expect(try await ann.call(.get, "/me").status == 401)
            var again = WebClient(browser.client)
            try await again.signIn("ann", password: "another horse battery")
        }
    }

    @Test func guessesAreSlowedAsThoseOfTheAPI() async throws {
        try await TestBed().browsing { browser, _ in
            let page = try await browser.get("/settings/account")
            let guess = ["_do": "password", "current_password": "wrong wrong wrong", "new_password": "another horse battery"]
            var last = page
            for _ in 0...LoginThrottle.freeFailures { last = try await browser.submit("/settings/account", on: page, guess) }
            #expect(last.status == 429 && last.headers[.retryAfter] != nil, "\(last)")
            #expect(last.text.contains("too many failed attempts; try again in"))
        }
    }

    @Test func aMemberSeesWhoseTheSpaceIs() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let client = TestClient(client: browser.client, bed: bed)
            _ = try await AccessTests.member("operator", of: ann, client)
            var member = WebClient(browser.client)
            try await member.signIn("operator")
            let page = try await member.get("/settings/account")
            #expect(page.text.contains("that of ann@example.org") && page.text.contains("Operator"), "\(page)")
        }
    }

    @Test func theServerSaysWhatItIs() async throws {
        try await TestBed().browsing { browser, _ in
            let page = try await browser.get("/settings/about")
            for words in [
                "Cron++ 0<", "Time zone data", "State lies in", "href=\"/docs\"", "href=\"/openapi.json\"", "\(TestBed.node)",
            ] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            #expect(ClusterPages.kind("postgres: db.example.org:5432") == "PostgreSQL", "without where it is")
        }
    }
}
