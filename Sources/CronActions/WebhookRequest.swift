import AsyncHTTPClient
import CronModel
import CronSchedule
import NIOCore
import NIOHTTP1

/// The one request of an attempt, with the headers by which a receiver tells attempts apart and proves their origin.
struct WebhookRequest: Sendable {
    let origin: WebhookURL.Origin
    let identity: TLSIdentity?
    private let request: HTTPClientRequest

    /// `headers` and `body` are the rendered ones: the signature covers exactly the bytes that are sent.
    init(
        _ definition: WebhookDefinition, headers own: HTTPHeaders, body: [UInt8], for attempt: AttemptContext,
        at now: Instant, userAgent: String
    ) {
        origin = definition.url.origin
        identity = definition.identity
        let id = attempt.runID.description
        var headers = own
        if let type = definition.body.contentType { headers.addIfMissing("content-type", type) }
        headers.addIfMissing("User-Agent", userAgent)
        headers.add(name: "webhook-id", value: id)
        headers.add(name: "webhook-timestamp", value: String(now.wholeSeconds))
        if !definition.secrets.isEmpty {
            let signatures = definition.secrets.map { $0.signature(id: id, timestamp: now.wholeSeconds, body: body) }
            headers.add(name: "webhook-signature", value: signatures.joined(separator: " "))
        }
        headers.add(name: "Cronpp-Attempt", value: String(attempt.attempt))
        headers.add(name: "Cronpp-Fence", value: String(attempt.fence))
        headers.add(name: "Cronpp-Scheduled-For", value: attempt.scheduledFor.description)
        headers.add(name: "Cronpp-Job-Id", value: attempt.jobID.description)
        if attempt.isTest { headers.add(name: "Cronpp-Test", value: "true") }

        var request = HTTPClientRequest(url: definition.url.text)
        request.method = definition.method
        request.headers = headers
        if case .none = definition.body {} else { request.body = .bytes(ByteBuffer(bytes: body)) }
        self.request = request
    }

    /// A channel's message: with no header of Cron++'s own but the user agent.
    init(_ message: ChannelRequest, userAgent: String) {
        origin = message.url.origin
        identity = nil
        var request = HTTPClientRequest(url: message.url.text)
        request.method = .POST
        request.headers = message.headers
        request.headers.addIfMissing("User-Agent", userAgent)
        request.body = .bytes(ByteBuffer(bytes: message.body))
        self.request = request
    }

    /// As one dial sends it.
    func clientRequest(traceParent: String) -> HTTPClientRequest {
        var request = request
        request.headers.add(name: "traceparent", value: traceParent)
        return request
    }

    /// A new trace of its own (W3C Trace Context §3.2), sampled.
    static func randomTraceParent() -> String {
        "00-\(hex(.random(in: 1...(.max))))\(hex(.random(in: 0...(.max))))-\(hex(.random(in: 1...(.max))))-01"
    }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension HTTPHeaders {
    fileprivate mutating func addIfMissing(_ name: String, _ value: String) {
        if !contains(name: name) { add(name: name, value: value) }
    }
}
