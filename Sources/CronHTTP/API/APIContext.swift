import CronModel
package import Hummingbird
import Logging
import NIOCore

/// What belongs to one request besides its head and body.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The client's, or made for it; in the log and in every problem.
    var requestID = ""
    /// Whoever sent the request: the socket's other end, or the client behind a trusted proxy.
    var address: String
    /// Whether the client came by TLS, as far as is known.
    var isSecure = false
    let channel: any Channel

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "unknown"
        channel = source.channel
    }

    package var maxUploadSize: Int { RequestBodyLimit.bytes }
}
