import AsyncHTTPClient
import CronModel
import CronSchedule
import Logging
import NIOCore
import NIOPosix

/// Makes the requests of all webhooks.
final class WebhookClient: Sendable {
    /// More addresses of one name are not tried in one attempt.
    private static let maxAddresses = 4

    private let attempts = AttemptsInFlight()
    private let hosts: OutboundHosts
    private let routes: Routes

    /// `connecting` judges the other ends of connections, and `adjust` changes how they are made: both are for tests.
    init(
        hosts: OutboundHosts, connecting: AddressGuard? = nil, logger: Logger,
        adjust: @escaping @Sendable (inout HTTPClient.Configuration) -> Void = { _ in }
    ) {
        self.hosts = hosts
        routes = Routes(addresses: connecting ?? hosts.addresses, attempts: attempts, logger: logger, adjust: adjust)
    }

    func shutdown() async { await routes.shutdown() }

    /// Makes the request and reads its answer, within all limits.
    /// - Parameter reached: told how far it gets.
    func exchange(
        _ request: WebhookRequest, limits: WebhookLimits, reached: (@Sendable (AttemptMark) -> Void)? = nil
    ) async -> WebhookExchange {
        let progress = AttemptProgress(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any(), limits: limits, onSent: { reached?(.sent) })
        return await withTaskGroup(of: Event.self) { group in
            group.addTask { .ended(await self.perform(request, limits, progress, reached)) }
            group.addTask { .expired(await progress.firstExpiry()) }
            var expiry: AttemptProgress.Expiry?
            for await event in group {
                switch event {
                case .expired(let limit):
                    expiry = limit
                    if limit != nil { group.cancelAll() }
                case .ended(var exchange):
                    group.cancelAll()
                    exchange.expiry = exchange.failure == nil ? nil : expiry
                    return exchange
                }
            }
            return WebhookExchange(reach: progress.end(), failure: CancellationError())
        }
    }

    private enum Event: Sendable {
        case ended(WebhookExchange)
        case expired(AttemptProgress.Expiry?)
    }

    private func perform(
        _ request: WebhookRequest, _ limits: WebhookLimits, _ progress: AttemptProgress,
        _ reached: (@Sendable (AttemptMark) -> Void)?
    ) async -> WebhookExchange {
        var exchange = WebhookExchange(reach: .nothingSent)
        do {
            let addresses = try await hosts.addresses(of: request.origin.host).prefix(Self.maxAddresses)
            reached?(.resolved)
            for (index, address) in addresses.enumerated() {
                exchange.address = address
                let isLast = index == addresses.count - 1
                let patience = isLast ? nil : Span.microseconds(limits.connect.microseconds / Int64(addresses.count))
                let key = RouteKey(url: request.origin, address: address, identity: request.identity)
                guard let route = routes.take(key) else { throw HTTPClientError.alreadyShutdown }
                defer { routes.giveBack(key) }
                do {
                    let response = try await dial(request, on: route, patience: patience, progress)
                    reached?(.answered)
                    try await read(response, into: &exchange, progress)
                    break
                } catch  where !isLast && progress.isUnsent && !Task.isCancelled && !routes.isShutDown {
                    continue
                }
            }
            progress.end()
            exchange.reach = .answered
        } catch {
            exchange.failure = error
            exchange.reach = progress.end()
            exchange.isShutDown = routes.isShutDown
        }
        return exchange
    }

    /// Sends the request by one route, or gives it up after `patience` so that the next address has its turn.
    private func dial(
        _ request: WebhookRequest, on route: Route, patience: Span?, _ progress: AttemptProgress
    ) async throws -> HTTPClientResponse {
        progress.beginAddress()
        guard let patience else { return try await send(request, on: route, progress) }
        return try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { group in
            group.addTask { try await self.send(request, on: route, progress) }
            group.addTask {
                guard await progress.pause(patience), progress.giveUpAddress() else { return nil }
                throw HTTPClientError.connectTimeout
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let response = result { return response }
            }
            throw CancellationError()
        }
    }

    /// Hands the request over again when a dial failed that another attempt takes for its own. Each time under a trace of
    /// its own, so that what was handed over before can never leave.
    private func send(
        _ request: WebhookRequest, on route: Route, _ progress: AttemptProgress
    ) async throws -> HTTPClientResponse {
        while true {
            let failuresBefore = route.dials.failures
            let traceParent = WebhookRequest.randomTraceParent()
            attempts.add(progress, traceParent: traceParent)
            defer { attempts.remove(traceParent: traceParent) }
            guard progress.beginDial(traceParent) else { throw CancellationError() }
            do {
                // The limits are kept by `progress`; this deadline only has to lie behind them.
                let request = request.clientRequest(traceParent: traceParent)
                let response = try await route.client.execute(request, timeout: .hours(48))
                progress.heard()
                return response
            } catch {
                guard progress.endDial(), !Task.isCancelled, !routes.isShutDown,
                    !route.dials.endsAttempt(failuresBefore: failuresBefore)
                else { throw error }
            }
        }
    }

    private func read(
        _ response: HTTPClientResponse, into exchange: inout WebhookExchange, _ progress: AttemptProgress
    ) async throws {
        exchange.status = response.status
        exchange.headers = response.headers
        for try await chunk in response.body {
            progress.heard()
            exchange.output.append(chunk)
            if exchange.output.isFull {
                exchange.output.cut()
                // Leaving the loop drops the body, which closes the connection.
                break
            }
        }
    }
}
