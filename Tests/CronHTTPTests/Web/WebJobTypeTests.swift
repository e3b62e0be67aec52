import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// Job types in a browser, without any script.
@Suite(.timeLimit(.minutes(2))) struct WebJobTypeTests {
    private static let new = "/settings/job-types/new"
    private static let evil = "\"><img src=x onerror=alert(1)>"

    @Test func oneIsMadeAndChangedWithItsJobs() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let empty = try await browser.get("/settings/job-types")
            #expect(empty.text.contains("There are none yet"), "\(empty)")
            var typed = try await browser.get(Self.new).fields(Self.new)
            #expect(typed["max_retries"] == "" && typed["overlap"] == "", "nothing is given: \(typed)")
            typed.merge(["name": "report", "about": "For\ncustomers", "max_retries": "9", "retry.strategy": "fixed"]) {
                $1
            }
            typed["more"] = "{\"priority\": 5, \"action\": {\"type\": \"test\", \"url\": \"https://a.example/\"}}"
            let made = try await browser.post(Self.new, typed)
            let path = try #require(made.location)
            var page = try await browser.follow(made)
            #expect(page.text.contains("report is saved.") && page.text.contains("For\ncustomers"), "\(page)")
            #expect(
                page.text.contains("/jobs?type=report") && page.text.contains("&quot;max_retries&quot;: 9"), "\(page)")
            for name in ["one", "two"] {
                let body: JSONValue = ["name": .string(name), "type": "report", "schedule": "@daily"]
                #expect(try await ann.call(.post, "/jobs", body).status == 201)
            }

            let edit = "\(path)/edit"
            typed = try await browser.get(edit).fields(edit)
            #expect(typed["max_retries"] == "9" && typed["more"]?.contains("priority") == true, "\(typed)")
            #expect(try await browser.post(edit, typed).status == 303, "nothing changes, so nobody is asked")
            typed = try await browser.get(edit).fields(edit)
            typed["max_retries"] = "4"
            page = try await browser.post(edit, typed)
            #expect(page.status == 200 && page.text.contains("2 jobs would change with it"), "\(page)")
            #expect(page.text.contains(">one</a>") && page.text.contains("Save, and change 2 jobs"), "\(page)")
            let type = path.replacing("/settings", with: "")
            #expect(try await ann.call(.get, type).json["defaults"]?["max_retries"] == 9, "nothing is done yet")
            typed = page.fields(edit)
            // Who sends another change than was shown is asked again.
            typed["max_retries"] = "3"
            page = try await browser.post(edit, typed)
            #expect(page.status == 200 && page.text.contains("2 jobs would change with it"), "\(page)")
            page = try await browser.follow(try await browser.post(edit, page.fields(edit)))
            #expect(page.text.contains("report is saved as version 3, and 2 jobs have changed with it."), "\(page)")
            for job in try await ann.call(.get, "/jobs").items {
                #expect(job["max_retries"] == 3 && job["priority"] == 5)
            }

            page = try await browser.submit("\(path)/delete", on: page)
            #expect(page.status == 409 && page.text.contains("jobs are of this type"), "\(page)")
            for job in try await ann.call(.get, "/jobs").items {
                _ = try await ann.call(.delete, "/jobs/\(job["id"]?.stringValue ?? "")")
            }
            page = try await browser.follow(try await browser.submit("\(path)/delete", on: page))
            #expect(page.text.contains("report is deleted."), "\(page)")
        }
    }

    @Test func whatIsWrongIsSaidAtItsField() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, _ in
            let form = try await browser.get(Self.new).fields(Self.new)
            for (changes, words) in [
                ([:], "<a href=\"#name\">Name</a> is required"),
                (["max_retries": "many"], "<a href=\"#max_retries\">Retries</a> must"),
                (["retry.factor": "0"], "<a href=\"#retry.factor\">Factor</a> "),
                (["timezone": "Europe/Berln"], "<a href=\"#timezone\">Time zone</a> "),
                (["more": "{"], "<a href=\"#more\">Further defaults</a> is not JSON"),
                (["more": "[]"], "<a href=\"#more\">Further defaults</a> must be an object"),
                (["more": "{\"schedule\": \"@daily\"}"], "<a href=\"#more\">Further defaults</a> schedule is not"),
                (["more": "{\"max_retries\": 1}", "max_retries": "2"], "is there twice"),
                (["more": "{\"action\": {\"type\": \"test\", \"token\": \"x\"}}"], "action.token is a secret"),
            ] as [([String: String], String)] {
                var typed = form.merging(["about": Self.evil]) { $1 }.merging(changes) { $1 }
                if !changes.isEmpty { typed["name"] = "x" }
                let refused = try await browser.post(Self.new, typed)
                #expect(refused.status == 422 && refused.text.contains(words), "\(words) \(refused)")
                let kept = refused.fields(Self.new)
                for (name, text) in changes { #expect(kept[name] == text, "\(name)") }
                #expect(kept["about"] == Self.evil && !refused.text.contains("<img"), "\(refused)")
            }
        }
    }

    @Test func hostileNamesAreText() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let made = try await ann.call(
                .post, "/job-types", ["name": .string(Self.evil), "about": .string(Self.evil), "defaults": [:]])
            let id = try #require(made.json["id"]?.stringValue)
            for path in ["", "/\(id)", "/\(id)/edit"] {
                let page = try await browser.get("/settings/job-types\(path)")
                #expect(page.status == 200 && !page.text.contains("<img") && page.text.contains("&lt;img"), "\(page)")
            }
        }
    }

    @Test func typesForAllSpacesBelongToTheFirst() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            bed.clock.advance(by: .seconds(1))
            _ = try await TestClient(client: browser.client, bed: bed).user("bob")
            var bob = WebClient(browser.client)
            try await bob.signIn("bob")
            let typed = ["name": "shared", "global": "true"]
            let refused = try await bob.post(
                Self.new, try await bob.get(Self.new).fields(Self.new).merging(typed) { $1 })
            #expect(refused.status == 403 && refused.text.contains("belong to the first space"), "\(refused)")
            #expect(refused.fields(Self.new)["global"] == "true", "\(refused)")
            let made = try await browser.post(
                Self.new, try await browser.get(Self.new).fields(Self.new).merging(typed) { $1 })
            let path = try #require(made.location)
            #expect(try await bob.get(path).text.contains("All spaces"))
            let edit = "\(path)/edit"
            let form = try await bob.get(edit).fields(edit)
            #expect(try await bob.post(edit, form).status == 403)
            let shown = try await bob.get(path)
            #expect(try await bob.submit("\(path)/delete", on: shown).status == 403)
        }
    }
}
