import CronModel
import CronSchedule
import Hummingbird

/// What this server is, without where its parts are.
struct AboutPages: Sendable {
    private let version: String
    private let store: String
    private let locks: String?
    private let node: @Sendable () -> NodeID

    init(version: String, store: String, locks: String?, node: @escaping @Sendable () -> NodeID) {
        self.version = version
        self.store = ClusterPages.kind(store)
        self.locks = locks.map(ClusterPages.kind)
        self.node = node
    }

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        var reader = request.query
        try reader.finish()
        let view = AboutPageView(
            version: version, tzdata: ZoneCatalog.version ?? "of a release that the machine does not name",
            store: store, locks: locks, node: node().description)
        return .page(WebPage(title: "About this server", template: "about", view: view, section: .settings))
    }
}

struct AboutPageView: Sendable {
    let version: String
    let tzdata: String
    let store: String
    let locks: String?
    let node: String
}
