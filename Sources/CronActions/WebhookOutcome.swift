import CronModel
import CronSchedule
import NIOHTTP1

extension Outcome {
    /// What an exchange came to, and whether trying again could help.
    init(_ exchange: WebhookExchange, of definition: WebhookDefinition, limits: WebhookLimits, now: Instant) {
        self.init(exchange, with: definition.url, limits: limits) { status in
            Self.answered(status, exchange.headers, definition, now)
        }
    }

    /// - Parameter judged: what an answer that came whole means.
    init(
        _ exchange: WebhookExchange, with url: WebhookURL, limits: WebhookLimits,
        judged: (HTTPResponseStatus) -> Outcome
    ) {
        if let failure = exchange.failure {
            self = WebhookFailure(exchange: exchange, url: url, limits: limits).outcome(of: failure)
        } else if let status = exchange.status {
            self = judged(status)
        } else {
            self.init(kind: .unknown, verdict: .transient, reach: exchange.reach, error: "no answer was read")
        }
        // Also of an answer that broke off: its status and first bytes tell people what happened.
        httpStatus = exchange.status.map { Int($0.code) }
        output = exchange.output.text
        outputTruncated = exchange.output.isTruncated
    }

    private static func answered(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ definition: WebhookDefinition, _ now: Instant
    ) -> Outcome {
        let code = Int(status.code)
        guard !definition.successStatuses.contains(code) else { return .success }
        let isTransient = status.mayPass
        var outcome = Outcome(
            kind: .httpError, verdict: isTransient ? .transient : .permanent, reach: .answered,
            error: message(status, headers, definition))
        if isTransient, let wait = headers.first(name: "retry-after") {
            outcome.retryAfter = RetryAfter.wait(wait, now: now)
        }
        outcome.disablesJob = code == 410
        return outcome
    }

    private static func message(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ definition: WebhookDefinition)
        -> String
    {
        var text = "\(definition.url.endpoint) answered \(status.code) \(status.reasonPhrase)"
        if (300...399).contains(status.code), let location = headers.first(name: "location") {
            text += " to \(location.prefix(512)); redirects are not followed"
        }
        return BoundedText.message(text)
    }

    static let tooLargeBody = Outcome(
        kind: .permanent, verdict: .permanent, reach: .nothingSent,
        error: "the body has more bytes than the limit of \(WebhookBody.maxBytes)")
}

extension HTTPResponseStatus {
    /// Whether the same request may be answered otherwise later.
    var mayPass: Bool { code == 408 || code == 425 || code == 429 || (500...599).contains(code) }
}
