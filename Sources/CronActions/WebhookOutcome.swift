import AsyncHTTPClient
import CronModel
import CronSchedule
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// What an answer, or its absence, means.
enum WebhookOutcome {
    /// Worth trying again: RFC 9110 §15 and RFC 6585 statuses that speak of now and not of the request.
    private static let transientStatuses: Set<Int> = [408, 425, 429]

    static func answered(
        _ webhook: WebhookDefinition, status: HTTPResponseStatus, headers: HTTPHeaders, output: String,
        truncated: Bool, now: Instant
    ) -> Outcome {
        let code = Int(status.code)
        let isSuccess = webhook.success.contains { $0.contains(code) }
        let isTransient = transientStatuses.contains(code) || code >= 500
        var outcome = Outcome(
            kind: isSuccess ? .success : .httpError,
            verdict: isSuccess ? .success : isTransient ? .transient : .permanent,
            reach: .answered, httpStatus: code)
        outcome.output = output.isEmpty ? nil : output
        outcome.outputTruncated = truncated
        guard !isSuccess else { return outcome }
        outcome.error = "the receiver answered \(code) \(status.reasonPhrase)"
        outcome.retryAfter = headers.first(name: "retry-after").flatMap { wait($0, now: now) }
        outcome.disablesJob = code == 410
        return outcome
    }

    static func permanent(_ message: String) -> Outcome {
        Outcome(kind: .permanent, verdict: .permanent, reach: .nothingSent, error: message)
    }

    static func refused(_ refusal: AddressRefusal) -> Outcome {
        Outcome(kind: .connectError, verdict: .permanent, reach: .nothingSent, error: refusal.description)
    }

    /// An attempt that ended without a whole answer.
    static func failed(_ error: any Error, _ webhook: WebhookDefinition, hasAnswer: Bool) -> Outcome {
        if error is CancellationError { return cancelled(hasAnswer) }
        if let refusal = error as? AddressRefusal { return refused(refusal) }
        switch error as? HTTPClientError {
        case .cancelled?: return cancelled(hasAnswer)
        case .connectTimeout?:
            return Outcome(
                kind: .timeout, verdict: .transient, reach: .nothingSent,
                error: "no connection to \(webhook.host) within \(WebhookAction.connectTimeout)")
        case .deadlineExceeded?, .readTimeout?, .writeTimeout?, .getConnectionFromPoolTimeout?:
            return Outcome(kind: .timeout, verdict: .transient, reach: .maybeSent, error: "\(error)")
        case .remoteConnectionClosed?:
            return Outcome(
                kind: .connectError, verdict: .transient, reach: .maybeSent,
                error: "\(webhook.host) closed the connection before it had answered")
        default:
            break
        }
        let text = "\(error)"
        if isTLS(error, text) {
            return Outcome(
                kind: .tlsError, verdict: .transient, reach: .nothingSent, error: "TLS with \(webhook.host): \(text)")
        }
        if error is ChannelError || error is NIOConnectionError || (error as? IOError)?.errnoCode == ECONNREFUSED {
            return Outcome(
                kind: .connectError, verdict: .transient, reach: .nothingSent,
                error: "\(webhook.host): \(connectText(error))")
        }
        return Outcome(
            kind: .connectError, verdict: .transient, reach: hasAnswer ? .answered : .maybeSent,
            error: "\(webhook.host): \(text)")
    }

    private static func cancelled(_ hasAnswer: Bool) -> Outcome {
        Outcome(
            kind: .cancelled, verdict: .transient, reach: hasAnswer ? .answered : .maybeSent,
            error: "stopped before a whole answer was read")
    }

    private static func isTLS(_ error: any Error, _ text: String) -> Bool {
        let type = String(reflecting: Swift.type(of: error))
        return type.contains("NIOSSL") || type.contains("BoringSSL") || text.contains("handshakeFailed")
    }

    private static func connectText(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        let dns = [error.dnsAError, error.dnsAAAAError].compactMap { $0 }
        if error.connectionErrors.isEmpty, let first = dns.first { return "the name cannot be resolved (\(first))" }
        let dialled = error.connectionErrors.map { failure in
            if let refusal = failure.error as? AddressRefusal { return refusal.description }
            return "\(failure.target): \(failure.error)"
        }
        return dialled.joined(separator: "; ")
    }

    /// `Retry-After` as seconds or as an HTTP date (RFC 9110 §10.2.3).
    private static func wait(_ text: String, now: Instant) -> Span? {
        if let seconds = Int64(text.trimmingPrefix(" ")), seconds >= 0 { return .seconds(min(seconds, 10_000_000)) }
        return date(text).map { max(.zero, $0 - now) }
    }

    /// IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    private static func date(_ text: String) -> Instant? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return try? Instant(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
    }
}

/// An address that the guard does not let a webhook reach.
struct AddressRefusal: Error, CustomStringConvertible {
    let address: String
    let kind: String

    var description: String {
        "\(address) is not reachable for webhooks: \(kind) (ALLOW_NETWORKS can permit it)"
    }
}
