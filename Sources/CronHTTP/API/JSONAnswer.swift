import CronModel
import CronSchedule
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// JSON out.
enum JSONAnswer {
    static func response(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = (try? encoder.encode(value)) ?? Data("null".utf8)
        var headers = HTTPFields()
        headers[.contentType] = "application/json; charset=utf-8"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }

    static func page<Item>(_ page: Page<Item>, _ show: (Item) -> JSONValue) -> Response {
        response(
            .object([
                "items": .array(page.items.map(show)),
                "next_cursor": page.next.map { .string(CursorText.encode($0)) } ?? .null,
            ]))
    }
}

/// JSON in.
enum JSONBody {
    package static let limitBytes = 1_048_576
    /// A bulk request carries up to 1,000 jobs.
    package static let bulkLimitBytes = 16 * 1_048_576

    /// The body as a JSON object; with `isOptional`, an empty one for no body.
    static func read(_ request: Request, limit: Int = limitBytes, isOptional: Bool = false) async throws -> (
        JSONValue, [UInt8]
    ) {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge(limit) }
        var request = request
        let buffer: ByteBuffer
        do {
            buffer = try await request.collectBody(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge(limit)
        }
        let bytes = Array(buffer.readableBytesView)
        if bytes.isEmpty, isOptional { return (.object([:]), bytes) }
        if let type = request.headers[.contentType]?.lowercased(), !type.contains("json") {
            throw APIError(
                status: .unsupportedMediaType, type: "media-type", title: "Not JSON",
                detail: "the content type is \(type); send application/json")
        }
        do {
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
            guard value.objectValue != nil else {
                throw APIError.badRequest("the body must be a JSON object, not \(value.kindName)")
            }
            return (value, bytes)
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError.badRequest("the body is not JSON: \(describe(error))")
        }
    }

    private static func tooLarge(_ limit: Int) -> APIError {
        APIError(
            status: .contentTooLarge, type: "too-large", title: "The body is too large",
            detail: "the limit is \(limit) bytes")
    }

    private static func describe(_ error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error else { return "it cannot be read" }
        let inner = context.underlyingError.map { ": \(($0 as NSError).userInfo["NSDebugDescription"] ?? $0)" }
        return context.debugDescription + (inner ?? "")
    }
}

/// Page cursors as opaque text.
enum CursorText {
    static func encode(_ cursor: PageCursor) -> String {
        let id = RunID(high: cursor.high, low: cursor.low)
        return Data("\(cursor.at.microseconds).\(id)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func decode(_ text: String) -> PageCursor? {
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let data = Data(base64Encoded: base64) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ".")
        guard parts.count == 2, let at = Int64(parts[0]), let id = RunID(parts[1]) else { return nil }
        return PageCursor(at: Instant(microseconds: at), id: (id.high, id.low))
    }
}
