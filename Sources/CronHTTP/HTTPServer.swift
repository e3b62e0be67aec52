package import CronEngine
package import CronModel
package import CronSchedule
package import Hummingbird

/// What the server needs to know besides its collaborators. Secrets come from configuration.
package struct HTTPSettings: Sendable {
    package static let jwtSecretBytes = 32

    package var registration: Registration
    /// Needed for the first account where registration is `first`.
    package var setupCode: String?
    package var onFirstAccount: @Sendable () -> Void = {}
    package var jwtSecret: [UInt8]
    package var accessLife = Span.minutes(15)
    package var refreshLife = Span.days(30)
    package var passwordCost = ScryptCost.standard
    /// Whether there is more than health and metrics.
    package var servesAPI = true
    /// Whose `X-Forwarded-For` is believed.
    package var trustedProxies = TrustedProxies.none

    /// Where attempts to sign in are counted for all nodes; nil counts those of this server only.
    package var attempts: (any RateCounter)?

    package init(registration: Registration, setupCode: String? = nil, jwtSecret: [UInt8]) {
        self.registration = registration
        self.setupCode = setupCode
        self.jwtSecret = jwtSecret
    }
}

/// Why a server cannot be made of the settings.
package enum HTTPSetupError: Error, Hashable, Sendable {
    case secretLength(found: Int)
}

/// The REST API: every route and the order of the middleware on one page.
package struct HTTPServer: Sendable {
    package let table: RouteTable

    private let signIn: SignIn
    private let proxies: TrustedProxies
    private let clock: any EngineClock
    private let node: @Sendable () -> NodeID

    /// - Parameters:
    ///   - events: what people who watch are told.
    ///   - node: this process's incarnation, which may change.
    ///   - metrics: the metrics in Prometheus text form.
    ///   - readiness: whether this node can do its work now.
    package init(
        store: any Store, actions: ActionRegistry, signal: any EngineSignal, events: any EventChannel,
        settings: HTTPSettings, node: @escaping @Sendable () -> NodeID, metrics: @escaping @Sendable () async -> String,
        readiness: @escaping @Sendable () async -> Readiness
    ) async throws(HTTPSetupError) {
        guard settings.jwtSecret.count == HTTPSettings.jwtSecretBytes else {
            throw .secretLength(found: settings.jwtSecret.count)
        }
        let tokens = await Tokens(secret: settings.jwtSecret, life: settings.accessLife, clock: store.clock)
        let accounts = Accounts(
            store: store, registration: settings.registration, setupCode: settings.setupCode,
            onFirstAccount: settings.onFirstAccount, passwords: Passwords(cost: settings.passwordCost), tokens: tokens,
            refreshTokens: RefreshTokens(store: store, life: settings.refreshLife),
            throttle: LoginThrottle(
                clock: store.clock, counter: settings.attempts ?? LocalCounter(clock: store.clock)))
        let jobs = JobControl(store: store, actions: actions, signal: signal)
        let table = Self.table(
            accounts: AccountRoutes(accounts: accounts), jobs: JobRoutes(jobs: jobs),
            runs: RunRoutes(runs: RunControl(store: store, signal: signal)),
            events: EventRoutes(events: events, jobs: jobs, clock: store.clock),
            health: HealthRoutes(store: store, metricsText: metrics, readiness: readiness))
        self.table =
            settings.servesAPI ? table : RouteTable(routes: table.routes.filter { !$0.path.hasPrefix("/api/") })
        signIn = SignIn(tokens: tokens)
        proxies = settings.trustedProxies
        clock = store.clock
        self.node = node
    }

    private static func table(
        accounts: AccountRoutes, jobs: JobRoutes, runs: RunRoutes, events: EventRoutes, health: HealthRoutes
    ) -> RouteTable {
        RouteTable(routes: [
            Route(.get, "/livez", .open, health.live),
            Route(.get, "/readyz", .open, health.ready),
            Route(.get, "/metrics", .open, health.metrics),

            Route(.post, "/api/v1/auth/register", .open, accounts.register),
            Route(.post, "/api/v1/auth/login", .open, accounts.login),
            Route(.post, "/api/v1/auth/refresh", .open, accounts.refresh),
            Route(.post, "/api/v1/auth/logout", .open, accounts.logout),
            Route(.get, "/api/v1/me", .signedIn, accounts.me),

            Route(.get, "/api/v1/jobs", .signedIn, jobs.list),
            Route(.post, "/api/v1/jobs", .signedIn, jobs.create),
            Route(.post, "/api/v1/jobs/bulk", .signedIn, jobs.createMany),
            Route(.put, "/api/v1/jobs/by-name/{name}", .signedIn, jobs.upsert),
            Route(.get, "/api/v1/jobs/{id}", .signedIn, jobs.read),
            Route(.put, "/api/v1/jobs/{id}", .signedIn, jobs.replace),
            Route(.patch, "/api/v1/jobs/{id}", .signedIn, jobs.merge),
            Route(.delete, "/api/v1/jobs/{id}", .signedIn, jobs.delete),
            Route(.post, "/api/v1/jobs/{id}/pause", .signedIn, jobs.pause),
            Route(.post, "/api/v1/jobs/{id}/resume", .signedIn, jobs.resume),
            Route(.post, "/api/v1/jobs/{id}/trigger", .signedIn, jobs.trigger),
            Route(.post, "/api/v1/jobs/{id}/cancel", .signedIn, jobs.cancel),
            Route(.post, "/api/v1/schedules/preview", .signedIn, jobs.preview),

            Route(.get, "/api/v1/runs", .signedIn, runs.list),
            Route(.get, "/api/v1/runs/{id}", .signedIn, runs.read),
            Route(.get, "/api/v1/runs/{id}/attempts", .signedIn, runs.attempts),
            Route(.get, "/api/v1/runs/{id}/events", .signedIn, runs.events),
            Route(.post, "/api/v1/runs/{id}/cancel", .signedIn, runs.cancel),
            Route(.post, "/api/v1/runs/{id}/redrive", .signedIn, runs.redrive),
            Route(.post, "/api/v1/runs/{id}/discard", .signedIn, runs.discard),
            Route(.get, "/api/v1/dead-letters", .signedIn, runs.deadLetters),
            Route(.post, "/api/v1/dead-letters/redrive", .signedIn, runs.redriveMany),
            Route(.post, "/api/v1/dead-letters/discard", .signedIn, runs.discardMany),

            Route(.get, "/api/v1/events", .signedIn, events.stream),
            Route(.get, "/api/v1/nodes", .signedIn, health.nodes),
        ])
    }

    /// The first middleware is the outermost.
    package func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RequestIdentity())
        router.add(middleware: NodeHeader(node: node))
        router.add(middleware: ClientAddress(proxies: proxies))
        router.add(middleware: AccessLog(clock: clock))
        router.add(middleware: ProblemAnswers(routes: table))
        router.add(middleware: BodyLimit())
        for route in table.routes { add(route, to: router) }
        return router
    }

    private func add(_ route: Route, to router: Router<APIContext>) {
        router.on(RouterPath(route.path), method: route.method) { [signIn] request, context in
            let signedIn = route.access == .signedIn ? try await signIn.check(request) : nil
            return try await route.handler(APIRequest(http: request, context: context, signedIn: signedIn))
        }
    }
}
