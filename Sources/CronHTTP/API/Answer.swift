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

    /// A run that is to run, or that an earlier request with the same idempotency key has started.
    static func started(_ run: Run, isReplay: Bool) -> Response {
        var headers: HTTPFields = [.location: "/api/v1/runs/\(run.id)"]
        if isReplay { headers[.idempotencyReplayed] = "true" }
        return json(run.json, status: .accepted, headers: headers)
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
