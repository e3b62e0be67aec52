package import CronModel
package import CronSchedule
package import NIOCore

/// The one way from a host that a user named to addresses that may be dialled, for everything that connects outwards:
/// webhooks, databases, mail servers, gateways. It knows none of them. Whoever connects does three things:
///
/// 1. **When a definition is saved**: reads the host as a `HostLiteral`, and refuses it if `refusal(of:)` says so. That
///    answers at once and from the text alone; names are not looked up, since what they mean may change.
/// 2. **At every attempt**: dials what `addresses(of:)` returns, in that order and as addresses. The name itself goes into
///    `Host`, SNI and the check of the certificate, never to a resolver: a second look-up is what rebinding waits for.
/// 3. **When connected**: asks `addresses.refusal(of:)` about the other end, before the first byte. That never refuses as
///    long as the client dials what it is told; a mistake there must not open private networks.
///
/// Redirects, proxies and referrals that the other end names are not followed: each would be a host to judge.
package final class OutboundHosts: Sendable {
    package let addresses: AddressGuard
    private let names: NameLookUp

    /// - Parameters:
    ///   - now: the system's clock.
    ///   - resolve: every address of a name; may block its thread.
    package init(
        addresses: AddressGuard, now: @escaping @Sendable () -> Instant,
        resolve: @escaping @Sendable (String) -> [IPAddress] = NameResolver.addresses
    ) {
        self.addresses = addresses
        names = NameLookUp(addresses: addresses, now: now, resolver: resolve)
    }

    /// The addresses to dial, all of them judged, never none; ends at once when its task is cancelled.
    /// - Throws: `AddressRefusal`, `UnresolvedName` or `CancellationError`.
    package func addresses(of host: HostLiteral) async throws -> [IPAddress] {
        if let refusal = addresses.refusal(of: host) { throw refusal }
        return switch host {
        case .address(let address): [address]
        case .name(let name): try await names.judgedAddresses(of: name)
        }
    }
}

/// A name that has no address, or about which nobody answers. May pass by itself.
package struct UnresolvedName: Error, Hashable, Sendable {
    package let name: String

    package var message: String { "the name \(name) could not be resolved" }
}
