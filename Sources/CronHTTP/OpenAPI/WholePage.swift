import Crypto
import HTTPTypes
import Hummingbird

/// A page with the one style and the one script that it may have: nothing else is loaded or run, should text ever slip
/// through as markup.
struct WholePage {
    let title: String
    let style: String
    var script: String?
    let body: HTML

    var response: Response {
        var response = Answer.text(html.text, type: "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = policy
        response.headers[.referrerPolicy] = "no-referrer"
        return response
    }

    /// A script may ask the server that it came from.
    private var policy: String {
        let parts = script.map { ["script-src '\(Self.digest($0))'", "connect-src 'self'"] } ?? []
        return
            (["default-src 'none'", "style-src '\(Self.digest(style))'"] + parts + [
                "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            ]).joined(separator: "; ")
    }

    private static func digest(_ text: String) -> String {
        "sha256-\(Base64.standard.text(SHA256.hash(data: Array(text.utf8))))="
    }

    private var html: HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title) · Cron++</title>
        <style>\(HTML(stringLiteral: style))</style>
        </head>
        <body>
        \(body)
        \(script.map { HTML(stringLiteral: "<script>\($0)</script>") } ?? .none)
        </body>
        </html>

        """
    }
}

extension HTTPField.Name {
    static let referrerPolicy = known("Referrer-Policy")
}
