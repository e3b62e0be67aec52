import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// Making and changing jobs in a browser, without any script.
@Suite(.timeLimit(.minutes(2))) struct WebEditorTests {
    private static let evil = "\"><img src=x onerror=alert(1)>"

    @Test func aWebhookIsMadeAndChanged() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        try await bed.browsing { browser, ann in
            let empty = try await browser.get("/jobs/new?preset=webhook")
            #expect(empty.text.contains("value=\"https://example.com/hook\""), "\(empty)")
            var typed = empty.fields("/jobs/new")
            typed["name"] = "hello"
            typed["tags"] = "a, b"
            typed["action.headers"] = "X-One: 1\nX-Two: 2: 3"
            typed["action.body.json"] = "{\"a\": [1, \"{{run_id}}\"]}"
            typed["action.signing_secret"] = "whsec_1"
            typed["retry.delays"] = ""
            typed["more"] = "{\"priority\": 7}"
            let made = try await browser.post("/jobs/new", typed)
            let page = try await browser.follow(made)
            #expect(page.text.contains("hello is saved.") && !page.text.contains("whsec_1"), "\(page)")
            let path = try #require(made.location)
            var job = try await ann.call(.get, path).json
            #expect(job["action"]?["headers"] == ["X-One": "1", "X-Two": "2: 3"], "\(job)")
            #expect(
                job["action"]?["body"] == ["a": [1, "{{run_id}}"]] && job["tags"] == ["a", "b"] && job["priority"] == 7)

            let edit = try await browser.get("\(path)/edit")
            #expect(!edit.text.contains("whsec_1") && edit.text.contains("It is set, and not shown"), "\(edit)")
            #expect(edit.text.contains("X-One: 1\nX-Two: 2: 3"), "\(edit)")
            typed = edit.fields("\(path)/edit")
            typed["name"] = "hello again"
            let saved = try await browser.follow(try await browser.post("\(path)/edit", typed))
            #expect(saved.text.contains("hello again is saved as version 2."), "\(saved)")
            job = try await ann.call(.get, path).json
            #expect(
                job["name"] == "hello again" && job["action"]?["signing_secret"] == .string(ActionSecrets.mark)
                    && job["priority"] == 7, "\(job)")
            #expect(try await bed.secret(of: job) == "whsec_1", "a secret that is left empty stays")
        }
    }

    /// Whatever a definition holds, saving the form as it came changes nothing.
    @Test func savingUnchangedDropsNothing() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        let actions: [JSONValue] = [
            [
                "type": "webhook", "url": "https://a.example/", "body": "line\r\nline",
                "headers": ["A": " b ", "C": "d"],
                "method": "PUT", "success_statuses": [200, "204-205"], "client_certificate": "x\ny",
            ],
            [
                "type": "webhook", "url": "https://a.example/", "body": "{\"a\":1}", "signing_secrets": ["s", "t"],
                "read_timeout": "3s",
            ],
            [
                "type": "webhook", "url": "https://a.example/", "body": "\n\nlines\n", "success_statuses": "7",
                "headers": ["A": "1\n2"],
            ],
            [
                "type": "sql", "url": "u", "sql": "SELECT 1;\n", "params": [1, "a", JSONValue.null],
                "expect_rows": "1-", "ledger": false,
            ],
            ["type": "sql", "url": "u", "statements": [["sql": "SELECT 1"]], "expect_rows": 3],
            ["type": "alert", "url": "u", "message": "", "recipients": "{{payload.who}}", "severity": "error"],
            ["type": "alert", "url": "u", "message": "hi", "recipients": ["a@b.c", "d,e@f.g"], "resolve": true],
            [
                "type": "command", "url": "u", "command": ["a", "", "b c"], "environment": ["A": "b=c"],
                "stdin": "x\ny",
            ],
            ["type": "command", "url": "u", "command": ["a", "b c"], "environment": ["A": "b\n"], "user": "nobody"],
            ["type": "test", "url": "u", "token": "t"],
        ]
        try await bed.browsing { browser, ann in
            for (index, action) in actions.enumerated() {
                let id = try await ann.job([
                    "name": .string("j\(index)"), "action": action, "tags": ["a,b", "c"], "overlap": "queue(4)",
                    "payload": ["n": 1.5, "t": "\r"], "jitter": "3s", "dst_fold": "both",
                    "timezones": ["UTC", "Asia/Tokyo"],
                    "retry": ["strategy": "list", "delays": ["1s", "2s"], "jitter": "full", "max_elapsed": "1h"],
                    "end_at": "2040-01-01T00:00:00Z", "concurrency_key": "k",
                    "type": index.isMultiple(of: 2) ? "label" : .null,
                ])
                let path = "/jobs/\(id)"
                let before = try await ann.call(.get, path).json
                let page = try await browser.get("\(path)/edit")
                let saved = try await browser.post("\(path)/edit", page.fields("\(path)/edit"))
                #expect(saved.status == 303, "\(action) \(saved)")
                let after = try await ann.call(.get, path).json
                for (name, value) in before.objectValue ?? [:] where !["version", "updated_at"].contains(name) {
                    #expect(after[name] == value, "\(name) of \(action)")
                }
            }
        }
    }

    @Test func whatIsWrongIsSaidAtItsField() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        try await bed.browsing { browser, _ in
            var typed = try await browser.get("/jobs/new").fields("/jobs/new")
            typed["name"] = Self.evil
            typed["schedule"] = "61 * * * *"
            typed["action.url"] = ""
            typed["action.body"] = "one"
            typed["action.body.json"] = "{"
            typed["max_retries"] = "many"
            typed["retry.delays"] = "1s, x"
            typed["more"] = "{\"prioriti\": 1}"
            let syntax = try await browser.post("/jobs/new", typed)
            #expect(
                syntax.status == 422 && syntax.text.contains("<a href=\"#action.body.json\">or JSON</a> is not JSON"),
                "\(syntax)")
            typed["action.body.json"] = ""
            let refused = try await browser.post("/jobs/new", typed)
            #expect(refused.status == 422 && !refused.text.contains("<img"), "\(refused)")
            for part in [
                "<a href=\"#max_retries\">Retries</a> must be a whole number",
                "<a href=\"#retry.delays\">Waits of the list</a> retry.delays[1]",
                "<a href=\"#more\">Further fields</a> prioriti unknown field", "id=\"max_retries-error\"",
                "value=\"many\"",
                "aria-describedby=\"retry.delays-error retry.delays-hint\"",
            ] { #expect(refused.text.contains(part), "\(part) \(refused)") }
            typed["max_retries"] = "3"
            typed["retry.delays"] = ""
            typed["more"] = ""
            let deeper = try await browser.post("/jobs/new", typed)
            for part in [
                "<a href=\"#action.url\">URL</a> is required", "<a href=\"#schedule\">Schedule</a> ", "(column 1)",
            ] {
                #expect(deeper.text.contains(part), "\(part) \(deeper)")
            }
            #expect(deeper.text.contains("61 * * * *\n^"), "the preview points at it too: \(deeper)")
            #expect(try await browser.get("/jobs").text.contains("No jobs yet"))
        }
    }

    @Test func nothingTypedIsLostWhenTheKindChanges() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        try await bed.browsing { browser, ann in
            var typed = try await browser.get("/jobs/new").fields("/jobs/new")
            typed["name"] = Self.evil
            typed["action.url"] = "https://\(Self.evil)"
            typed["_kind"] = "sql"
            var page = try await browser.post("/jobs/new", typed)
            #expect(
                page.status == 200 && page.text.contains("id=\"action.sql\"")
                    && !page.text.contains("id=\"action.url\""), "\(page)")
            #expect(!page.text.contains("<img"), "\(page)")
            typed = page.fields("/jobs/new")
            typed["_kind"] = "webhook"
            page = try await browser.post("/jobs/new", typed)
            #expect(page.fields("/jobs/new")["action.url"] == "https://\(Self.evil)", "\(page)")
            typed = page.fields("/jobs/new")
            typed["_fill"] = "0 6 1 * *"
            page = try await browser.post("/jobs/new", typed)
            #expect(
                page.fields("/jobs/new")["schedule"] == "0 6 1 * *" && page.fields("/jobs/new")["name"] == Self.evil,
                "\(page)")
            #expect(try await ann.call(.get, "/jobs").items.isEmpty)
        }
    }

    @Test func aChangeOfSomebodyElseIsShownAndNotOverwritten() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        try await bed.browsing { browser, ann in
            let id = try await ann.job(["action": ["type": "webhook", "url": "https://a.example/"]])
            let path = "/jobs/\(id)"
            var typed = try await browser.get("\(path)/edit").fields("\(path)/edit")
            typed["name"] = "mine"
            _ = try await ann.call(.patch, path, ["name": "theirs <b>", "priority": 9])
            let conflict = try await browser.post("\(path)/edit", typed)
            #expect(
                conflict.status == 412 && conflict.text.contains("Somebody else has changed this job"), "\(conflict)")
            for part in ["theirs &lt;b&gt;", "&quot;name&quot;: &quot;mine&quot;", "&quot;priority&quot;: 9"] {
                #expect(conflict.text.contains(part), "\(part) \(conflict)")
            }
            #expect(try await ann.call(.get, path).json["name"] == "theirs <b>")
            let saved = try await browser.post("\(path)/edit", conflict.fields("\(path)/edit"))
            #expect(saved.status == 303, "whoever saves again has seen it: \(saved)")
            #expect(try await ann.call(.get, path).json["name"] == "mine")
        }
    }

    @Test func aCopyHasEverythingButSecrets() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let id = try await ann.job(["action": ["type": "test", "url": "u", "token": "s3"], "priority": 4])
            let page = try await browser.get("/jobs/new?from=\(id)")
            #expect(
                page.text.contains("Secrets are not copied") && page.text.contains("value=\"nightly (copy)\""),
                "\(page)")
            let made = try await browser.post("/jobs/new", page.fields("/jobs/new"))
            let copy = try await ann.call(.get, try #require(made.location, "\(made)")).json
            #expect(copy["priority"] == 4 && copy["action"] == ["type": "test", "url": "u"], "\(copy)")
            #expect(try await browser.get("/jobs/new?from=\(RunID(high: 1, low: 1))").status == 404)
            #expect(try await browser.get("/jobs/new?preset=x").status == 422)
        }
    }

    /// A form that is sent twice makes one job.
    @Test func aDoubleClickMakesOneJob() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        try await bed.browsing { browser, ann in
            let typed = try await browser.get("/jobs/new?preset=webhook").fields("/jobs/new")
            let first = try await browser.post("/jobs/new", typed)
            let second = try await browser.post("/jobs/new", typed)
            #expect(first.status == 303 && first.location == second.location, "\(second)")
            #expect(try await ann.call(.get, "/jobs").items.count == 1)
        }
    }

    @Test func thePreviewIsThatOfTheAPI() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let ask: [String: String] = ["schedule": "30 2 * * *", "timezone": "Europe/Berlin"]
            let token = try await browser.get("/jobs").form("/logout")?["_csrf"] ?? ""
            let script: HTTPFields = [
                .accept: WebRequest.fragmentType, .cronppRegion: EditorPages.previewRegion, .origin: WebClient.origin,
            ]
            let part = try await browser.post("/jobs/preview", ask.merging(["_csrf": token]) { $1 }, headers: script)
            #expect(
                part.status == 200 && part.headers[.contentType] == "\(WebRequest.fragmentType); charset=utf-8",
                "\(part)")
            let api = try await ann.call(
                .post, "/schedules/preview", ["schedule": "30 2 * * *", "timezone": "Europe/Berlin", "count": 20])
            #expect(api.json["next"]?.arrayValue?.count == PreviewView.rows)
            for item in api.json["next"]?.arrayValue ?? [] {
                #expect(part.text.contains("datetime=\"\(item["instant"]?.stringValue ?? "")\""), "\(item)")
            }
            #expect(
                part.text.contains(api.json["explanation"]?.stringValue ?? "?") && part.text.contains("UTC+01:00"),
                "\(part)")
            let page = try await browser.get(
                "/jobs/preview?schedule=30+2+*+*+*&timezone=Europe%2FBerlin", headers: [.requestID: "same"])
            #expect(page.region(EditorPages.previewRegion) == part.text, "\(page)")
            let zones = try await browser.get("/jobs/preview?schedule=0+0+1+*+*&timezones=Europe%2FBerlin,Asia%2FTokyo")
            #expect(
                zones.text.contains("Clocks changed: UTC+01:00 before, UTC+02:00 from here")
                    && zones.text.contains("Asia/Tokyo"), "\(zones)")
            for (schedule, word) in [("", "Type a schedule"), ("0 0 30 2 *", "never"), (Self.evil, "class=\"error\"")] {
                let answer = try await browser.get("/jobs/preview?schedule=\(PercentText.encoded(schedule))")
                #expect(
                    answer.status == 200 && answer.text.contains(word) && !answer.text.contains("<img"), "\(answer)")
            }
        }
    }

    @Test func anActionIsTriedOutAndTakenBack() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        try await bed.browsing { browser, ann in
            var typed = try await browser.get("/jobs/new?preset=sql").fields("/jobs/new")
            typed["more"] = "{\"action\": {\"url\": \"u\"}}"
            typed["payload"] = "{\"a\": \"<b>\"}"
            typed["_do"] = "test"
            let page = try await browser.post("/jobs/new", typed)
            #expect(page.status == 200 && page.text.contains("Everything was taken back."), "\(page)")
            #expect(page.text.contains("tried with {&quot;a&quot;:&quot;&lt;b&gt;&quot;}"), "\(page)")
            typed["more"] = ""
            let refused = try await browser.post("/jobs/new", typed)
            #expect(refused.status == 422 && refused.text.contains("action.url is required"), "\(refused)")
            #expect(try await ann.call(.get, "/jobs").items.isEmpty && bed.signal.wakes == 0)
        }
    }

    @Test func onlyEditorsSeeAndSendTheForm() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job()
            let client = TestClient(client: browser.client, bed: bed)
            for role in ["viewer", "operator", "editor"] {
                _ = try await AccessTests.member(role, of: ann, client)
                var member = WebClient(browser.client)
                try await member.signIn(role)
                let may = role == "editor"
                let list = try await member.get("/jobs")
                #expect(list.text.contains("href=\"/jobs/new\"") == may, "\(role)")
                #expect((try await member.get("/jobs/\(job)")).text.contains("/edit\"") == may, "\(role)")
                let token = try #require(list.form("/logout")?["_csrf"])
                for path in ["/jobs/new", "/jobs/\(job)/edit"] {
                    #expect(try await member.get(path).status == (may ? 200 : 403), "\(role) \(path)")
                    if !may { #expect(try await member.post(path, ["_csrf": token, "name": "x"]).status == 403) }
                }
                #expect(try await member.get("/jobs/preview?schedule=@daily").status == 200)
            }
            var eve = WebClient(browser.client)
            _ = try await client.user("eve")
            try await eve.signIn("eve")
            #expect(try await eve.get("/jobs/\(job)/edit").status == 404)
            #expect(try await eve.get("/jobs/new?from=\(job)").status == 404)
        }
    }

    @Test func aCurlCommandFillsTheFields() async throws {
        let bed = try await TestBed(actions: EditorAction.all)
        try await bed.browsing { browser, _ in
            var typed = try await browser.get("/jobs/new").fields("/jobs/new")
            typed["name"] = "kept"
            typed["_do"] = "curl"
            typed["_curl"] = "curl -sX PUT 'https://a.example/x?y=1&z' \\\n  -H 'X-A: b' --json '{\"a\": 1}'"
            let fields = try await browser.post("/jobs/new", typed).fields("/jobs/new")
            #expect(
                fields["action.url"] == "https://a.example/x?y=1&z" && fields["action.method"] == "PUT"
                    && fields["name"] == "kept")
            #expect(fields["action.body"] == "{\"a\": 1}", "\(fields)")
            #expect(fields["action.headers"] == "X-A: b\nContent-Type: application/json\nAccept: application/json")
            typed["_curl"] = "curl -F a=@b \(Self.evil)"
            let refused = try await browser.post("/jobs/new", typed)
            #expect(
                refused.status == 422 && refused.text.contains("The command: has a &quot; without its end"),
                "\(refused)")
            #expect(
                !refused.text.contains("<img") && refused.text.contains("curl -F a=@b &quot;&gt;&lt;img"), "\(refused)")
        }
    }
}

