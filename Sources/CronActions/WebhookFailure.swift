import AsyncHTTPClient
import CronModel
import CronSchedule
import NIOCore
import NIOHTTP1
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a request got no complete answer, told to people and to the retry policy.
struct WebhookFailure {
    let exchange: WebhookExchange
    let url: WebhookURL
    let limits: WebhookLimits

    private var wasSent: Bool { exchange.reach != .nothingSent }
    private var endpoint: String { url.endpoint }

    /// The endpoint, with the address dialled for it when it is a name.
    private var place: String {
        guard case .name = url.origin.host, let address = exchange.address else { return endpoint }
        return "\(endpoint) at \(address)"
    }

    func outcome(of error: any Error) -> Outcome {
        if let expiry = exchange.expiry { return timeout(expiry) }
        // Also an HTTP/2 connection that is going away says `cancelled`.
        if exchange.isShutDown, !(error is CancellationError) {
            return transient(.shutdown, "this node is shutting down")
        }
        if error is CancellationError { return .cancelled(exchange.reach) }
        if let refusal = error as? AddressRefusal {
            return Outcome(
                kind: .connectError, verdict: .permanent, reach: exchange.reach,
                error: BoundedText.message(refusal.message))
        }
        if let client = error as? HTTPClientError, client == .connectTimeout || client == .getConnectionFromPoolTimeout
        {
            return timeout(.connect)
        }
        guard !wasSent else {
            // TLS 1.3 lets a client write before the server has looked at its certificate.
            if exchange.status == nil, error is BoringSSLError {
                return transient(.tlsError, "TLS with \(place) failed after the request: \(tlsReason(error))")
            }
            return transient(.connectError, brokenAnswer(error))
        }
        if isTLS(error) { return transient(.tlsError, "TLS with \(place) failed: \(tlsReason(error))") }
        // By HTTP/2 a request waits for the receiver's first frame. TLS 1.3 ends before that with a refused client, and
        // async-http-client tells only that the connection was closed.
        if url.origin.isSecure, error as? HTTPClientError == .remoteConnectionClosed {
            return transient(
                .tlsError,
                "TLS with \(place) was ended before the request could leave; does it ask for another certificate?")
        }
        return transient(.connectError, connectMessage(error))
    }

    private func transient(_ kind: Outcome.Kind, _ text: String) -> Outcome {
        Outcome(kind: kind, verdict: .transient, reach: exchange.reach, error: BoundedText.message(text))
    }

    private func timeout(_ expiry: AttemptProgress.Expiry) -> Outcome {
        let missing =
            wasSent ? (exchange.status == nil ? "no answer from" : "no complete answer from") : "no connection to"
        let pause =
            switch expiry {
            case .connect: "within \(limits.connect)"
            case .read: "nothing came for \(limits.read ?? limits.total)"
            case .total: "within \(limits.total)"
            }
        return transient(.timeout, "\(missing) \(endpoint): \(pause)")
    }

    private func isTLS(_ error: any Error) -> Bool {
        if let client = error as? HTTPClientError { return client == .tlsHandshakeTimeout }
        return error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError
    }

    /// BoringSSL's own words, such as `TLSV1_ALERT_UNKNOWN_CA`, without the places in its source.
    private func tlsReason(_ error: any Error) -> String {
        let text = "\(error)"
        let reasons = text.matches(of: /OPENSSL_internal:([^\s\]]+)/).map { String($0.1) }
        return reasons.isEmpty ? text : reasons.joined(separator: ", ")
    }

    private func brokenAnswer(_ error: any Error) -> String {
        switch error {
        case is AnswerHeadLimit.Exceeded, HTTPParserError.headerOverflow:
            return "the answer of \(endpoint) has more than \(AnswerHeadLimit.maxBytes) bytes or 256 fields of headers"
        case is HTTPParserError:
            return "the answer of \(endpoint) is not valid HTTP: \(error)"
        case let io as IOError where io.errnoCode == ECONNRESET:
            return "\(endpoint) reset the connection before its answer was complete"
        default:
            return "\(endpoint) closed the connection before its answer was complete"
        }
    }

    private func connectMessage(_ error: any Error) -> String {
        if let error = error as? UnresolvedName { return error.message }
        guard let io = error as? IOError else { return "no connection to \(place): \(error)" }
        return switch io.errnoCode {
        case ECONNREFUSED: "connection refused by \(place)"
        case EHOSTUNREACH, ENETUNREACH: "\(place) is unreachable"
        case EMFILE, ENFILE: "no connection to \(place): this node has no file descriptors left"
        default: "no connection to \(place): \(io)"
        }
    }
}
