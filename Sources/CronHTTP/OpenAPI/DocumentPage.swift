import CronModel
import Crypto
import HTTPTypes
import Hummingbird

/// The document as a page that people read, without any script.
struct DocumentPage: Sendable {
    private let text: String
    private let policy: String

    init(_ document: Document) {
        text = Self.page(document).text
        // The digest of the only style there is: nothing else may be loaded or run, should text ever slip through as markup.
        let digest = Base64.standard.text(SHA256.hash(data: Array(Self.style.utf8)))
        policy =
            "default-src 'none'; style-src 'sha256-\(digest)='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    var response: Response {
        var response = Answer.text(text, type: "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = policy
        response.headers[.referrerPolicy] = "no-referrer"
        return response
    }

    private static func page(_ document: Document) -> HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Cron++ API</title>
        <style>\(HTML(stringLiteral: style))</style>
        </head>
        <body>
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
        </body>
        </html>

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

extension HTTPField.Name {
    static let referrerPolicy = known("Referrer-Policy")
}
