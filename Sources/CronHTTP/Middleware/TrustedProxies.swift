package import CronModel
import HTTPTypes
import Hummingbird

/// Finds who really sent a request that came through proxies, for the login throttle and the log.
///
/// Anybody may send `X-Forwarded-For`, so it is read only on connections from a proxy that the operator named, and from
/// the right: each proxy appends the address that it saw, and the first one not of a trusted proxy is the client. What
/// stands left of it is the client's own invention.
package struct TrustedProxies: Hashable, Sendable {
    private let ranges: [NetworkRange]

    package static let none = TrustedProxies(ranges: [])

    package init(ranges: [NetworkRange]) {
        self.ranges = ranges
    }

    /// - Parameters:
    ///   - socket: the connection's other end.
    ///   - forwarded: the header as it came, or nil.
    func client(socket: String, forwarded: String?) -> String {
        guard let forwarded, var nearest = IPAddress(socket)?.unmapped, trust(nearest) else { return socket }
        for hop in forwarded.split(separator: ",", omittingEmptySubsequences: false).reversed() {
            // A hop that cannot be read hides everything left of it: the proxy that wrote it is the best that is known.
            guard let address = IPAddress(hop: hop) else { break }
            nearest = address
            guard trust(address) else { break }
        }
        return nearest.description
    }

    /// Whether the client reached the proxy by TLS, as far as that is to be believed.
    func isSecure(socket: String, scheme: String?) -> Bool {
        guard let scheme, let proxy = IPAddress(socket)?.unmapped else { return false }
        return trust(proxy) && scheme.lowercased() == "https"
    }

    private func trust(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }
}

extension IPAddress {
    /// An address as proxies write it: with blanks around it, and perhaps with a port.
    fileprivate init?(hop: Substring) {
        let hop = hop.trimmingPrefix { $0 == " " || $0 == "\t" }.reversed().trimmingPrefix { $0 == " " || $0 == "\t" }
        guard let address = IPAddress(Self.withoutPort(String(String(hop).reversed()))) else { return nil }
        // Sockets that listen on both families show `::ffff:10.0.0.1`.
        self = address.unmapped
    }

    private static func withoutPort(_ text: String) -> Substring {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return text.dropFirst()[..<end] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? parts[0] : text[...]
    }
}

/// Puts the client's address into the request's context, and whether it came by TLS.
struct ClientAddress: RouterMiddleware {
    let proxies: TrustedProxies
    /// The operator says that people reach this server by TLS only.
    let isSecurelyPublished: Bool

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.isSecure =
            isSecurelyPublished || proxies.isSecure(socket: context.address, scheme: request.headers[.xForwardedProto])
        // Several fields of one name count as one list.
        context.address = proxies.client(socket: context.address, forwarded: request.headers[.xForwardedFor])
        return try await next(request, context)
    }
}
