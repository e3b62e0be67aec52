import CronModel
import Mustache
import WebFiles

/// All templates, compiled when the server is made: one that is broken, or asks for another that is not there, stops the
/// start and not a reader.
struct WebTemplates: Sendable {
    enum Fault: Error, Hashable {
        case broken(String, reason: String)
        case missing(String, askedBy: String)
    }

    let names: [String]
    private let library: MustacheLibrary

    /// - Parameter texts: by name.
    init(_ texts: [String: String]) throws(Fault) {
        MustacheContentTypes.register(ScalarHTML(), named: ScalarHTML.name)
        var library = MustacheLibrary()
        for (name, text) in texts {
            do {
                try library.register("{{% CONTENT_TYPE: \(ScalarHTML.name)}}\n\(text)", named: name)
            } catch {
                throw .broken(name, reason: "\(error)")
            }
            for tag in text.matches(of: /\{\{\s*[<>]\s*([^\s}]+)\s*\}\}/) where texts[String(tag.1)] == nil {
                throw .missing(String(tag.1), askedBy: name)
            }
        }
        self.library = library
        names = texts.keys.sorted()
    }

    /// Those of this binary.
    static func ours() throws(Fault) -> WebTemplates {
        // The sprite stands in each page: pictures from another file would be one more request for each first visit.
        try WebTemplates(WebFiles.templates.merging(["sprite": WebFiles.icons["sprite"] ?? ""]) { $1 })
    }

    func render(_ name: String, _ view: some Sendable) throws -> String {
        guard let text = library.render(view, withTemplate: name) else {
            throw Fault.missing(name, askedBy: "a page")
        }
        return text
    }
}

/// HTML, escaped scalar by scalar. Mustache's own way goes by character and lets a quote pass that a combining mark follows,
/// which still ends an attribute.
private struct ScalarHTML: MustacheContentType {
    static let name = "SCALARS"

    func escapeText(_ text: String) -> String { HTMLText.escaped(text) }
}
