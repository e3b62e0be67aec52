import AsyncHTTPClient
import CronModel
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// One way to a receiver: its origin, the judged address that is dialled for it, and what is proved and believed there. No
/// connection serves two keys: one that was made with a client's certificate, or with roots of somebody's choice, must not
/// carry the requests of others.
struct RouteKey: Hashable, Sendable {
    let url: WebhookURL.Origin
    let address: IPAddress
    var identity: TLSIdentity?
}

/// The connections of one route.
struct Route: Sendable {
    let client: HTTPClient
    let dials: DialLog
}

/// All routes of a node, made when they are needed. Each has a client of its own, because that is where async-http-client
/// takes the address of a name from: by its `dnsOverride` it dials the address that was judged, while `Host`, SNI and the
/// certificate stay those of the name.
final class Routes: Sendable {
    /// More than this many are kept only while attempts use them. Their connections close earlier, by idleness.
    static let idleLimit = 256

    private struct Entry {
        let route: Route
        var users = 0
        var lastUse = 0
    }

    private struct State {
        var entries: [RouteKey: Entry] = [:]
        var uses = 0
        var isShutDown = false
    }

    private let state = Mutex(State())
    private let addresses: AddressGuard
    private let attempts: AttemptsInFlight
    private let logger: Logger
    private let adjust: @Sendable (inout HTTPClient.Configuration) -> Void

    /// `adjust` is for tests, which trust their own certificates.
    init(
        addresses: AddressGuard, attempts: AttemptsInFlight, logger: Logger,
        adjust: @escaping @Sendable (inout HTTPClient.Configuration) -> Void = { _ in }
    ) {
        self.addresses = addresses
        self.attempts = attempts
        self.logger = logger
        self.adjust = adjust
    }

    var count: Int { state.withLock { $0.entries.count } }
    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    /// Each route taken must be given back. Nil after `shutdown`.
    func take(_ key: RouteKey) -> Route? {
        let (route, stale) = state.withLock { state -> (Route?, Route?) in
            guard !state.isShutDown else { return (nil, nil) }
            state.uses += 1
            let stale = state.entries[key] == nil ? Self.removeStale(&state) : nil
            var entry = state.entries[key] ?? Entry(route: makeRoute(key))
            entry.users += 1
            entry.lastUse = state.uses
            state.entries[key] = entry
            return (entry.route, stale)
        }
        stale?.client.shutdown { [logger] error in
            if let error { logger.warning("a webhook client did not close", metadata: ["error": "\(error)"]) }
        }
        return route
    }

    func giveBack(_ key: RouteKey) {
        state.withLock { $0.entries[key]?.users -= 1 }
    }

    func shutdown() async {
        let all = state.withLock { state in
            state.isShutDown = true
            defer { state.entries = [:] }
            return Array(state.entries.values)
        }
        await withTaskGroup(of: Void.self) { group in
            for entry in all {
                group.addTask {
                    do { try await entry.route.client.shutdown() } catch {
                        self.logger.warning("a webhook client did not close", metadata: ["error": "\(error)"])
                    }
                }
            }
        }
    }

    /// Makes room for one more by removing the idle route that was used longest ago.
    private static func removeStale(_ state: inout State) -> Route? {
        guard state.entries.count >= idleLimit else { return nil }
        let idle = state.entries.filter { $0.value.users == 0 }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
        return state.entries.removeValue(forKey: oldest.key)?.route
    }

    private func makeRoute(_ key: RouteKey) -> Route {
        let dials = DialLog()
        var configuration = Self.configuration(ConnectionGuard(addresses: addresses, attempts: attempts, dials: dials))
        if case .name(let name) = key.url.host { configuration.dnsOverride = [name: key.address.description] }
        if key.url.isSecure {
            var tls = TLSConfiguration.makeClientConfiguration()
            // NIOSSL's own default begins with 1.0, which RFC 8996 forbids.
            tls.minimumTLSVersion = .tlsv12
            tls.trustRoots = TrustedRoots.system
            key.identity?.apply(to: &tls)
            configuration.tlsConfiguration = tls
        }
        adjust(&configuration)
        let client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration,
            backgroundActivityLogger: logger)
        return Route(client: client, dials: dials)
    }

    private static func configuration(_ connections: ConnectionGuard) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        configuration.timeout.connect = TimeAmount(WebhookDefinition.longestConnect)
        configuration.httpVersion = .automatic
        // As many as attempts may be under way on a node.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
        // Shorter than the keep-alive of common servers (60-75 s), so that a reused connection is seldom a dead one.
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Otherwise a port that refuses is dialled again and again until the connect timeout.
        configuration.connectionPool.retryConnectionEstablishment = false
        // A tracer would add a second `traceparent`.
        configuration.tracing.tracer = nil
        configuration.http1_1ConnectionDebugInitializer = { connections.prepareHTTP1($0) }
        configuration.http2ConnectionDebugInitializer = { connections.prepareHTTP2($0) }
        configuration.http2StreamChannelDebugInitializer = { connections.prepareHTTP2Stream($0) }
        return configuration
    }
}
