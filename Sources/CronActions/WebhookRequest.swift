import AsyncHTTPClient
import CronModel
import CronSchedule
import Crypto
import Foundation
import NIOCore
import NIOHTTP1

/// The one request of an attempt, by Standard Webhooks: the same id on every attempt, signed over id, time and body.
enum WebhookRequest {
    static func make(
        _ webhook: WebhookDefinition, _ attempt: AttemptContext, now: Instant, userAgent: String
    ) throws(BodyTemplate.Problem) -> HTTPClientRequest {
        let (body, contentType) = try body(webhook, attempt)
        var request = HTTPClientRequest(url: webhook.url)
        request.method = HTTPMethod(rawValue: webhook.method)
        for (name, value) in webhook.headers { request.headers.add(name: name, value: value) }
        set("user-agent", userAgent, unlessPresentIn: &request)
        let id = attempt.runID.description
        let timestamp = String(now.wholeSeconds)
        request.headers.add(name: "webhook-id", value: id)
        request.headers.add(name: "webhook-timestamp", value: timestamp)
        if let secret = webhook.signingSecret {
            request.headers.add(
                name: "webhook-signature", value: signature(secret, id: id, timestamp: timestamp, body: body))
        }
        request.headers.add(name: "Cronpp-Attempt", value: String(attempt.attempt))
        request.headers.add(name: "Cronpp-Fence", value: String(attempt.fence))
        request.headers.add(name: "Cronpp-Scheduled-For", value: attempt.scheduledFor.description)
        request.headers.add(name: "Cronpp-Job-Id", value: attempt.jobID.description)
        request.headers.add(name: "traceparent", value: traceparent())
        if !body.isEmpty || ["POST", "PUT", "PATCH"].contains(webhook.method) {
            set("content-type", contentType, unlessPresentIn: &request)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        return request
    }

    /// `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks, "Signature scheme").
    static func signature(_ secret: [UInt8], id: String, timestamp: String, body: [UInt8]) -> String {
        var mac = HMAC<SHA256>(key: SymmetricKey(data: secret))
        mac.update(data: Array("\(id).\(timestamp).".utf8))
        mac.update(data: body)
        return "v1," + Data(mac.finalize()).base64EncodedString()
    }

    private static func body(
        _ webhook: WebhookDefinition, _ attempt: AttemptContext
    ) throws(BodyTemplate.Problem) -> ([UInt8], contentType: String) {
        switch webhook.body {
        case .payload:
            if webhook.method == "GET" || webhook.method == "HEAD" { return ([], "application/json") }
            return (JSONBytes.encode(attempt.payload), "application/json")
        case .json(let value):
            return (JSONBytes.encode(try rendered(value, attempt)), "application/json")
        case .text(let template):
            let declared = webhook.headers.first { $0.name.lowercased() == "content-type" }?.value.lowercased()
            let isJSON = declared?.contains("json") ?? false
            return (Array(try template.render(attempt, escapesJSON: isJSON).utf8), "text/plain; charset=utf-8")
        }
    }

    private static func rendered(
        _ value: JSONValue, _ attempt: AttemptContext
    ) throws(BodyTemplate.Problem) -> JSONValue {
        switch value {
        case .string(let text):
            return .string(try BodyTemplate(text).render(attempt, escapesJSON: false))
        case .array(let items):
            var rendered: [JSONValue] = []
            for item in items { rendered.append(try Self.rendered(item, attempt)) }
            return .array(rendered)
        case .object(let members):
            var rendered: [String: JSONValue] = [:]
            for (key, member) in members { rendered[key] = try Self.rendered(member, attempt) }
            return .object(rendered)
        case .null, .bool, .integer, .number:
            return value
        }
    }

    /// W3C Trace Context, version 00, sampled.
    private static func traceparent() -> String {
        var random = SystemRandomNumberGenerator()
        let hex = { (word: UInt64) in
            let digits = String(word | 1, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return "00-\(hex(random.next()))\(hex(random.next()))-\(hex(random.next()))-01"
    }

    private static func set(_ name: String, _ value: String, unlessPresentIn request: inout HTTPClientRequest) {
        if !request.headers.contains(name: name) { request.headers.add(name: name, value: value) }
    }
}
