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
        guard !wasSent else { return transient(.connectError, brokenAnswer(error)) }
        if isTLS(error) { return transient(.tlsError, "TLS with \(place) failed: \(error)") }
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
