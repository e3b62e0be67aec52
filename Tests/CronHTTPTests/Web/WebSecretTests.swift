import CronModel
import HTTPTypes
import Testing

@testable import CronHTTP

/// Secrets in a browser, without any script.
@Suite(.timeLimit(.minutes(2))) struct WebSecretTests {
    @Test func oneIsSetReplacedAndDeletedAndNeverShown() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let empty = try await browser.get("/settings/secrets")
            #expect(empty.text.contains("There are none yet") && empty.text.contains("{{secrets.NAME}}"), "\(empty)")
            var typed = try await browser.get("/settings/secrets/new").fields("/settings/secrets/new")
            typed["name"] = "api_token"
            typed["value"] = "canary-1"
            var page = try await browser.follow(try await browser.post("/settings/secrets/new", typed))
            #expect(page.text.contains("api_token is set.") && !page.text.contains("canary"), "\(page)")
            #expect(try await ann.call(.get, "/secrets/api_token").json["version"] == 1)

            let path = "/settings/secrets/edit?name=api_token"
            page = try await browser.get(path)
            #expect(page.text.contains("{{secrets.api_token}}") && !page.text.contains("canary"), "\(page)")
            typed = page.fields(path)
            typed["lines"] = "-----BEGIN\r\ncanary-2\r\n"
            page = try await browser.follow(try await browser.post(path, typed))
            #expect(page.text.contains("api_token is replaced.") && !page.text.contains("canary"), "\(page)")
            #expect(try await ann.call(.get, "/secrets/api_token").json["version"] == 2)

            page = try await browser.get(path)
            page = try await browser.follow(
                try await browser.submit("/settings/secrets/delete?name=api_token", on: page))
            #expect(page.text.contains("api_token is deleted."), "\(page)")
            #expect(try await ann.call(.get, "/secrets/api_token").status == 404)
            #expect(try await browser.get(path).status == 404)
        }
    }

    @Test func whatIsWrongIsSaidAtItsFieldWithoutTheValue() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.call(.put, "/secrets/taken", ["value": "first"])
            let path = "/settings/secrets/new"
            let form = try await browser.get(path).fields(path)
            for (name, value, lines, words) in [
                ("a b\"<", "canary-1", "", "<a href=\"#name\">Name</a> must be 1 to 100"),
                ("taken", "canary-1", "", "<a href=\"#name\">Name</a> is taken already"),
                ("fresh", "", "", "<a href=\"#value\">Value</a> is required"),
                ("fresh", "canary-1", "canary-2", "<a href=\"#lines\">or several lines</a> are a second value"),
            ] {
                let typed = form.merging(["name": name, "value": value, "lines": lines]) { $1 }
                let refused = try await browser.post(path, typed)
                #expect([409, 422].contains(refused.status) && refused.text.contains(words), "\(name) \(refused)")
                #expect(!refused.text.contains("canary") && refused.fields(path)["name"] == name, "\(refused)")
            }
            #expect(try await ann.call(.get, "/secrets").items.count == 1)
            #expect(try await ann.call(.get, "/secrets/taken").json["version"] == 1)
        }
    }

    @Test func longListsComeInPagesAndCanBeSearched() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            for number in 0...NamedFilter.rows {
                _ = try await ann.call(.put, "/secrets/key_\(number)", ["value": "x"])
            }
            let first = try await browser.get("/settings/secrets")
            #expect(first.text.matches(of: /<tr data-row/).count == NamedFilter.rows)
            let next = String(try #require(first.text.firstMatch(of: /href="([^"]+)" rel="next"/)).1)
            let second = try await browser.get(next.replacing("&amp;", with: "&"))
            #expect(
                second.text.matches(of: /<tr data-row/).count == 1 && second.text.contains("First rows"), "\(second)")
            let found = try await browser.get("/settings/secrets?q=KEY_50")
            #expect(found.text.matches(of: /<tr data-row/).count == 1, "\(found)")
            #expect(try await browser.get("/settings/secrets?q=nothing").text.contains("Nothing matches"))
            #expect(try await browser.get("/settings/secrets?cursor=x").status == 422)
        }
    }

    /// A viewer reads the lists; forms are for those who may change settings.
    @Test func aViewerSeesListsAndNoForms() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.call(.put, "/secrets/key", ["value": "x"])
            _ = try await ann.call(.put, "/connections/shop", ["host": "db.example"])
            _ = try await ann.call(.put, "/channels/ops", ["type": "pager", "token": "t"])
            let type = try await ann.call(.post, "/job-types", ["name": "report", "defaults": ["max_retries": 1]])
            let id = try #require(type.json["id"]?.stringValue)
            _ = try await AccessTests.member("viewer", of: ann, TestClient(client: browser.client, bed: bed))
            var viewer = WebClient(browser.client)
            try await viewer.signIn("viewer")
            for (path, name) in [
                ("secrets", "key"), ("connections", "shop"), ("channels", "ops"), ("job-types", "report"),
            ] {
                let page = try await viewer.get("/settings/\(path)")
                #expect(page.status == 200 && page.text.contains(name), "\(page)")
                for mark in ["/new\"", "/edit?", "Replace…", ">Test<"] {
                    #expect(!page.text.contains(mark), "\(path) \(page)")
                }
                #expect(try await viewer.get("/settings/\(path)/new").status == 403)
            }
            let shown = try await viewer.get("/settings/job-types/\(id)")
            #expect(shown.status == 200 && !shown.text.contains("Delete"), "\(shown)")
            #expect(try await viewer.get("/settings/secrets/edit?name=key").status == 403)
            let token = try #require(shown.form("/logout"))
            for path in ["secrets/delete?name=key", "channels/edit?name=ops", "job-types/\(id)/delete"] {
                #expect(try await viewer.post("/settings/\(path)", token).status == 403)
            }
            #expect(try await ann.call(.get, "/audit").text.contains("denied"))
        }
    }
}
