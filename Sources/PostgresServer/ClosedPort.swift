import Foundation

/// A loopback port that refuses connections.
package enum ClosedPort {
    /// It stays bound meanwhile, so that no other test is given it: a port whose server has gone may be the next server's.
    package static func hold<T>(_ body: (_ port: Int) async throws -> T) async throws -> T {
        let (descriptor, port) = try Socket.bound()
        defer { close(descriptor) }
        return try await body(port)
    }
}
