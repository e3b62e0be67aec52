import CronModel
import HTTPTypes
import Testing
import WebFiles

@testable import CronHTTP

/// Templates and files, before any request.
@Suite struct WebTemplateTests {
    private struct Row: Sendable { let text: String }
    private struct View: Sendable {
        let rows: [Row]
        let name: String
    }

    @Test func everyTemplateCompilesAndRenders() throws {
        let templates = try WebTemplates.ours()
        #expect(Set(templates.names) == Set(WebFiles.templates.keys).union(["sprite"]))
        for name in templates.names { #expect(throws: Never.self) { try templates.render(name, View(rows: [], name: "")) } }
    }

    @Test func aBrokenTemplateStopsTheStart() {
        #expect(throws: WebTemplates.Fault.self) { try WebTemplates(["a": "{{#b}}"]) }
        #expect(throws: WebTemplates.Fault.missing("c", askedBy: "a")) { try WebTemplates(["a": "{{> c}}"]) }
        #expect(throws: WebTemplates.Fault.missing("c", askedBy: "a")) { try WebTemplates(["a": "{{<c}}{{/c}}"]) }
    }

    /// Also where a mark follows that makes one character of a quote and itself, and inside partials, sections and blocks.
    @Test func everythingIsEscapedScalarByScalar() throws {
        let evil = "\"\u{301}><img src=x onerror=alert(1)>'\u{301}&<\u{301}"
        let safe = "&quot;\u{301}&gt;&lt;img src=x onerror=alert(1)&gt;&#39;\u{301}&amp;&lt;\u{301}"
        let templates = try WebTemplates([
            "base": "{{$block}}{{/block}}|{{name}}", "part": "{{text}}",
            "page": "{{<base}}{{$block}}{{#rows}}{{> part}}{{/rows}}{{/block}}{{/base}}",
        ])
        let text = try templates.render("page", View(rows: [Row(text: evil)], name: evil))
        #expect(text.unicodeScalars.elementsEqual("\(safe)|\(safe)".unicodeScalars), "\(text)")
    }

    @Test func filesKeepToTheirBudget() {
        let sizes = WebFiles.assets.mapValues(\.utf8.count)
        #expect(sizes["app.css"] ?? .max <= 24 * 1_024)
        #expect(sizes.filter { $0.key.hasSuffix(".js") }.values.reduce(0, +) <= 40 * 1_024)
        #expect(WebFiles.icons["sprite"]?.utf8.count ?? .max <= 8 * 1_024)
    }

    @Test func everyStateHasItsPicture() throws {
        let sprite = try #require(WebFiles.icons["sprite"])
        let states = RunStatus.allCases.map { StateView($0) } + JobState.allCases.map { StateView($0) }
        var shapes: Set<Substring> = []
        for state in states {
            let shape = try #require(sprite.firstMatch(of: try Regex("<symbol id=\"s-\(state.key)\"[^>]*>(.*)</symbol>")))
            shapes.insert(shape[1].substring ?? "")
        }
        #expect(shapes.count == states.count)
        let used = WebFiles.templates.values.flatMap { $0.matches(of: /href="#([is]-[a-z]+)"/).map { String($0.1) } }
        for id in used { #expect(sprite.contains("id=\"\(id)\""), "\(id)") }
    }

    @Test func modulesAskOnlyForEachOther() {
        for (name, text) in WebFiles.assets where name.hasSuffix(".js") {
            for match in text.matches(of: /import [^;]*"\.\/([a-z]+\.js)"/) {
                #expect(WebFiles.assets[String(match.1)] != nil, "\(name) imports \(match.1)")
            }
        }
    }
}
