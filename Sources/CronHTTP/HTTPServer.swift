package import CronEngine
package import CronModel
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore

/// All routes and the order of their middleware.
package struct HTTPServer: Sendable {
    private let parts: Parts

    package init(_ parts: Parts) { self.parts = parts }

    package var router: Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.middlewares.add(EdgeMiddleware(node: parts.node))
        Health(parts).add(to: router)

        let auth = AuthRoutes(
            store: parts.store, settings: parts.auth, passwords: Passwords(), tokens: parts.tokens,
            throttle: LoginThrottle(clock: parts.store.clock))
        auth.addOpen(to: router.group("/api/v1"))

        let api = router.group("/api/v1").add(middleware: Authenticator(tokens: parts.tokens))
        auth.add(to: api)
        JobRoutes(control: parts.jobs).add(to: api)
        RunRoutes(control: parts.runs).add(to: api)
        ScheduleRoutes(clock: parts.store.clock).add(to: api)
        api.get("/nodes") { _, _ in
            JSONAnswer.page(Page(items: try await parts.store.nodes(), next: nil), Shape.node)
        }
        return router
    }

    /// What the server is made of.
    package struct Parts: Sendable {
        package var node: NodeID
        package var store: any Store
        package var jobs: JobControl
        package var runs: RunControl
        package var tokens: Tokens
        package var auth: AuthSettings
        /// The Prometheus text.
        package var metrics: @Sendable () async -> String
        /// Why the node does not take work now, or nil when it does.
        package var unreadiness: @Sendable () async -> String?

        package init(
            node: NodeID, store: any Store, jobs: JobControl, runs: RunControl, tokens: Tokens, auth: AuthSettings,
            metrics: @escaping @Sendable () async -> String, unreadiness: @escaping @Sendable () async -> String?
        ) {
            self.node = node
            self.store = store
            self.jobs = jobs
            self.runs = runs
            self.tokens = tokens
            self.auth = auth
            self.metrics = metrics
            self.unreadiness = unreadiness
        }
    }

    /// The server on a socket.
    /// - Parameter onReady: called with the port once it listens.
    package func application(
        host: String, port: Int, logger: Logger, onReady: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "cronpp"),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) }, logger: logger)
    }
}

/// `/livez`, `/readyz`, `/metrics`.
private struct Health {
    let parts: HTTPServer.Parts

    init(_ parts: HTTPServer.Parts) { self.parts = parts }

    func add(to router: Router<APIContext>) {
        router.get("/livez") { _, _ in text("ok\n", .ok) }
        router.get("/readyz") { _, _ in
            let reason = await parts.unreadiness()
            return text(reason.map { "\($0)\n" } ?? "ok\n", reason == nil ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in text(await parts.metrics(), .ok, type: "text/plain; version=0.0.4") }
    }

    private func text(_ text: String, _ status: HTTPResponse.Status, type: String = "text/plain; charset=utf-8")
        -> Response
    {
        var headers = HTTPFields()
        headers[.contentType] = type
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
