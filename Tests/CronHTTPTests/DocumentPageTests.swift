import CronModel
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct DocumentPageTests {
    @Test func thePageShowsEveryOperationAndAllowsNothingElse() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let reply = try await client.call(.get, "/docs")
            #expect(reply.status == 200 && reply.headers[.contentType] == "text/html; charset=utf-8")
            let policy = try #require(reply.headers[.contentSecurityPolicy])
            #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"), "\(policy)")
            #expect(!reply.text.contains("<script") && !reply.text.contains(" style=") && !reply.text.contains("src="))
            for route in bed.server.table.routes {
                #expect(reply.text.contains("<article id=\"\(route.operation.id)\">"), "\(route.operation.id)")
            }
            // Every link on the page leads to something on it, or to the document.
            let anchors = Set(reply.text.matches(of: /id="([^"]+)"/).map { String($0.1) })
            for link in reply.text.matches(of: /href="([^"]+)"/).map({ String($0.1) }) {
                #expect(link == "/openapi.json" || anchors.contains(String(link.dropFirst())), "\(link)")
            }
        }
    }

    @Test func whatIsNotMarkupIsEscaped() {
        let evil = "<script>\"&'"
        #expect(
            ("<p title=\"\(evil)\">\(evil)</p>" as HTML).text
                == "<p title=\"&lt;script&gt;&quot;&amp;&#39;\">&lt;script&gt;&quot;&amp;&#39;</p>")
        #expect(HTML(prose: "a `<b>` c").text == "a <code>&lt;b&gt;</code> c")
    }
}
