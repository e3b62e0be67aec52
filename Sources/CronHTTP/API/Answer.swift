import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// Builds the responses that are not errors.
enum Answer {
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: body(value))
    }

    /// A value with the version that `If-Match` can name.
    static func versioned(
        _ value: JSONValue, version: Int64, status: HTTPResponse.Status = .ok, location: String? = nil
    ) -> Response {
        var headers: HTTPFields = [.eTag: eTag(version)]
        headers[.location] = location
        return json(value, status: status, headers: headers)
    }

    static func page<Item>(_ page: Page<Item>, _ json: (Item) -> JSONValue) -> Response {
        list(page.items.map(json), next: page.next)
    }

    /// The envelope of every list.
    static func list(_ items: [JSONValue], next: PageCursor? = nil) -> Response {
        json(.object(["items": .array(items), "next_cursor": next.map { .string($0.text) } ?? .null]))
    }

    static let noContent = Response(status: .noContent)

    static func text(_ text: String, type: String) -> Response {
        Response(status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    static func eTag(_ version: Int64) -> String { "\"\(version)\"" }

    static func body(_ value: JSONValue) -> ResponseBody {
        ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(value)))
    }
}

/// A cursor as clients carry it: opaque to them.
extension PageCursor {
    var text: String {
        let words = [UInt64(bitPattern: at.microseconds), high, low]
        return Base64.url.text(
            words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } })
    }

    init?(text: String) {
        guard text.utf8.count == 32, let bytes = Base64.url.bytes(text), bytes.count == 24 else { return nil }
        let words = (0..<3).map { index in
            bytes[index * 8..<index * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        self.init(at: .init(microseconds: Int64(bitPattern: words[0])), id: (high: words[1], low: words[2]))
    }
}
