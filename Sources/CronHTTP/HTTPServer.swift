package import CronEngine
package import CronModel
package import CronSchedule
package import Hummingbird
package import Logging

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
    /// Most jobs of a space; nil for any number.
    package var jobQuota: Int?
    /// Most runs that a space may ask for in a minute; nil for any number.
    package var runQuota: Int?
    package var accessLife = Span.minutes(15)
    package var refreshLife = Span.days(30)
    package var passwordCost = ScryptCost.standard
    /// Whether there is more than health and metrics.
    package var servesAPI = true
    /// Whose `X-Forwarded-For` is believed.
    package var trustedProxies = TrustedProxies.none

    /// Where people reach the server, without a slash at the end; nil if nobody has said so.
    package var publicURL: String?
    /// Nil: no mail is sent.
    package var mail: MailSettings?
    /// For what is done outside of requests.
    package var logger = Logger(label: "cronpp.http")

    /// How connections are read and tried out; nil: there are none.
    package var connections: (any SettingKind)?
    /// The same of channels.
    package var channels: (any SettingKind)?

    /// Whether the events of this node are those of all nodes.
    package var hearsAllNodes = true

    /// What nodes lock by, for people; nil if nobody has said so.
    package var locks: String?

    /// Told with the API's description.
    package var version = "0"

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
    /// A template of the web interface is broken.
    case template(String)
}

/// The REST API and the web interface: who lists the routes, and the order of the middleware.
package struct HTTPServer: Sendable {
    package let table: RouteTable
    /// To be run beside the server; nil where no mail is sent.
    package let mails: ResetMails?

    private let gate: Gate
    /// Nil on a node that serves no API either.
    let web: Web?
    private let isSecurelyPublished: Bool
    private let proxies: TrustedProxies
    private let clock: any EngineClock
    private let node: @Sendable () -> NodeID

    /// - Parameters:
    ///   - events: what people who watch are told.
    ///   - outputs: what attempts write while they run.
    ///   - vault: seals secrets.
    ///   - node: this process's incarnation, which may change.
    ///   - metrics: the metrics in Prometheus text form.
    ///   - readiness: whether this node can do its work now.
    package init(
        store: any Store, actions: ActionRegistry, signal: any EngineSignal, events: any EventChannel,
        outputs: LiveOutputs, vault: Vault, settings: HTTPSettings, node: @escaping @Sendable () -> NodeID,
        metrics: @escaping @Sendable () async -> String,
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
        let signIn = SignIn(tokens: tokens, identities: identities)
        let resets = ResetTokens(store: store)
        let accounts = Accounts(
            store: store, registration: settings.registration, setupCode: settings.setupCode,
            onFirstAccount: settings.onFirstAccount, passwords: Passwords(cost: settings.passwordCost), tokens: tokens,
            refreshTokens: RefreshTokens(store: store, life: settings.refreshLife), resets: resets,
            throttle: LoginThrottle(clock: store.clock, counter: counter), identities: identities)
        let runQuota = settings.runQuota.map { RunQuota(perMinute: $0, counter: counter) }
        let jobs = JobControl(
            store: store, actions: actions, signal: signal, vault: vault, quota: settings.jobQuota, runQuota: runQuota)
        let runs = RunControl(store: store, signal: signal, runQuota: runQuota)
        let schema = JobSchema(actions)
        let people = People(accounts: accounts)
        let mails = settings.mail.map { ResetMails(settings: $0, tokens: resets, logger: settings.logger) }
        self.mails = mails
        let health = HealthRoutes(store: store, metricsText: metrics, readiness: readiness)
        let output = OutputRoutes(runs: runs, outputs: outputs, clock: store.clock, signIn: signIn)
        let used = UsedControls(settings, store: store, vault: vault, actions: actions, jobs: jobs)
        let ofSettings = [(used.connections, SettingWords.connection), (used.channels, .channel)].flatMap {
            control, words in control.map { SettingRoutes(settings: $0, words: words).routes } ?? []
        }
        let dryRuns = DryRunControl(store: store, actions: actions, vault: vault)
        let tests = ActionTestControl(store: store, actions: actions, vault: vault, runQuota: runQuota)
        let groups: [[Route]] = [
            AccountRoutes(accounts: accounts).routes,
            PasswordRoutes(accounts: accounts, throttle: ResetThrottle(counter: counter), mails: mails).routes,
            PeopleRoutes(people: people).routes,
            APIKeyRoutes(keys: APIKeys(store: store, identities: identities)).routes,
            SecretRoutes(secrets: used.secrets).routes,
            ofSettings,
            ActionRoutes(dryRuns: dryRuns, tests: tests, schema: schema).routes,
            JobTypeRoutes(types: used.types, schema: schema).routes,
            BulkRoutes(jobs: jobs).routes,
            JobRoutes(jobs: jobs, schema: schema).routes,
            AlertRoutes(store: store).routes,
            RunRoutes(runs: runs).routes,
            output.routes,
            EventRoutes(events: events, jobs: jobs, clock: store.clock, signIn: signIn).routes,
            AuditRoutes(store: store).routes,
        ]
        let ofAPI = groups.flatMap { $0 }
        let routes =
            settings.servesAPI ? ofAPI + health.routes : health.routes.filter { $0.access == .open }
        table = RouteTable(routes: routes + DocumentRoutes(describing: routes, version: settings.version).routes)
        let limit = settings.rateLimit.map { RateLimit(perMinute: $0, counter: counter) }
        gate = Gate(signIn: signIn, audit: store, limit: limit)
        do throws(WebTemplates.Fault) {
            web =
                settings.servesAPI
                ? try Web(
                    accounts: accounts, jobs: jobs, runs: runs, tests: tests, actions: actions, events: events,
                    outputs: output, used: used, store: store, limit: limit, settings: settings, node: node) : nil
        } catch {
            throw .template("\(error)")
        }
        isSecurelyPublished = settings.publicURL?.lowercased().hasPrefix("https://") == true
        proxies = settings.trustedProxies
        clock = store.clock
        self.node = node
    }

    /// The first middleware is the outermost.
    package func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RequestIdentity())
        router.add(middleware: NodeHeader(node: node))
        router.add(middleware: ClientAddress(proxies: proxies, isSecurelyPublished: isSecurelyPublished))
        router.add(middleware: AccessLog(clock: clock))
        router.add(middleware: ProblemAnswers(routes: table, web: web))
        router.add(middleware: BodyLimit())
        for route in table.routes { add(route, to: router) }
        web?.add(to: router)
        return router
    }

    private func add(_ route: Route, to router: Router<APIContext>) {
        router.on(RouterPath(route.path), method: route.method) { [gate] request, context in
            try await gate.pass(route, request, context)
        }
    }
}
