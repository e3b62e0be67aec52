import Crypto
import HTTPTypes
import Hummingbird
import NIOCore
import WebFiles

/// Style, script and the mark, under an address that changes with them: `/assets/DIGEST/NAME`. One digest stands for all.
struct WebAssets: Sendable {
    private struct Asset: Sendable {
        let type: String
        let body: ByteBuffer
    }

    /// Hexadecimal digits of the address.
    static let digestLength = 12
    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    ]

    let digest: String
    let names: [String]
    private let assets: [String: Asset]

    init() throws(WebTemplates.Fault) {
        var texts = WebFiles.assets
        let modules = texts.filter { $0.key.hasSuffix(".js") }
        for name in modules.keys { texts[name] = nil }
        texts["app.js"] = try WebScript.joined(modules, from: "app.js")
        texts["mark.svg"] = WebFiles.icons["mark"]
        names = texts.keys.sorted()
        var hash = SHA256()
        for name in names { hash.update(data: Array("\(name)\0\(texts[name] ?? "")\0".utf8)) }
        digest =
            hash.finalize().prefix(Self.digestLength / 2).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
                .joined()
        assets = texts.reduce(into: [:]) { assets, file in
            let type = Self.types[String(file.key.split(separator: ".").last ?? "")] ?? "text/plain; charset=utf-8"
            assets[file.key] = Asset(type: type, body: ByteBuffer(string: file.value))
        }
    }

    var base: String { "/assets/\(digest)" }

    /// Under another digest, such as a page has that another version's node has made, the file is shown but not kept.
    func response(_ name: String, digest: String) throws(Problem) -> Response {
        guard let asset = assets[name] else { throw .notFound }
        let keeping = digest == self.digest ? "public, max-age=31536000, immutable" : "no-store"
        return Response(
            status: .ok,
            headers: [
                .contentType: asset.type, .cacheControl: keeping, .crossOriginResourcePolicy: "same-origin",
                .xContentTypeOptions: "nosniff",
                // Opened by itself a picture is a document.
                .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'; sandbox",
            ], body: ResponseBody(byteBuffer: asset.body))
    }
}
