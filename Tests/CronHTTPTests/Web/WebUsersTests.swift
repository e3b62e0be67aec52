import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// Users and API keys, as pages make, change and end them.
@Suite struct WebUsersTests {
    private static let password: JSONValue = "correct horse battery"

    @Test func aUserIsAddedAndChoosesAPassword() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let form = try await browser.get("/settings/users/new")
            let refused = try await browser.submit(
                "/settings/users/new", on: form, ["email": "bob", "name": "Bob \"<i>", "role": "operator"])
            #expect(refused.status == 422 && refused.text.contains("Email</a> is not an email address"), "\(refused)")
            #expect(refused.text.contains("value=\"bob\"") && refused.text.contains("value=\"Bob &quot;&lt;i&gt;\""))
            #expect(refused.text.contains("<option value=\"operator\" selected>"), "\(refused)")
            let odd = try await browser.submit(
                "/settings/users/new", on: form, ["email": "bob@example.org", "role": "root"])
            #expect(odd.status == 422 && odd.text.contains("<a href=\"#role\">Role</a>"), "\(odd)")

            let made = try await browser.submit(
                "/settings/users/new", on: form, ["email": "Bob@example.org", "role": "operator"])
            #expect(made.status == 200 && made.headers[.cacheControl] == "no-store", "\(made)")
            let token = try Self.token(made)
            #expect(made.text.contains("http://localhost/password-reset#token=\(token)"), "\(made)")
            #expect(!browser.cookies.values.contains { $0.contains(token) })
            let client = TestClient(client: browser.client, bed: bed)
            #expect(try await client.choosePassword(.string(token), Self.password).status == 204)
            let bob = try await client.signedIn("bob")
            #expect(try await bob.call(.get, "/me").json["role"] == "operator")

