import Foundation
import Testing

/// House rules for what browsers get: nothing that the pages' own policy would refuse, and nothing that is not escaped.
@Suite struct WebTidyTests {
    private static let files: [(path: String, text: String)] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/WebFiles")
        let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return paths.sorted().compactMap { path in
            (try? String(contentsOf: root.appending(path: path), encoding: .utf8)).map { (path, $0) }
        }
    }()

    private static func files(_ ending: String) throws -> [(path: String, text: String)] {
        let found = files.filter { $0.path.hasSuffix(ending) }
        try #require(!found.isEmpty)
        return found
    }

    @Test func templatesEscapeEverything() throws {
        for (path, text) in try Self.files(".mustache") {
            for mark in ["{{{", "{{&", "{{=", "CONTENT_TYPE"] { #expect(!text.contains(mark), "\(path) holds \(mark)") }
        }
    }

    @Test func templatesHoldNoStyleAndNoScript() throws {
        for (path, text) in try Self.files(".mustache") + Self.files(".svg") {
            for pattern in [#"\sstyle\s*="#, #"\son[a-z]+\s*="#, #"<style"#, #"javascript:"#, #"<script(?! type="module" src=)"#] {
                #expect(text.range(of: pattern, options: [.regularExpression, .caseInsensitive]) == nil, "\(path): \(pattern)")
            }
        }
    }

    /// A value without quotes ends at a blank.
    @Test func templatesQuoteTheirAttributes() throws {
        for (path, text) in try Self.files(".mustache") {
            #expect(text.range(of: #"[a-z-]=(?!")[^\s"]*\{\{"#, options: .regularExpression) == nil, "\(path)")
        }
    }

    /// Standing alone a partial is indented as its tag is, and so is what people wrote, line by line.
    @Test func partialsAreNotIndented() throws {
        for (path, text) in try Self.files(".mustache") {
            #expect(text.range(of: #"(?m)^[ \t]+\{\{[>$<]"#, options: .regularExpression) == nil, "\(path)")
        }
    }

    @Test func oneModuleMakesElementsOfText() throws {
        let makers = [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "DOMParser", "createContextualFragment", "document.write",
            "setHTMLUnsafe", "parseHTMLUnsafe", "srcdoc", "eval(", "new Function", "createPolicy", "trustedTypes",
        ]
        for (path, text) in try Self.files(".js") where path != "Script/fragment.js" {
            for maker in makers { #expect(!text.contains(maker), "\(path) holds \(maker)") }
        }
        for (path, text) in try Self.files(".js") {
            #expect(!text.contains("http://") && !text.contains("https://"), "\(path) names another host")
        }
    }

    @Test func nothingComesFromElsewhere() throws {
        for (path, text) in try Self.files(".css") {
            #expect(!text.contains("url(") && !text.contains("@import"), "\(path)")
        }
    }
}
