import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// The web interface: its pages, and what a request passes on the way to them.
struct Web: Sendable {
    let routes: [WebRoute]
    let site: WebSite
    private let gate: WebGate

    init(
        accounts: Accounts, jobs: JobControl, runs: RunControl, tests: ActionTestControl, actions: ActionRegistry,
        events: any EventChannel, outputs: OutputRoutes, used: UsedControls, store: any Store, limit: RateLimit?,
        settings: HTTPSettings, node: @escaping @Sendable () -> NodeID
    ) throws(WebTemplates.Fault) {
        let keys = WebKeys(secrets: [settings.jwtSecret] + settings.acceptedJWTSecrets)
        let counts = WebCounts(jobs: jobs, runs: runs, clock: store.clock)
        let assets = try WebAssets()
        site = WebSite(
            templates: try .ours(), assets: assets, keys: keys, counts: counts,
            live: WebLive(events: events, isComplete: settings.hearsAllNodes), clock: store.clock)
        gate = WebGate(
            site: site, identities: accounts.identities, audit: store, limit: limit,
            origin: WebOrigin(publicURL: settings.publicURL))
        routes =
            WebRoutes(
                accounts: AccountPages(accounts: accounts, keys: keys), choices: ChoicePages(),
                jobs: JobsPages(jobs: jobs, clock: store.clock),
                job: JobPages(jobs: jobs, runs: runs, counts: counts, clock: store.clock),
                editor: EditorPages(
                    jobs: jobs, tests: tests, actions: actions, store: store, counts: counts, clock: store.clock),
                run: RunPages(jobs: jobs, runs: runs, counts: counts, clock: store.clock),
                now: NowPages(jobs: jobs, runs: runs, nodes: store, clock: store.clock),
                cluster: ClusterPages(store: store, locks: settings.locks, node: node),
                manyJobs: ManyJobsPages(jobs: jobs, counts: counts),
                runs: RunsPages(jobs: jobs, runs: runs, clock: store.clock),
                calendar: CalendarPages(jobs: jobs, clock: store.clock),
                dead: DeadPages(jobs: jobs, runs: runs, counts: counts, clock: store.clock),
                used: UsedPages(used, clock: store.clock),
                live: LivePages(
                    events: events, outputs: outputs, clock: store.clock, identities: accounts.identities),
                people: WebPeople(accounts: accounts, store: store, settings: settings, node: node),
                assets: assets
            ).all
    }

    func add(to router: Router<APIContext>) {
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { [gate] request, context in
                try await gate.pass(route, request, context)
            }
        }
    }
}

// MARK: - What goes wrong before a page is found

extension Web {
    /// Whether somebody reads the answer, who has no use for JSON.
    func isForPeople(_ request: Request) -> Bool {
        !request.uri.path.hasPrefix("/api/") && request.headers[.accept]?.contains("text/html") == true
    }

    func page(of problem: Problem, _ request: Request, _ context: APIContext) async -> Response {
        await site.response(to: WebRequest(bare: request, context), problem: problem)
    }

    func methods(of path: String) -> [HTTPRequest.Method] {
        routes.filter { Route.matches($0.path, path) }.map(\.method)
    }
}
