import CronModel
package import HTTPTypes
import Hummingbird

/// One line of the route table.
package struct Route: Sendable {
    enum Access: Hashable, Sendable {
        case open
        /// Anybody who has signed in.
        case signedIn
        /// Whose role, and API key if there is one, allow it.
        case allowed(Permission)

        static func jobs(_ level: Permission.Level) -> Access { .allowed(Permission(.jobs, level)) }
        static func settings(_ level: Permission.Level) -> Access { .allowed(Permission(.settings, level)) }
        static func people(_ level: Permission.Level) -> Access { .allowed(Permission(.people, level)) }
        static func audit(_ level: Permission.Level) -> Access { .allowed(Permission(.audit, level)) }
    }

    package let method: HTTPRequest.Method
    /// With `{name}` for a part that varies.
    package let path: String
    let access: Access
    /// What clients are told of it.
    package let operation: Operation
    let handler: @Sendable (APIRequest) async throws -> Response

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ operation: Operation,
        _ handler: @escaping @Sendable (APIRequest) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.operation = operation
        self.handler = handler
    }

    /// How many parts of the path vary.
    var variables: Int { path.count { $0 == "{" } }

    func matches(_ path: String) -> Bool { Self.matches(self.path, path) }

    /// Whether a path fits one with `{name}` parts.
    static func matches(_ pattern: String, _ path: String) -> Bool {
        let parts = path.split(separator: "/")
        let pattern = pattern.split(separator: "/")
        return pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}

/// The routes, asked which methods a path has.
package struct RouteTable: Sendable {
    package let routes: [Route]

    func methods(of path: String) -> [HTTPRequest.Method] {
        let found = routes.filter { $0.matches(path) }
        // The router never looks further than the most literal path: `/jobs/bulk` is no job's id.
        let fewest = found.map(\.variables).min()
        let methods = found.filter { $0.variables == fewest }.map(\.method)
        return methods.contains(.get) ? methods + [.head] : methods
    }
}
