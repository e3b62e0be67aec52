import CronModel
import CronStorePostgres
import CronStoreSQLite
import PostgresClient

/// Where a benchmark keeps its runs.
package enum BenchPlace: Sendable {
    /// A directory that does not exist yet.
    case directory(String)
    /// The URL of an empty database.
    case postgres(String)

    var isShared: Bool { if case .postgres = self { true } else { false } }

    /// A store for each node.
    func open(_ nodes: Int, clock: BenchClock) async throws -> [any Store] {
        switch self {
        case .directory(let path):
            guard nodes == 1 else { throw ConfigError("the embedded store serves one node") }
            _ = try DataDirectory(path: path)
            return [try SQLiteStore.open(path: path + "/cronpp.sqlite", clock: clock)]
        case .postgres(let url):
            let config = try PostgresConfig(url: url, pooling: .session)
            var stores: [any Store] = []
            for _ in 0..<nodes {
                stores.append(try await PostgresStore.open(config, system: clock, fixedClock: clock))
            }
            return stores
        }
    }
}
