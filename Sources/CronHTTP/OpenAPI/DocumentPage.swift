import CronModel
import Hummingbird

/// The document as a page that people read, without any script.
struct DocumentPage: Sendable {
    let response: Response

    init(_ document: Document) {
        response = WholePage(title: "API", style: Self.style, body: Self.body(document)).response
    }

    private static func body(_ document: Document) -> HTML {
        """
        <header>
        <h1>Cron++ API</h1>
        <p class="version">Version \(document.version) · <a href="/openapi.json">OpenAPI 3.1</a></p>
        <p>\(HTML(prose: Document.about))</p>
        <pre><code>\(signIn)</code></pre>
        </header>
        <nav aria-label="Contents">
        \(HTML(joining: document.tags.map { contents($0, document) }))
        <h2><a href="#objects">Objects</a></h2>
        </nav>
        <main>
        \(HTML(joining: document.tags.map { section($0, document) }))
        \(objects(document))
        </main>
        """
    }

    private static let signIn = """
        url=http://127.0.0.1:8080
        token=$(curl -fsS $url/api/v1/auth/login -H 'content-type: application/json' \\
          -d '{"email":"you@example.com","password":"12 characters or more"}' | jq -r .access_token)
        """

    private static func contents(_ tag: Operation.Tag, _ document: Document) -> HTML {
        let links = document.routes(of: tag).map { route -> HTML in
            "<li><a href=\"#\(route.operation.id)\">\(route.operation.summary)</a></li>"
        }
        return "<h2><a href=\"#\(tag.anchor)\">\(tag.rawValue)</a></h2>\n<ul>\(HTML(joining: links))</ul>"
    }

    private static func section(_ tag: Operation.Tag, _ document: Document) -> HTML {
        """
        <section id="\(tag.anchor)">
        <h2>\(tag.rawValue)</h2>
        \(HTML(joining: document.routes(of: tag).map { OperationPage(route: $0).html }))
        </section>
        """
    }

    /// Every object with a name, once.
    private static func objects(_ document: Document) -> HTML {
        let named = document.schemas.sorted { $0.key < $1.key }
        let articles = named.map { name, schema -> HTML in
            let body = schema.members.isEmpty ? SchemaPage.alternatives(schema) : SchemaPage.members(schema)
            return "<article id=\"\(SchemaPage.anchor(name))\"><h3>\(name)</h3>\(body)</article>"
        }
        return "<section id=\"objects\"><h2>Objects</h2>\(HTML(joining: articles))</section>"
    }
}

extension Document {
    func routes(of tag: Operation.Tag) -> [Route] { routes.filter { $0.operation.tag == tag } }
}

extension Operation.Tag {
    var anchor: String { rawValue.lowercased().replacing(" ", with: "-") }
}
