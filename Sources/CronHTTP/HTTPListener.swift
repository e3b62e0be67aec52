package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore

extension HTTPServer {
    /// A connection on which nothing moves for this long is closed.
    private static let idleLimit = TimeAmount.seconds(75)
    private static let headerLimitBytes = 32 * 1_024

    /// The server on a socket, as a service: it ends with its group, after the requests under way are answered.
    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - onReady: told the port once connections are accepted.
    package func application(
        host: String, port: Int, logger: Logger, onReady: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: Self.headerLimitBytes, maxHeaderListSize: Self.headerLimitBytes,
            maxHeaderFieldCount: 200)
        return Application(
            router: router(),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: Self.idleLimit, httpDecoderConfiguration: decoder)),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) },
            logger: logger)
    }
}
