import CronModel
import HTTPTypes
import Testing

@testable import CronHTTP

/// Testing what stands in the editor.
@Suite(.timeLimit(.minutes(2))) struct WebActionTestTests {
    private static let evil = "\"><img src=x onerror=alert(1)>"

    @Test func theFormIsTestedAndNothingTypedIsLost() async throws {
        let call = CallAction("webhook")
        let bed = try await TestBed(actions: [call])
        try await bed.browsing { browser, ann in
            var typed = try await browser.get("/jobs/new?preset=webhook").fields("/jobs/new")
            typed["name"] = Self.evil
            typed["schedule"] = "not yet known"
            typed["more"] = "{\"action\": {\"token\": \"canary\"}}"
            typed["_do"] = "test"
            let page = try await browser.post("/jobs/new", typed)
            let region = page.region(EditorPages.testRegion) ?? ""
            for part in ["TEST", "It fails.", "HTTP 500", "took 0.0 ms", "Look-up of the name", "sent ********"] {
                #expect(region.contains(part), "\(part) \(page)")
            }
            #expect(page.status == 200 && !page.text.contains("<img"), "\(page)")
            let kept = page.fields("/jobs/new")
            #expect(kept["name"] == Self.evil && kept["schedule"] == "not yet known", "\(kept)")
            #expect(call.attempts.map(\.jobName) == [Self.evil] && call.attempts.allSatisfy(\.isTest))
            #expect(try await ann.call(.get, "/jobs").items.isEmpty)

            let script: HTTPFields = [
                .accept: WebRequest.fragmentType, .cronppRegion: EditorPages.testRegion, .origin: WebClient.origin,
            ]
            let part = try await browser.post("/jobs/new", typed, headers: script)
            #expect(part.status == 200 && part.text == region, "\(part)")
            typed["action.url"] = ""
            let refused = try await browser.post("/jobs/new", typed, headers: script)
            #expect(
                refused.status == 422 && refused.text.contains("<a href=\"#action.url\">URL</a> is required"), "\(refused)")
            #expect(call.attempts.count == 2)
        }
    }

    @Test func aJobIsTestedWithItsSecretsAndStaysAsItIs() async throws {
        let call = CallAction("webhook")
        let bed = try await TestBed(actions: [call])
        try await bed.browsing { browser, ann in
            let id = try await ann.job(["action": ["type": "webhook", "url": "https://a.example/", "token": "canary"]])
            let path = "/jobs/\(id)"
            let before = try await ann.call(.get, path).json
            var typed = try await browser.get("\(path)/edit").fields("\(path)/edit")
            typed["action.url"] = "https://b.example/"
            typed["_do"] = "test"
            let page = try await browser.post("\(path)/edit", typed)
            #expect(page.text.contains("sent ********") && !page.text.contains("canary"), "\(page)")
            #expect(call.attempts.first?.action.fields["token"] == "canary")
            #expect(call.attempts.first?.action.fields["url"] == "https://b.example/")
            #expect(page.fields("\(path)/edit")["action.url"] == "https://b.example/")
            #expect(try await ann.call(.get, path).json == before)
        }
    }

    @Test func commandsNeedMore() async throws {
        let call = CallAction("command", Permission(.commands, .write))
        let bed = try await TestBed(actions: [call, CallAction("webhook")])
        try await bed.browsing { browser, ann in
            _ = try await AccessTests.member("editor", of: ann, TestClient(client: browser.client, bed: bed))
            var editor = WebClient(browser.client)
            try await editor.signIn("editor")
            var typed = try await editor.get("/jobs/new").fields("/jobs/new")
            typed["kind"] = "command"
            typed["more"] = "{\"action\": {\"url\": \"u\"}}"
            typed["_do"] = "test"
            #expect(try await editor.post("/jobs/new", typed).status == 403)
            #expect(call.attempts.isEmpty)
            typed["_csrf"] = try await browser.get("/jobs/new").fields("/jobs/new")["_csrf"]
            #expect(try await browser.post("/jobs/new", typed).text.contains("Runs the program once"))
            #expect(call.attempts.count == 1)
        }
    }
}
