import AsyncHTTPClient
package import CronModel
package import CronSchedule
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Calls a URL. One attempt is at most one request: no redirects, no second dial, no re-send.
package final class WebhookAction: ActionRunner {
    /// For the whole node: a host that does not answer a SYN within it is down.
    static let connectTimeout = Span.seconds(10)
    /// Bytes of an answer that are read at all; of these the first `Outcome.outputLimitBytes` are kept.
    static let readLimitBytes = 1_048_576
    /// Connections to one host, as many as attempts may be under way on a node.
    static let connectionsPerHost = 1_024

    package let type = "webhook"
    package let secretFields: Set<String> = ["signing_secret"]

    private let client: HTTPClient
    private let addresses: AddressGuard
    private let now: @Sendable () -> Instant
    private let userAgent: String

    package init(addresses: AddressGuard, userAgent: String, now: @escaping @Sendable () -> Instant) {
        self.addresses = addresses
        self.userAgent = userAgent
        self.now = now
        client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: Self.configuration(addresses))
    }

    package func shutdown() async { try? await client.shutdown() }

    package func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        var (webhook, problems) = WebhookDefinition.read(definition)
        if !webhook.host.isEmpty, let kind = addresses.refusal(ofHost: webhook.host) {
            let refusal = AddressRefusal(address: webhook.host, kind: kind)
            problems.append(FieldProblem(field: "action.url", message: refusal.description))
        }
        return problems
    }

    package func run(_ attempt: AttemptContext) async -> Outcome {
        let (webhook, problems) = WebhookDefinition.read(attempt.action)
        if let problem = problems.first { return WebhookOutcome.permanent("\(problem.field) \(problem.message)") }
        if let kind = addresses.refusal(ofHost: webhook.host) {
            return WebhookOutcome.refused(AddressRefusal(address: webhook.host, kind: kind))
        }
        do throws(BodyTemplate.Problem) {
            let request = try WebhookRequest.make(webhook, attempt, now: now(), userAgent: userAgent)
            return await send(request, webhook, deadline: attempt.timeout)
        } catch {
            return WebhookOutcome.permanent(error.message)
        }
    }

    private func send(_ request: HTTPClientRequest, _ webhook: WebhookDefinition, deadline: Span) async -> Outcome {
        guard let readTimeout = webhook.readTimeout, readTimeout < deadline else {
            return await exchange(request, webhook, deadline: deadline, progress: nil)
        }
        let progress = ReadProgress()
        return await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await self.exchange(request, webhook, deadline: deadline, progress: progress) }
            group.addTask { await Self.watch(readTimeout, progress) }
            let first = await group.next() ?? nil
            group.cancelAll()
            let second = await group.next() ?? nil
            return first ?? second ?? WebhookOutcome.permanent("no outcome")
        }
    }

    /// Ends with a timeout outcome when nothing was read for a while; with nil when the exchange ended first.
    private static func watch(_ readTimeout: Span, _ progress: ReadProgress) async -> Outcome? {
        var seen = -1
        while progress.count != seen {
            seen = progress.count
            do { try await Task.sleep(for: .microseconds(readTimeout.microseconds)) } catch { return nil }
        }
        return Outcome(
            kind: .timeout, verdict: .transient, reach: seen > 0 ? .answered : .maybeSent,
            error: "nothing was read for \(readTimeout)")
    }

    private func exchange(
        _ request: HTTPClientRequest, _ webhook: WebhookDefinition, deadline: Span, progress: ReadProgress?
    ) async -> Outcome {
        var hasAnswer = false
        do {
            let response = try await client.execute(request, timeout: .microseconds(deadline.microseconds))
            hasAnswer = true
            progress?.step()
            var kept: [UInt8] = []
            var read = 0
            for try await chunk in response.body {
                progress?.step()
                read += chunk.readableBytes
                kept.append(contentsOf: chunk.readableBytesView.prefix(Outcome.outputLimitBytes - kept.count))
                // Leaving the loop drops the body, which closes the connection.
                if read > Self.readLimitBytes { break }
            }
            return WebhookOutcome.answered(
                webhook, status: response.status, headers: response.headers,
                output: String(decoding: kept, as: UTF8.self),
                truncated: read > kept.count, now: now())
        } catch {
            return WebhookOutcome.failed(error, webhook, hasAnswer: hasAnswer)
        }
    }

    private static func configuration(_ addresses: AddressGuard) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .microseconds(connectTimeout.microseconds)
        configuration.decompression = .disabled
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerHost
        // A refused address would be dialled again until the connect timeout.
        configuration.connectionPool.retryConnectionEstablishment = false
        let check: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
            channel.eventLoop.makeCompletedFuture { try Self.check(channel.remoteAddress, addresses) }
        }
        configuration.http1_1ConnectionDebugInitializer = check
        configuration.http2ConnectionDebugInitializer = check
        return configuration
    }

    /// Runs on each new connection before a request byte is written.
    private static func check(_ remote: SocketAddress?, _ addresses: AddressGuard) throws {
        guard let remote, let address = NetworkAddress(socket: remote) else {
            throw AddressRefusal(address: "an unknown address", kind: "not an IP address")
        }
        if let kind = addresses.refusal(of: address) {
            throw AddressRefusal(address: remote.ipAddress ?? "\(remote)", kind: kind)
        }
    }
}

/// How often an exchange has read something.
private final class ReadProgress: Sendable {
    private let steps = Atomic<Int>(0)

    var count: Int { steps.load(ordering: .relaxed) }

    func step() { steps.add(1, ordering: .relaxed) }
}
