import HTTPTypes
import Hummingbird

/// Finds who really sent a request that came through proxies, for the login throttle and the log.
///
/// Anybody may send `X-Forwarded-For`, so it is read only on connections from a proxy that the operator named, and from
/// the right: each proxy appends the address that it saw, and the first one not of a trusted proxy is the client. What
/// stands left of it is the client's own invention.
package struct TrustedProxies: Hashable, Sendable {
    private let blocks: [AddressBlock]

    package static let none = TrustedProxies(blocks: [])

    package init(blocks: [AddressBlock]) {
        self.blocks = blocks
    }

    /// - Parameters:
    ///   - socket: the connection's other end.
    ///   - forwarded: the header as it came, or nil.
    func client(socket: String, forwarded: String?) -> String {
        guard let forwarded, var nearest = IPAddress(socket), trust(nearest) else { return socket }
        for hop in forwarded.split(separator: ",", omittingEmptySubsequences: false).reversed() {
            // A hop that cannot be read hides everything left of it: the proxy that wrote it is the best that is known.
            guard let address = IPAddress(hop: hop) else { break }
            nearest = address
            guard trust(address) else { break }
        }
        return nearest.text
    }

    private func trust(_ address: IPAddress) -> Bool { blocks.contains { $0.contains(address) } }
}

/// Puts the client's address into the request's context.
struct ClientAddress: RouterMiddleware {
    let proxies: TrustedProxies

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        // Several fields of one name count as one list.
        context.address = proxies.client(socket: context.address, forwarded: request.headers[.xForwardedFor])
        return try await next(request, context)
    }
}