/// Stands for an action of that name: it takes any fields, and a URL.
private struct EditorAction: ActionRunner {
    static let all: [any ActionRunner] =
        ["webhook", "sql", "alert", "command"].map { EditorAction(type: $0) } + [TestAction()]

    let type: String
    let secretFields: Set<String> = ["signing_secret", "signing_secrets", "client_key"]
    var hasDryRun: Bool { type == "sql" }

    func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        definition.fields["url"]?.stringValue == nil ? [FieldProblem(field: "action.url", message: "is required")] : []
    }

    func run(_ attempt: AttemptContext) async -> Outcome {
        var outcome = Outcome.success
        outcome.output = "tried with \(JSONWriter.text(attempt.payload))"
        return outcome
    }
}

extension TestBed {
    /// What a job's runner would sign with.
    fileprivate func secret(of json: JSONValue) async throws -> JSONValue? {
        let id = try #require(JobID(json["id"]?.stringValue ?? ""))
        let owner = try #require(UserID(json["user_id"]?.stringValue ?? ""))
        let job = try #require(try await store.job(id, owner: owner)).job
        return try await vault.opened(job.definition.action, of: id, in: owner).fields["signing_secret"]
    }
}

extension WebAnswer {
    /// All that a browser would send of a form, besides its buttons.
    func fields(_ action: String) -> [String: String] {
        guard let start = text.firstRange(of: "<form method=\"post\" action=\"\(action)\"") else { return [:] }
        let rest = text[start.upperBound...]
        let form = rest[..<(rest.firstRange(of: "</form>")?.lowerBound ?? rest.endIndex)]
        var fields: [String: String] = [:]
        for input in form.matches(of: /<input [^>]*?name="([^"]*)"[^>]*? value="([^"]*)"/) {
            fields[String(input.1)] = Self.plain(input.2)
        }
        for area in form.matches(of: /<textarea [^>]*?name="([^"]*)"[^>]*>\n([^<]*)<\/textarea>/) {
            fields[String(area.1)] = Self.plain(area.2)
        }
        for select in form.matches(of: /<select [^>]*?name="([^"]*)"[^>]*>([\s\S]*?)<\/select>/) {
            let chosen =
                select.2.firstMatch(of: /value="([^"]*)" selected/) ?? select.2.firstMatch(of: /value="([^"]*)"/)
            fields[String(select.1)] = Self.plain(chosen?.1 ?? "")
        }
        return fields
    }

    private static func plain(_ escaped: Substring) -> String {
        String(escaped).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&#39;", with: "'").replacing("&amp;", with: "&")
    }
}
