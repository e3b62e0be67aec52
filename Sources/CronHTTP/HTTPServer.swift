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
    /// Secrets that sign nothing here, and whose tokens are good: the one before, or the one to come.
    package var acceptedJWTSecrets: [[UInt8]] = []
    /// Requests a minute of one account, key or address; nil lets all in.
    package var rateLimit: Int?
    package var accessLife = Span.minutes(15)
    package var refreshLife = Span.days(30)
    package var passwordCost = ScryptCost.standard
    /// Whether there is more than health and metrics.
    package var servesAPI = true
    /// Whose `X-Forwarded-For` is believed.
    package var trustedProxies = TrustedProxies.none

    /// Where requests and attempts to sign in are counted for all nodes; nil counts those of this server only.
    package var counter: (any RateCounter)?

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

    private let gate: Gate
    private let proxies: TrustedProxies
    private let clock: any EngineClock
    private let node: @Sendable () -> NodeID

    /// - Parameters:
    ///   - events: what people who watch are told.
    ///   - vault: seals secrets.
    ///   - node: this process's incarnation, which may change.
    ///   - metrics: the metrics in Prometheus text form.
    ///   - readiness: whether this node can do its work now.
    package init(
        store: any Store, actions: ActionRegistry, signal: any EngineSignal, events: any EventChannel, vault: Vault,
        settings: HTTPSettings, node: @escaping @Sendable () -> NodeID, metrics: @escaping @Sendable () async -> String,
        readiness: @escaping @Sendable () async -> Readiness
    ) async throws(HTTPSetupError) {
        for secret in [settings.jwtSecret] + settings.acceptedJWTSecrets
        where secret.count != HTTPSettings.jwtSecretBytes {
            throw .secretLength(found: secret.count)
        }
        let counter = settings.counter ?? LocalCounter(clock: store.clock)
        let tokens = await Tokens(
            secret: settings.jwtSecret, others: settings.acceptedJWTSecrets, life: settings.accessLife,
            clock: store.clock)
        let identities = Identities(store: store)
        let accounts = Accounts(
            store: store, registration: settings.registration, setupCode: settings.setupCode,
            onFirstAccount: settings.onFirstAccount, passwords: Passwords(cost: settings.passwordCost), tokens: tokens,
            refreshTokens: RefreshTokens(store: store, life: settings.refreshLife),
            throttle: LoginThrottle(clock: store.clock, counter: counter), identities: identities)
        let jobs = JobControl(store: store, actions: actions, signal: signal, vault: vault)
        let people = People(accounts: accounts)
        let table = Self.table(
            accounts: AccountRoutes(accounts: accounts, people: people), people: PeopleRoutes(people: people),
            keys: APIKeyRoutes(store: store, identities: identities),
            secrets: SecretRoutes(secrets: SecretControl(store: store, vault: vault)), audit: AuditRoutes(store: store),
            jobs: JobRoutes(jobs: jobs), runs: RunRoutes(runs: RunControl(store: store, signal: signal)),
            events: EventRoutes(events: events, jobs: jobs, clock: store.clock),
            health: HealthRoutes(store: store, metricsText: metrics, readiness: readiness))
        self.table =
            settings.servesAPI ? table : RouteTable(routes: table.routes.filter { !$0.path.hasPrefix("/api/") })
        gate = Gate(
            signIn: SignIn(tokens: tokens, identities: identities), audit: store,
            limit: settings.rateLimit.map { RateLimit(perMinute: $0, counter: counter) })
        proxies = settings.trustedProxies
        clock = store.clock
        self.node = node
    }

    private static func table(
        accounts: AccountRoutes, people: PeopleRoutes, keys: APIKeyRoutes, secrets: SecretRoutes,
        audit: AuditRoutes, jobs: JobRoutes,
        runs: RunRoutes, events: EventRoutes, health: HealthRoutes
    ) -> RouteTable {
        RouteTable(routes: [
            Route(.get, "/livez", .open, health.live),
            Route(.get, "/readyz", .open, health.ready),
            Route(.get, "/metrics", .open, health.metrics),

            Route(.post, "/api/v1/auth/register", .open, accounts.register),
            Route(.post, "/api/v1/auth/login", .open, accounts.login),
            Route(.post, "/api/v1/auth/refresh", .open, accounts.refresh),
            Route(.post, "/api/v1/auth/logout", .open, accounts.logout),
            Route(.post, "/api/v1/auth/reset", .open, accounts.choosePassword),
            Route(.get, "/api/v1/me", .signedIn, accounts.me),
            Route(.patch, "/api/v1/me", .signedIn, accounts.rename),
            Route(.post, "/api/v1/me/password", .signedIn, accounts.changePassword),

            Route(.get, "/api/v1/users", .people(.read), people.list),
            Route(.post, "/api/v1/users", .people(.write), people.create),
            Route(.get, "/api/v1/users/{id}", .people(.read), people.read),
            Route(.patch, "/api/v1/users/{id}", .people(.write), people.edit),
            Route(.post, "/api/v1/users/{id}/password-reset", .people(.write), people.reset),

            Route(.get, "/api/v1/api-keys", .signedIn, keys.list),
            Route(.post, "/api/v1/api-keys", .signedIn, keys.create),
            Route(.get, "/api/v1/api-keys/{id}", .signedIn, keys.read),
            Route(.delete, "/api/v1/api-keys/{id}", .signedIn, keys.delete),

            Route(.get, "/api/v1/secrets", .settings(.read), secrets.list),
            Route(.get, "/api/v1/secrets/{name}", .settings(.read), secrets.read),
            Route(.put, "/api/v1/secrets/{name}", .settings(.write), secrets.put),
            Route(.delete, "/api/v1/secrets/{name}", .settings(.write), secrets.delete),

            Route(.get, "/api/v1/audit", .audit(.read), audit.list),
            Route(.get, "/api/v1/audit/export", .audit(.read), audit.export),

            Route(.get, "/api/v1/jobs", .jobs(.read), jobs.list),
            Route(.post, "/api/v1/jobs", .jobs(.write), jobs.create),
            Route(.post, "/api/v1/jobs/bulk", .jobs(.write), jobs.createMany),
            Route(.put, "/api/v1/jobs/by-name/{name}", .jobs(.write), jobs.upsert),
            Route(.get, "/api/v1/jobs/{id}", .jobs(.read), jobs.read),
            Route(.put, "/api/v1/jobs/{id}", .jobs(.write), jobs.replace),
            Route(.patch, "/api/v1/jobs/{id}", .jobs(.write), jobs.merge),
            Route(.delete, "/api/v1/jobs/{id}", .jobs(.write), jobs.delete),
            Route(.post, "/api/v1/jobs/{id}/pause", .jobs(.operate), jobs.pause),
            Route(.post, "/api/v1/jobs/{id}/resume", .jobs(.operate), jobs.resume),
            Route(.post, "/api/v1/jobs/{id}/trigger", .jobs(.operate), jobs.trigger),
            Route(.post, "/api/v1/jobs/{id}/cancel", .jobs(.operate), jobs.cancel),
            Route(.post, "/api/v1/schedules/preview", .jobs(.read), jobs.preview),

            Route(.get, "/api/v1/runs", .jobs(.read), runs.list),
            Route(.get, "/api/v1/runs/{id}", .jobs(.read), runs.read),
            Route(.get, "/api/v1/runs/{id}/attempts", .jobs(.read), runs.attempts),
            Route(.get, "/api/v1/runs/{id}/events", .jobs(.read), runs.events),
            Route(.post, "/api/v1/runs/{id}/cancel", .jobs(.operate), runs.cancel),
            Route(.post, "/api/v1/runs/{id}/redrive", .jobs(.operate), runs.redrive),
            Route(.post, "/api/v1/runs/{id}/discard", .jobs(.operate), runs.discard),
            Route(.get, "/api/v1/dead-letters", .jobs(.read), runs.deadLetters),
            Route(.post, "/api/v1/dead-letters/redrive", .jobs(.operate), runs.redriveMany),
            Route(.post, "/api/v1/dead-letters/discard", .jobs(.operate), runs.discardMany),

            Route(.get, "/api/v1/events", .jobs(.read), events.stream),
            Route(.get, "/api/v1/nodes", .jobs(.read), health.nodes),
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
        router.on(RouterPath(route.path), method: route.method) { [gate] request, context in
            try await gate.pass(route, request, context)
        }
    }
}
