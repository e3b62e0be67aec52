import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// The audit log as a page.
@Suite struct WebAuditTests {
    private static let evil = "\"><img src=x onerror=alert(1)>"

    @Test func itTellsWhoDidWhatToWhat() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let job = try await ann.job(["name": .string(Self.evil), "action": ["token": "canary"]])
            _ = try await ann.call(.patch, "/jobs/\(job)", ["priority": 7], headers: [.requestID: "r-77"])
            let made = try await ann.call(.post, "/api-keys", ["name": "ci", "scopes": ["jobs:operate"]])
            let key = TestClient(client: browser.client, bed: bed).with(made.json["key"])
            _ = try await key.call(.post, "/jobs/\(job)/trigger")
            let page = try await browser.get("/settings/audit")
            let id = try #require(made.json["id"]?.stringValue)
            for words in [
                "job.create", "job.edit", "job.trigger", "api_key.create", "session.begin", "account.register",
                "ann@example.org", "r-77", "&quot;priority&quot;: 7", "…\(id.suffix(8))", "href=\"/jobs/\(job)\"",
                "href=\"/settings/audit?target=\(job)\"", "href=\"/settings/audit/export\"",
            ] {
                #expect(page.text.contains(words), "\(words) \(page)")
            }
            #expect(!page.text.contains("canary") && !page.text.contains("<img"), "\(page)")
            let narrowed = try await browser.get("/settings/audit?target=\(job)&from=&to=")
            #expect(narrowed.text.contains("job.edit") && !narrowed.text.contains("session.begin"), "\(narrowed)")
        }
    }

    @Test func theFilterSaysWhatIsWrongWithIt() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, _ in
            let none = try await browser.get("/settings/audit?to=2020-01-01")
            #expect(none.status == 200 && none.text.contains("Nothing matches"), "\(none)")
            let day = try await browser.get("/settings/audit?from=2026-11-02&to=2026-11-02+09:00")
            #expect(day.text.contains("session.begin") && day.text.contains("value=\"2026-11-02 09:00\""), "\(day)")
            let wrong = try await browser.get("/settings/audit?from=yesterday&who=ann")
            #expect(wrong.status == 422 && wrong.text.contains("value=\"yesterday\""), "\(wrong)")
            #expect(wrong.text.contains("is not a time such as") && wrong.text.contains("#filter-who"), "\(wrong)")
        }
    }

    /// Newest first, in pages that stay small whatever was changed.
    @Test func itComesInPagesThatAreSmall() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            for number in 0..<AuditPages.rows {
                let text = String(repeating: "\"<&>'", count: 800)
                _ = try await ann.job(["name": .string("job \(number)"), "payload": ["text": .string(text)]])
            }
            let first = try await browser.get("/settings/audit")
            #expect(first.text.matches(of: /data-row="\d+"/).count == AuditPages.rows)
            #expect(first.text.utf8.count <= 70 * 1_024, "\(first.text.utf8.count) bytes")
            #expect(first.text.contains("What changed is too long for this page."), "\(first)")
            let next = try #require(first.text.firstMatch(of: /href="([^"]+)" rel="next"/)).1
            let second = try await browser.get(String(next).replacing("&amp;", with: "&"))
            #expect(second.text.contains("no. 2<") && second.text.contains("account.register"), "\(second)")
        }
    }

    @Test func theExportIsTheAPIs() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.job()
            bed.clock.advance(by: .seconds(1))
            let export = try await browser.get("/settings/audit/export")
            let api = try await ann.call(.get, "/audit/export")
            #expect(export.status == 200 && export.text == api.text && !export.text.isEmpty, "\(export)")
            #expect(export.headers[.contentType] == "application/x-ndjson")
            #expect(export.headers[.contentDisposition] == "attachment; filename=\"audit.ndjson\"")
            #expect(export.headers[.contentSecurityPolicy]?.hasSuffix("sandbox") == true)
            #expect(export.headers[.xContentTypeOptions] == "nosniff" && export.headers[.cacheControl] == "no-store")
            #expect(try await browser.get("/settings/audit/export?from=x").status == 422)
        }
    }
}