            let list = try await browser.get("/settings/users")
            #expect(list.text.contains("bob@example.org") && list.text.contains("Operator"), "\(list)")
            #expect(!list.text.contains(token))
            let again = try await browser.submit(
                "/settings/users/new", on: form, ["email": "bob@example.org", "role": "viewer"])
            #expect(again.status == 409 && again.text.contains("value=\"bob@example.org\""), "\(again)")
        }
    }

    @Test func aLinkIsMadeAnewAndTheOldOneIsGone() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let made = try await ann.call(.post, "/users", ["email": "bob@example.org", "role": "viewer"]).json
            let path = "/settings/users/\(try #require(made["id"]?.stringValue))"
            let review = try await browser.get("\(path)/password")
            #expect(review.text.contains("Make a link for bob@example.org?") && review.text.contains("within 1 d"), "\(review)")
            let link = try await browser.submit("\(path)/password", on: review)
            let client = TestClient(client: browser.client, bed: bed)
            let old = try #require(made["password_reset"]?["token"])
            #expect(try await client.choosePassword(old, Self.password).status == 401)
            #expect(try await client.choosePassword(.string(try Self.token(link)), Self.password).status == 204)
        }
    }

    @Test func aRoleIsChangedAndAnAccountDisabledAndEnabled() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let client = TestClient(client: browser.client, bed: bed)
            let bob = try await AccessTests.member("viewer", of: ann, client)
            let id = try #require(try await bob.call(.get, "/me").json["id"]?.stringValue)
            let path = "/settings/users/\(id)"
            var page = try await browser.get(path)
            #expect(page.text.contains("<option value=\"viewer\" selected>"), "\(page)")
            page = try await browser.follow(try await browser.submit(path, on: page, ["role": "editor"]))
            #expect(page.text.contains("The role of viewer@example.org is editor now."), "\(page)")
            #expect(try await bob.call(.get, "/me").json["role"] == "editor")
            let odd = try await browser.submit(path, on: page, ["role": "root"])
            #expect(odd.status == 422 && odd.text.contains("Role</a>"), "\(odd)")

            let review = try await browser.get("\(path)/disable")
            #expect(review.text.contains("Disable viewer@example.org?"), "\(review)")
            #expect(try await bob.call(.get, "/me").status == 200, "looking does nothing")
            page = try await browser.follow(try await browser.submit("\(path)/disable", on: review))
            #expect(page.text.contains("is disabled.") && page.text.contains("state disabled"), "\(page)")
            #expect(try await bob.call(.get, "/me").status == 401)
            #expect(try await browser.get("\(path)/disable").location == path)
            page = try await browser.follow(try await browser.submit("\(path)/enable", on: page))
            #expect(page.text.contains("is enabled") && page.text.contains("state active"), "\(page)")
            _ = try await client.signedIn("viewer")
        }
    }

    @Test func theLastAdminStaysAndThePageSaysWhy() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let id = try #require(try await ann.call(.get, "/me").json["id"]?.stringValue)
            let path = "/settings/users/\(id)"
            let page = try await browser.get(path)
            let role = try await browser.submit(path, on: page, ["role": "viewer"])
            #expect(role.status == 409 && role.text.contains("Role</a> this is the last admin of its space"), "\(role)")
            #expect(role.text.contains("<option value=\"viewer\" selected>"), "what was chosen stays")
            let review = try await browser.get("\(path)/disable")
            #expect(review.text.contains("you are signed out at once"), "\(review)")
            let disabled = try await browser.submit("\(path)/disable", on: review)
            #expect(disabled.status == 409 && disabled.text.contains("Make somebody else an admin first"), "\(disabled)")
            #expect(try await ann.call(.get, "/me").json["role"] == "admin")

            let client = TestClient(client: browser.client, bed: bed)
            _ = try await AccessTests.member("admin", of: ann, client)
            let left = try await browser.submit(path, on: page, ["role": "viewer"])
            #expect(left.location == "/settings", "one who sees no users goes elsewhere: \(left)")
            #expect(try await browser.get("/settings/users").status == 403)
        }
    }

    @Test func usersComeInPages() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            for number in 0..<UserPages.rows {
                _ = try await ann.call(
                    .post, "/users", ["email": .string("u\(number)@example.org"), "role": "viewer"])
            }
            let first = try await browser.get("/settings/users")
            #expect(first.text.matches(of: /data-row=/).count == UserPages.rows)
            #expect(first.text.utf8.count <= 70 * 1_024, "\(first.text.utf8.count) bytes")
            let next = try #require(first.text.firstMatch(of: /href="([^"]+)" rel="next"/)).1
            let second = try await browser.get(String(next))
            #expect(second.text.matches(of: /data-row=/).count == 1 && second.text.contains("First rows"), "\(second)")
        }
    }

    @Test func anAPIKeyIsShownOnce() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let path = "/settings/api-keys/new"
            #expect(try await browser.get("/settings/api-keys").text.contains("No API keys"))
            let form = try await browser.get(path)
            let none = try await browser.submit(path, on: form, ["name": "ci", "expires_at": "2026-11-01"])
            #expect(none.status == 422 && none.text.contains("It may</a> tick at least one thing"), "\(none)")
            #expect(none.text.contains("Expires</a> must be in the future"), "\(none)")
            #expect(none.text.contains("value=\"ci\"") && none.text.contains("value=\"2026-11-01\""))
            let nameless = try await browser.submit(path, on: form, ["scopes.jobs:operate": "on"])
            #expect(nameless.text.contains("name=\"scopes.jobs:operate\" value=\"on\" checked>"), "\(nameless)")

            let made = try await browser.submit(
                path, on: form, ["name": "ci <i>", "scopes.jobs:operate": "on", "expires_at": "2026-12-24"])
            #expect(made.status == 201 && made.headers[.cacheControl] == "no-store", "\(made)")
            let secret = String(try #require(made.text.firstMatch(of: /spellcheck="false">(cpk_[A-Za-z0-9_-]{43})</)).1)
            #expect(!browser.cookies.values.contains { $0.contains(secret) })
            let client = TestClient(client: browser.client, bed: bed)
            #expect(try await client.with(.string(secret)).call(.get, "/jobs").status == 200)
            #expect(try await client.with(.string(secret)).call(.post, "/jobs", Jobs.valid).status == 403)
            let list = try await browser.get("/settings/api-keys")
            for words in ["ci &lt;i&gt;", "jobs:operate", "2026-12-24 00:00:00 UTC", String(secret.prefix(12))] {
                #expect(list.text.contains(words), "\(words) \(list)")
            }
            #expect(!list.text.contains(secret))
            #expect(try await !browser.get("/settings/audit").text.contains(secret))
            let again = try await browser.submit(path, on: form, ["name": "ci <i>", "scopes.jobs:read": "on"])
            #expect(again.status == 409 && !again.text.contains("cpk_"), "\(again)")

            let id = try #require(try await ann.call(.get, "/api-keys").items.first?["id"]?.stringValue)
            let review = try await browser.get("/settings/api-keys/\(id)/revoke")
            #expect(review.text.contains("Revoke ci &lt;i&gt;?"), "\(review)")
            let gone = try await browser.follow(
                try await browser.submit("/settings/api-keys/\(id)/revoke", on: review))
            #expect(gone.text.contains("is revoked.") && gone.text.contains("No API keys"), "\(gone)")
            #expect(try await client.with(.string(secret)).call(.get, "/jobs").status == 401)
        }
    }

    /// A role's own limits, and keys of others in the same space.
    @Test func aKeyIsOnesOwnAndNoMoreThanOnesRole() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let made = try await ann.call(.post, "/api-keys", ["name": "of ann", "scopes": ["jobs:read"]])
            let id = try #require(made.json["id"]?.stringValue)
            let client = TestClient(client: browser.client, bed: bed)
            _ = try await AccessTests.member("viewer", of: ann, client)
            var viewer = WebClient(browser.client)
            try await viewer.signIn("viewer")
            let form = try await viewer.get("/settings/api-keys/new")
            #expect(form.text.contains("scopes.jobs:read") && !form.text.contains("scopes.jobs:operate"), "\(form)")
            #expect(!form.text.contains("scopes.audit") && !form.text.contains("scopes.people"))
            #expect(try await !viewer.get("/settings/api-keys").text.contains("of ann"))
            #expect(try await viewer.get("/settings/api-keys/\(id)/revoke").status == 404)
            let token = try #require(form.form("/logout")?["_csrf"])
            #expect(try await viewer.post("/settings/api-keys/\(id)/revoke", ["_csrf": token]).status == 404)
            #expect(try await ann.call(.get, "/api-keys/\(id)").status == 200)
        }
    }

    private static func token(_ page: WebAnswer) throws -> String {
        String(try #require(page.text.firstMatch(of: /#token=([A-Za-z0-9_-]{43})</), "\(page)").1)
    }
}
