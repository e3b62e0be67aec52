import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// The nodes, and what they share.
struct ClusterPages: Sendable {
    static let region = "cluster-region"

    let store: any Store
    /// How nodes agree besides the store, for people.
    let locks: String?
    /// This process's incarnation.
    let node: @Sendable () -> NodeID

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        let times = TimeText(now: store.clock.now, choices: request.choices)
        let view = ClusterPageView(
            nodes: NodesView(try await store.nodes(), own: node(), times), store: Self.kind(store.description),
            locks: locks.map(Self.kind))
        return .page(
            WebPage(
                title: "Cluster", template: "cluster", view: view, regions: [Self.region], section: .cluster))
    }

    /// Without where it is, which is for those who run the server.
    static func kind(_ description: String) -> String {
        let kind = String(description.prefix { $0 != ":" && $0 != " " })
        return ["sqlite": "SQLite, in this process", "postgres": "PostgreSQL", "redis": "Redis", "store": "the store"][
            kind]
            ?? kind
    }
}

struct ClusterPageView: Sendable {
    let nodes: NodesView
    let store: String
    let locks: String?
}

/// Nodes as templates see them: those that live first, then the newest.
struct NodesView: Sendable {
    /// Nodes that are shown.
    static let shown = 50

    let rows: [NodeView]
    let hasRows: Bool
    let summary: String
    let hasLost: Bool
    let isCut: Bool

    /// - Parameter own: the one that answers.
    init(_ nodes: [Node], own: NodeID?, _ times: TimeText) {
        let inOrder = nodes.sorted { left, right in
            let (leftLives, rightLives) = (left.state(at: times.now) == .alive, right.state(at: times.now) == .alive)
            return leftLives == rightLives ? (left.startedAt, left.id) > (right.startedAt, right.id) : leftLives
        }
        rows = inOrder.prefix(Self.shown).map { NodeView($0, own: own, times) }
        hasRows = !rows.isEmpty
        isCut = nodes.count > Self.shown
        let alive = nodes.count { $0.state(at: times.now) == .alive }
        // One that was lost and came back is known by another id; what was lost long ago is history.
        let lost = nodes.count { $0.state(at: times.now) == .lost && $0.leaseUntil > times.now - Self.recent }
        hasLost = lost > 0
        summary =
            (alive == 1 ? "1 node is alive" : "\(alive) nodes are alive")
            + (lost > 0 ? ", \(lost) lost in the last hour" : "")
    }

    private static let recent = Span.hours(1)
}

struct NodeView: Sendable {
    let id: String
    let host: String
    let pid: String
    let version: String
    let state: StateView
    let started: TimeView
    /// How long it has lived.
    let uptime: String
    let lease: TimeView
    let isAlive: Bool
    let ended: TimeView?
    let isOwn: Bool

    init(_ node: Node, own: NodeID?, _ times: TimeText) {
        let state = node.state(at: times.now)
        id = node.id.description
        host = ShownText.line(node.host)
        pid = "\(node.pid)"
        version = ShownText.line(node.version)
        self.state = state.view
        started = times.view(node.startedAt, zone: "UTC")
        isAlive = state == .alive
        let end = isAlive ? times.now : min(node.deadAt ?? node.leaseUntil, node.leaseUntil)
        uptime = DurationText.coarse(end - node.startedAt)
        lease = times.view(node.leaseUntil, zone: "UTC")
        ended = node.deadAt.map { times.view($0, zone: "UTC") }
        isOwn = node.id == own
    }
}

extension Node {
    fileprivate enum Life {
        case alive
        /// It did not renew its lease.
        case lost
        /// It ended its lease itself.
        case stopped

        var view: StateView {
            switch self {
            case .alive: StateView(key: "success", word: "Alive")
            case .lost: StateView(key: "dead", word: "Lost")
            case .stopped: StateView(key: "finished", word: "Stopped")
            }
        }
    }

    fileprivate func state(at now: Instant) -> Life {
        if let deadAt { return deadAt == leaseUntil ? .stopped : .lost }
        return leaseUntil > now ? .alive : .lost
    }
}
