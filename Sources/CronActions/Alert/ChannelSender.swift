import CronModel
import CronSchedule
import NIOHTTP1

/// Sends messages by channels: what is made ready by a `AlertChannel` goes out here, and every end is an `Outcome`. Whoever has
/// something to tell uses it: alert actions, tests of channels.
struct ChannelSender: Sendable {
    /// Look-up, dial and TLS, and all of it. A mail's are its carrier's.
    static let limits = WebhookLimits(connect: WebhookDefinition.longestConnect, read: nil, total: .seconds(15))
    /// Mails of one space at once, so that one space's slow server leaves threads to others.
    static let mailsPerSpace = 4

    let hosts: OutboundHosts
    let client: WebhookClient
    let carrier: any MailCarrier
    let userAgent: String
    /// The system's clock.
    let now: @Sendable () -> Instant
    private let mailSlots = Slots<UserID>()

    init(
        hosts: OutboundHosts, client: WebhookClient, carrier: any MailCarrier, userAgent: String,
        now: @escaping @Sendable () -> Instant
    ) {
        self.hosts = hosts
        self.client = client
        self.carrier = carrier
        self.userAgent = userAgent
        self.now = now
    }

    /// One message, once. A task that is cancelled gives it up.
    /// - Parameters:
    ///   - person: of a channel that knows people, whom it is for.
    ///   - space: whose channel it is.
    ///   - hiding: takes secrets out of what services answer, before any of it is cut.
    func send(
        _ message: AlertMessage, by channel: any AlertChannel, for person: String?, of space: UserID,
        hiding: @escaping @Sendable (String) -> String = { $0 }
    ) async -> Outcome {
        do throws(ChannelProblem) {
            switch try channel.parcel(message, for: person) {
            case .request(let request): return await send(request, by: channel, hiding)
            case .mail(let mail, let server, let host):
                return await send(mail, by: server, host, of: space, hiding)
            }
        } catch {
            return .refused(error.message)
        }
    }

    private func send(
        _ request: ChannelRequest, by channel: any AlertChannel, _ hiding: (String) -> String
    ) async -> Outcome {
        let exchange = await client.exchange(WebhookRequest(request, userAgent: userAgent), limits: Self.limits)
        return Outcome(exchange, with: request.url, limits: Self.limits) { status in
            let answer = ChannelAnswer(
                status: status, headers: exchange.headers, text: hiding(exchange.output.text ?? ""), now: now())
            return Outcome(channel.verdict(answer))
        }
    }

    private func send(
        _ mail: MailMessage, by server: SMTPServer, _ host: HostLiteral, of space: UserID,
        _ hiding: @escaping @Sendable (String) -> String
    ) async -> Outcome {
        let sent = await mailSlots.take(space, of: Self.mailsPerSpace) {
            do {
                let addresses = try await hosts.addresses(of: host)
                return Outcome(await carrier.send(mail, by: server, at: addresses, hiding: hiding))
            } catch {
                return Outcome(unreachable: error)
            }
        }
        guard let sent, !(Task.isCancelled && sent.kind == .shutdown) else { return .cancelled(.nothingSent) }
        return sent
    }
}

extension Outcome {
    /// What an answer means that was read.
    init(_ verdict: ChannelVerdict) {
        switch verdict {
        case .accepted: self = .success
        case .refused(let reason):
            self.init(
                kind: .httpError, verdict: .permanent, reach: .answered, error: BoundedText.message(reason))
        case .later(let reason, let wait):
            self.init(
                kind: .httpError, verdict: .transient, reach: .answered, error: BoundedText.message(reason))
            retryAfter = wait
        }
    }

    /// Why no address of a host may be dialled.
    fileprivate init(unreachable error: any Error) {
        if error is CancellationError {
            self = .cancelled(.nothingSent)
        } else if let refusal = error as? AddressRefusal {
            self.init(kind: .connectError, verdict: .permanent, reach: .nothingSent, error: refusal.message)
        } else {
            let message = (error as? UnresolvedName)?.message ?? "\(error)"
            self.init(
                kind: .connectError, verdict: .transient, reach: .nothingSent, error: BoundedText.message(message))
        }
    }

    /// What became of a mail. One of which the server has not heard the end has not been sent.
    init(_ mail: MailOutcome) {
        switch mail {
        case .accepted(let reply):
            self = .success
            output = reply
        case .failed(let failure):
            self.init(
                kind: failure.outcomeKind, verdict: failure.verdict == .permanent ? .permanent : .transient,
                reach: failure.reach, error: BoundedText.message(failure.text))
        }
    }
}

extension MailFailure {
    fileprivate var outcomeKind: Outcome.Kind {
        switch kind {
        case .connect, .unavailable: .connectError
        case .tls: .tlsError
        case .timeout: .timeout
        case .authentication, .refused: .smtpError
        case .unknown: .unknown
        case .busy: .notSent
        case .closed: .shutdown
        }
    }

    fileprivate var reach: Outcome.Reach {
        switch kind {
        case .unknown: .maybeSent
        case .refused: .answered
        case .connect, .unavailable, .tls, .timeout, .authentication, .busy, .closed: .nothingSent
        }
    }
}
